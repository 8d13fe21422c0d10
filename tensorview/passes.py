"""The passes of a trace: compiled functions around one recorded call of the model, and what is fetched from them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tensorview.compiling import Compiled
from tensorview.edges import flat_tensors
from tensorview.errors import TensorviewError, TraceError, first_line
from tensorview.recorder import Call, Recording

GROUP_BYTES = 1536 * 2**20
"""Activations that are held at once; deeper models are run several times, each time fetching one share of them."""
_MOST = 1 << 29
"""Numbers that one call may return for one sample: 2 GB in float32. A file of a few bytes can ask for any number."""
_SHARE = tf.TensorSpec([], tf.int32)


class Rider(Protocol):
    """Something that rides along on the pass of a trace, so that the model needs no second one: gradients, say.

    specs: of the arguments that it takes beside the model's inputs. first: the arguments of the first run.
    board: adds tensors to the graph, and may raise anything; then the pass goes on without it.
    """

    specs: Sequence[Any]
    first: Sequence[Any]

    def board(self, recording: Recording, *arguments: Any) -> dict[str, Any]: ...

    def leave(self, error: Exception) -> None: ...


class Passes:
    """Holds the compiled pass of one model and input, and which tensor is fetched by which run of it."""

    def __init__(self, model: Any, tensors: Any, specs: Any, rider: Rider | None = None) -> None:
        self.model, self.tensors, self.specs, self.rider = model, tensors, specs, rider
        self._ridden: dict[str, Any] | None = None
        self.plans: dict[str, Any] = {}
        self.masks: dict[str, int] = {}
        """The slots of the masks of those outputs that have one, by call."""
        self.share_of: list[int] = []
        self.outputs: Any = None
        self._dtypes: list[str] = []
        self._statics: list[Any] = []
        self.recording = self._first_pass()

    def _first_pass(self) -> Recording:
        kept: list[Recording] = []

        def function(recording: Recording, share: Any, *arguments: Any) -> Any:
            slots = self._plan(recording)
            kept.append(recording)
            result = {"outputs": recording.outputs, "slots": [t for _, t in slots]}
            if self.several:
                own = [tf.equal(share, i) for i in range(max(self.share_of) + 1)]
                result["slots"] = [_only(tensor, own[self.share_of[i]]) for i, tensor in slots]
            # What fills several shares is too large to hold gradients beside it.
            elif self.rider is not None:
                try:
                    result["rider"] = self.rider.board(recording, *arguments)
                except Exception as error:  # the activations are worth having without it
                    self.rider.leave(error)
            return result

        extra = self.rider.specs if self.rider is not None else ()
        try:
            self._pass = Compiled(self.model, self.tensors, self.specs, function, (_SHARE, *extra))
        except TensorviewError:
            raise
        except Exception as error:  # the model's own code may raise anything
            raise TraceError(f"the model could not be run: {first_line(error)}") from error
        return kept[-1]

    @property
    def several(self) -> bool:
        """Whether the activations are more than are held at once."""
        return max(self.share_of, default=0) > 0

    def _plan(self, recording: Recording) -> list[tuple[int, Any]]:
        """Give each distinct tensor a slot and each slot a share; the same tensor is fetched once."""
        self.plans, self.share_of, self._dtypes = {}, [], []
        slot_of: dict[int, int] = {}
        slots: list[tuple[int, Any]] = []
        share, filled = 0, 0
        batch = max((t.shape[0] for t in tf.nest.flatten(self.tensors) if t is not None and t.shape.rank), default=1)

        def slot(tensor: Any) -> int:
            nonlocal share, filled
            key = id(tensor)
            if key not in slot_of:
                size = batch * int(np.prod([d or 1 for d in _sizes(tensor.shape)[1:]] or [1])) * 4
                if filled and filled + size > GROUP_BYTES:
                    share, filled = share + 1, 0
                filled += size
                slot_of[key] = len(slots)
                slots.append((len(slots), tensor))
                self.share_of.append(share)
            return slot_of[key]

        for call in (*recording.calls, *recording.groups):
            _check_size(call)
            self.plans[call.id] = map_tensors(call.output, slot)
        self.masks = {call.id: slot(call.mask) for call in recording.calls if call.mask is not None}
        self._statics = [tensor.shape for _, tensor in slots]
        self._dtypes = [tensor.dtype.name for _, tensor in slots]
        self._known: dict[int, tuple[int, ...]] = {}
        self._batch = batch
        return slots

    def fetch(self, share: int) -> dict[int, np.ndarray]:
        """The values of one share of the slots, by running the model once. -1: of none, for the outputs alone."""
        arguments = self.rider.first if self.rider is not None else ()
        try:
            result = self._pass(*tf.nest.flatten(self.tensors), tf.constant(share), *arguments)
        except (TensorviewError, tf.errors.OpError) as error:
            if self.rider is not None:
                self.rider.leave(error)
                self.rider = None
                self.recording = self._first_pass()
                return self.fetch(share)
            raise TraceError(f"the model could not be run: {first_line(error)}") from error
        self._ridden = result.get("rider", self._ridden)
        if "outputs" in result:
            self.outputs = map_tensors(result["outputs"], numpy)
        members = [i for i, other in enumerate(self.share_of) if other == share]
        values = {i: numpy(result["slots"][i]) for i in members}
        self._known.update({i: array.shape for i, array in values.items()})
        return values

    def again(self, tensors: Any, specs: Any) -> Passes | None:
        """The same compiled pass over other inputs, not fetched yet. None where it holds for its own inputs alone."""
        if not self._pass.open_batch or _specs(specs) != _specs(self.specs):
            return None
        other = copy.copy(self)
        other.tensors, other.rider, other._ridden, other._known = tensors, None, None, {}
        other._batch = max((t.shape[0] for t in tf.nest.flatten(tensors) if t is not None and t.shape.rank), default=1)
        return other

    def ride(self, *arguments: Any) -> dict[str, Any] | None:
        """The rider's tensors as NumPy arrays, for these arguments. The first run's come without another run."""
        if self.rider is None or self._ridden is None:
            return None
        if all(a is b for a, b in zip(arguments, self.rider.first, strict=True)):
            found = self._ridden
        else:
            found = self._pass(*tf.nest.flatten(self.tensors), tf.constant(0), *arguments)["rider"]
        return tf.nest.map_structure(numpy, found)  # type: ignore[no-any-return]

    def shape(self, slot: int) -> tuple[int, ...]:
        """This run's shape; for what is not fetched yet, the traced one with the batch put in."""
        if slot in self._known:
            return self._known[slot]
        return tuple(self._batch if d is None else d for d in _sizes(self._statics[slot]))

    def dtype(self, slot: int) -> str:
        return self._dtypes[slot]


def _check_size(call: Call) -> None:
    """Refuses what is too large to be shown before it takes memory."""
    for tensor in flat_tensors(call.output):
        numbers = math.prod(size or 1 for size in _sizes(tensor.shape)[1:])
        if numbers > _MOST:
            raise TraceError(
                f"layer call {call.id[:80]!r} returns {numbers:,} numbers a sample, more than {_MOST:,} are not held; "
                "give a smaller input, or leave the layer out"
            )


def _sizes(shape: Any) -> list[int | None]:
    """The sizes of a traced shape; none where only a run tells how many axes there are."""
    return shape.as_list() if shape.rank is not None else []


def _specs(specs: Any) -> list[Any]:
    return [None if spec is None else (tuple(spec.shape), spec.dtype) for spec in tf.nest.flatten(specs)]


def _only(tensor: Any, own: Any) -> Any:
    """A tensor in the run that fetches its share, and an empty one in the others, which needn't hold it then. (A slice
    of no rows would keep all of them alive.)"""
    _, chosen = tf.raw_ops.Switch(data=tensor, pred=own)
    empty, _ = tf.raw_ops.Switch(data=tf.zeros([0], tensor.dtype), pred=own)
    return tf.raw_ops.Merge(inputs=[empty, chosen]).output


def map_slots(plan: Any, function: Callable[[int], Any]) -> Any:
    if isinstance(plan, dict):
        return {key: map_slots(value, function) for key, value in plan.items()}
    if isinstance(plan, tuple | list):
        return tuple(map_slots(value, function) for value in plan)
    return function(plan) if isinstance(plan, int) else None


def map_tensors(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Tuples, lists (as tuples) and dicts kept; tensors mapped, anything else dropped to None."""
    if isinstance(structure, dict):
        return {key: map_tensors(value, function) for key, value in structure.items()}
    if isinstance(structure, tf.SparseTensor):
        return function(_once(structure, lambda: tf.sparse.to_dense(structure)))
    if isinstance(structure, tf.RaggedTensor):
        return function(_once(structure, structure.to_tensor))
    if isinstance(structure, tuple | list):
        mapped = [map_tensors(value, function) for value in structure]
        return mapped if isinstance(structure, list) else tuple(mapped)
    return function(structure) if tf.is_tensor(structure) else None


def _once(composite: Any, dense: Callable[[], Any]) -> Any:
    """The dense form of a composite tensor, made once, so that it has one slot."""
    if not hasattr(composite, "_tensorview_dense"):
        composite._tensorview_dense = dense()
    return composite._tensorview_dense


def numpy(tensor: Any) -> np.ndarray:
    """A tensor's values as a read-only array over TensorFlow's own memory: a copy costs more than the forward pass."""
    array = np.asarray(tensor)
    array.setflags(write=False)
    return array
