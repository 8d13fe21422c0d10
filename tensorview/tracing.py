"""Runs a model once and keeps everything that happened: the graph of layer calls and what each of them returned."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.deep import with_deep_stack
from tensorview.edges import flat_tensors
from tensorview.errors import TraceError
from tensorview.graph import Group, Node
from tensorview.passes import Passes, Rider, map_slots, numpy
from tensorview.preparing import prepare, require_model
from tensorview.rawops import UNCHANGED, VALUE_BY_VALUE
from tensorview.recorder import Call


class Trace:
    """One run of a model. Made by `trace`.

    nodes: leaf calls, opaque wrappers and inputs, in call order. edges: pairs of node ids. groups: calls that contain
    nodes. outputs: what the model returned, as NumPy arrays in the model's own structure. output_ids: the node that
    each flattened output came from. notes: what a reader must know to trust the rest.
    """

    def __init__(self, model: Any, inputs: Any, passes: Passes) -> None:
        self.model = model
        self.inputs = inputs
        self._passes = passes
        self._shares: dict[int, dict[int, np.ndarray]] = {}
        recording = passes.recording
        self._owners = {id(t): call.id for call in recording.calls for t in flat_tensors(call.output)}
        self._calls = {call.id: call for call in (*recording.calls, *recording.groups)}
        first = -1 if passes.several else 0
        self._shares[first] = passes.fetch(first)
        self.outputs = passes.outputs
        self.output_ids = recording.output_ids
        self.output_names = recording.output_names
        self.input_ids = tuple(recording.inputs)
        self.edges = recording.edges
        self.notes = recording.notes
        self.nodes = tuple(Node(**self._facts(call), scores=call.scores) for call in recording.calls)
        self.groups = tuple(Group(**self._facts(call)) for call in recording.groups)

    def _facts(self, call: Call) -> dict[str, Any]:
        plan = self._passes.plans[call.id]
        if isinstance(plan, int):
            shape: Any = self._passes.shape(plan)
            dtype: Any = self._passes.dtype(plan)
        else:
            shape = map_slots(plan, self._passes.shape)
            dtype = map_slots(plan, self._passes.dtype)
        own = {name: getattr(call, name) for name in ("id", "layer", "class_name", "call", "group")}
        return {**own, "shape": shape, "dtype": dtype}

    def again(self, inputs: Any) -> Trace:
        """The run of the same model on other inputs. Where they have the shapes of these and nothing in the model
        decides by values, nothing is traced anew; a trace with a rider comes without it."""
        tensors, specs = prepare(self.model, inputs)
        passes = self._passes.again(tensors, specs) if self._passes.rider is None else None
        if passes is None:
            return trace(self.model, inputs)
        arrays = tf.nest.map_structure(lambda tensor: None if tensor is None else numpy(tensor), tensors)
        return with_deep_stack(self.model, lambda: Trace(self.model, arrays, passes))

    def activation(self, id: str) -> Any:
        """What this node or group returned: an array with the batch first, or a tuple or dict of such.

        Raises TraceError for an unknown id. Sparse tensors come dense, ragged ones padded with zeros.
        """
        if id not in self._calls:
            self._passes.recording.find(id)
            raise TraceError(f"there is no node or group {id!r}; ids are those of Trace.nodes and Trace.groups")
        return map_slots(self._passes.plans[id], self._value)

    def _value(self, slot: int) -> np.ndarray:
        share = self._passes.share_of[slot]
        if share not in self._shares:
            self._shares = {}  # one share at a time: that is what keeps the peak low
            self._shares[share] = self._passes.fetch(share)
        return self._shares[share][slot]

    def mask(self, id: str) -> np.ndarray | None:
        """Keras's mask of what this node returned: booleans, batch first, False where later layers pass over (padded
        steps of a sequence). None where there is none."""
        slot = self._passes.masks.get(id)
        return None if slot is None else self._value(slot)

    def masked(self, id: str) -> bool:
        """Whether Keras put a mask on what this node returned."""
        return id in self._passes.masks

    def given(self, id: str) -> tuple[tuple[int | None, ...], ...]:
        """The shapes of the tensors and constant arrays that a call was given, batch included, in the order in which it
        takes them."""
        given = tf.nest.flatten(self._calls[id].arguments, expand_composites=True)
        return tuple(
            tuple(array.shape)
            for array in given
            if (array.shape.rank if tf.is_tensor(array) else isinstance(array, np.ndarray) and array.ndim)
        )

    def called(self, id: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call, in order and by name."""
        args, kwargs = self._calls[id].arguments
        return args, kwargs

    def origins(self, id: str) -> list[tuple[str, ...] | None]:
        """For each tensor that a call was given, the calls that it comes from, straight or by operations that work
        value by value; None for one that something else has reworked on the way."""
        return [self._origin(tensor) for tensor in flat_tensors(self._calls[id].arguments)]

    def sources(self, id: str) -> list[str | None]:
        """For each tensor that a call was given, the call whose shown output it is, value for value; None for one that
        something else has worked on in between."""
        return [self._source(tensor) for tensor in flat_tensors(self._calls[id].arguments)]

    def _source(self, tensor: Any) -> str | None:
        while builtins.id(tensor) not in self._owners:
            if not tf.is_symbolic_tensor(tensor) or tensor.op.type not in UNCHANGED:  # a constant is no call's
                return None
            [tensor] = tensor.op.inputs
        owner = self._owners[builtins.id(tensor)]
        return owner if next(flat_tensors(self._calls[owner].output), None) is tensor else None

    def _origin(self, tensor: Any) -> tuple[str, ...] | None:
        found: dict[str, None] = {}
        todo, seen = [tensor], set()
        while todo:
            one = todo.pop()
            if builtins.id(one) in seen:
                continue
            seen.add(builtins.id(one))
            owner = self._owners.get(builtins.id(one))
            if owner is not None:
                found.setdefault(owner)
            elif not tf.is_symbolic_tensor(one):
                continue  # a constant
            elif one.op.type not in VALUE_BY_VALUE:
                return None
            else:
                todo.extend(one.op.inputs)
        return tuple(found)

    @property
    def several(self) -> bool:
        """Whether the activations are more than are held at once."""
        return self._passes.several

    def ride(self, *arguments: Any) -> dict[str, Any] | None:
        """What the rider's tensors are for these arguments; None where it could not ride along."""
        return self._passes.ride(*arguments)

    def layer_of(self, id: str) -> Any:
        """The Keras layer or operation behind a node or group; None for an input."""
        return self._calls[id].keras_layer if id in self._calls else self._passes.recording.find(id).keras_layer


def trace(model: Any, inputs: Any, rider: Rider | None = None) -> Trace:
    """Run `model` on `inputs` once, in inference mode, and record it.

    inputs: an array (N, ...), or a list or dict of arrays as the model takes them, in the model's own range.
    rider: what else is to be computed in the same pass. The model is left as it was.
    Raises InputError for inputs that don't fit, TraceError for a model that can't run.
    """
    tensors, specs = prepare(model, inputs)
    arrays = tf.nest.map_structure(lambda tensor: None if tensor is None else numpy(tensor), tensors)

    def run() -> Trace:
        return Trace(model, arrays, Passes(model, tensors, specs, rider))

    return with_deep_stack(model, run)


DYNAMIC = {2: 32, 3: 224, 4: 16}
"""Sizes that open dimensions take where no input says them, by the number of axes behind the batch."""


def outline(model: Any) -> Trace:
    """The graph of `model` without a run: shapes for one sample, open sizes filled in and said in the notes.

    Raises TraceError for a model that doesn't tell what it takes (a subclassed model that was never called).
    """
    require_model(model)
    expected = getattr(model, "inputs", None) or None
    if not expected:
        raise TraceError(
            f"{type(model).__name__} {model.name!r} doesn't say what input it takes, so it can only be shown on one; "
            "give an input"
        )

    def zeros(tensor: Any, part: int) -> Any:
        sizes = [max(1, DYNAMIC.get(len(tensor.shape) - 1, 16) // part) if d is None else d for d in tensor.shape[1:]]
        return np.zeros([tensor.shape[0] or 1, *sizes], "str" if tensor.dtype == "string" else tensor.dtype)

    def attempt(part: int) -> Trace:
        return trace(model, [zeros(t, part) for t in expected] if len(expected) > 1 else zeros(expected[0], part))

    if not any(d is None for tensor in expected for d in tensor.shape[1:]):
        return attempt(1)
    used, made = _first(attempt, (1, 2, 4, 16))  # some take only short texts, as those with learned places
    shapes = ", ".join(f"{t.name} {zeros(t, used).shape[1:]}" for t in expected)
    made.notes = (*made.notes, f"The model takes inputs of any size; shapes are those for {shapes}.")
    return made


def _first(attempt: Callable[[int], Trace], parts: tuple[int, ...]) -> tuple[int, Trace]:
    """The first of these that can be traced; where none can, the error of the first."""
    try:
        return parts[0], attempt(parts[0])
    except TraceError:
        for part in parts[1:]:
            with contextlib.suppress(TraceError):
                return part, attempt(part)
        raise
