"""Runs a model once and keeps everything that happened: the graph of layer calls and what each of them returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from tensorview.deep import run_deep
from tensorview.errors import BackendError, InputError, TraceError
from tensorview.graph import Group, Node
from tensorview.intact import assigned_variables, intact, same_state
from tensorview.oneoff import unoptimised
from tensorview.recorder import Call, Recording, record

T = TypeVar("T")

GROUP_BYTES = 768 * 2**20
"""Activations that are held at once; deeper models are run several times, each time fetching one share of them."""


class Trace:
    """One run of a model. Made by `trace`.

    nodes: leaf calls, opaque wrappers and inputs, in call order. edges: pairs of node ids. groups: calls that contain
    nodes. outputs: what the model returned, as NumPy arrays in the model's own structure. output_ids: the node that
    each flattened output came from. notes: what a reader must know to trust the rest.
    """

    def __init__(self, model: Any, inputs: Any, runner: _Runner) -> None:
        self.model = model
        self.inputs = inputs
        self._runner = runner
        self._shares: dict[int, dict[int, np.ndarray]] = {}
        recording = runner.recording
        self._calls = {call.id: call for call in (*recording.calls, *recording.groups)}
        first = runner.fetch(0)
        self._shares[0] = first
        self.outputs = runner.outputs
        self.output_ids = recording.output_ids
        self.output_names = recording.output_names
        self.input_ids = tuple(recording.inputs)
        self.edges = recording.edges
        self.notes = recording.notes
        self.nodes = tuple(Node(**self._facts(call)) for call in recording.calls)
        self.groups = tuple(Group(**self._facts(call)) for call in recording.groups)

    def _facts(self, call: Call) -> dict[str, Any]:
        plan = self._runner.plans[call.id]
        if isinstance(plan, int):
            shape: Any = self._runner.shape(plan)
            dtype: Any = self._runner.dtype(plan)
        else:
            shape = _map_slots(plan, self._runner.shape)
            dtype = _map_slots(plan, self._runner.dtype)
        own = {name: getattr(call, name) for name in ("id", "layer", "class_name", "call", "group")}
        return {**own, "shape": shape, "dtype": dtype}

    def activation(self, id: str) -> Any:
        """What this node or group returned: an array with the batch first, or a tuple or dict of such.

        Raises TraceError for an unknown id. Sparse tensors come dense, ragged ones padded with zeros.
        """
        if id not in self._calls:
            self._runner.recording.find(id)
            raise TraceError(f"there is no node or group {id!r}; ids are those of Trace.nodes and Trace.groups")
        return _map_slots(self._runner.plans[id], self._value)

    def _value(self, slot: int) -> np.ndarray:
        share = self._runner.share_of[slot]
        if share not in self._shares:
            # One share at a time beside the first: that is what keeps the peak low.
            self._shares = {0: self._shares[0]} if 0 in self._shares else {}
            self._shares[share] = self._runner.fetch(share)
        return self._shares[share][slot]

    def layer_of(self, id: str) -> Any:
        """The Keras layer or operation behind a node or group; None for an input."""
        return self._calls[id].keras_layer if id in self._calls else self._runner.recording.find(id).keras_layer


def trace(model: Any, inputs: Any) -> Trace:
    """Run `model` on `inputs` once, in inference mode, and record it.

    inputs: an array (N, ...), or a list or dict of arrays as the model takes them, in the model's own range.
    The model is left as it was. Raises InputError for inputs that don't fit, TraceError for a model that can't run.
    """
    tensors, specs = prepare(model, inputs)
    arrays = tf.nest.map_structure(lambda tensor: None if tensor is None else _numpy(tensor), tensors)

    def run() -> Trace:
        return Trace(model, arrays, _Runner(model, tensors, specs))

    return with_deep_stack(model, run)


DYNAMIC = {2: 32, 3: 224, 4: 16}
"""Sizes that open dimensions take where no input says them, by the number of axes behind the batch."""


def outline(model: Any) -> Trace:
    """The graph of `model` without a run: shapes for one sample, open sizes filled in and said in the notes.

    Raises TraceError for a model that doesn't tell what it takes (a subclassed model that was never called).
    """
    expected = getattr(model, "inputs", None) or None
    if not expected:
        raise TraceError(
            f"{type(model).__name__} {model.name!r} doesn't say what input it takes, so it can only be shown on one; "
            "give an input"
        )

    def zeros(tensor: Any) -> Any:
        sizes = [DYNAMIC.get(len(tensor.shape) - 1, 16) if d is None else d for d in tensor.shape[1:]]
        return np.zeros([tensor.shape[0] or 1, *sizes], "str" if tensor.dtype == "string" else tensor.dtype)

    made = trace(model, {str(t.name): zeros(t) for t in expected} if len(expected) > 1 else zeros(expected[0]))
    if any(d is None for tensor in expected for d in tensor.shape[1:]):
        shapes = ", ".join(f"{t.name} {zeros(t).shape[1:]}" for t in expected)
        made.notes = (*made.notes, f"The model takes inputs of any size; shapes are those for {shapes}.")
    return made


# Preparing inputs ---------------------------------------------------------------------------------------------------


def prepare(model: Any, inputs: Any) -> tuple[Any, Any]:
    """Inputs as tensors in the structure that the model takes, and their TensorSpecs with an open batch dimension.

    Builds the model by one eager call where it isn't built yet. Raises InputError that says which shape was expected.
    """
    if keras.backend.backend() != "tensorflow":
        raise BackendError(
            f"tensorview needs Keras on TensorFlow, but Keras runs on {keras.backend.backend()}; "
            "set KERAS_BACKEND=tensorflow before Python starts"
        )
    expected = getattr(model, "inputs", None) or None
    tensors = _fit(inputs, model, expected) if expected else tf.nest.map_structure(_tensor, inputs)
    sizes = {int(t.shape[0]) for t in tf.nest.flatten(tensors) if t is not None and t.shape.rank}
    if len(sizes) > 1:
        raise InputError(f"all inputs need the same number of samples, but they have {sorted(sizes)}")
    if not getattr(model, "built", True) or any(not layer.built for layer in model._flatten_layers()):
        _call_eagerly(model, tensors)

    def spec(tensor: Any) -> Any:
        if tensor is None:
            return None
        shape = tensor.shape.as_list()
        return tf.TensorSpec([None, *shape[1:]] if shape else [], tensor.dtype)

    specs = tf.nest.map_structure(spec, tensors)
    if expected:
        flat = [
            tf.TensorSpec([model_input.shape[0], *s.shape[1:]], s.dtype) if s is not None else None
            for s, model_input in zip(tf.nest.flatten(specs), expected, strict=True)
        ]
        specs = tf.nest.pack_sequence_as(specs, flat)
    return tensors, specs


def _call_eagerly(model: Any, tensors: Any) -> None:
    try:
        model(tensors, training=False)
    except Exception as error:
        raise TraceError(f"the model could not be called on this input: {_first_line(error)}") from error


def _tensor(value: Any, dtype: Any = None) -> Any:
    if value is None:
        return None
    try:
        if tf.is_tensor(value):
            return tf.cast(value, dtype) if dtype else value
        array = np.asarray(value)
        if array.dtype == np.float64 and dtype is None:
            dtype = "float32"
        return tf.convert_to_tensor(array.astype(dtype) if dtype and dtype != "string" else array)
    except (TypeError, ValueError) as error:
        raise InputError(f"an input of type {type(value).__name__} is no array of numbers: {error}") from error


def _fit(inputs: Any, model: Any, expected: Sequence[Any]) -> Any:
    """Inputs in the structure, order, dtype and rank that a Functional model declares."""
    structure = getattr(model, "_inputs_struct", None)
    if structure is None:
        structure = expected[0] if len(expected) == 1 else list(expected)
    names = [str(tensor.name) for tensor in expected]
    if isinstance(inputs, dict) and not isinstance(structure, dict):
        if set(inputs) != set(names):
            raise InputError(f"the model's inputs are named {', '.join(names)}, but {', '.join(map(str, inputs))} came")
        values = [inputs[name] for name in names]
    else:
        if isinstance(inputs, list | tuple) and len(expected) == 1 and len(inputs) != 1:
            inputs = np.asarray(inputs)
        if isinstance(inputs, dict) and isinstance(structure, dict) and set(inputs) != set(structure):
            if set(inputs) != set(names):
                raise InputError(
                    f"the model's inputs are named {', '.join(structure)}, but {', '.join(map(str, inputs))} came"
                )
            values = [inputs[name] for name in names]
        else:
            values = tf.nest.flatten(inputs)
    if len(values) != len(expected):
        raise InputError(f"the model takes {len(expected)} inputs ({', '.join(names)}), but {len(values)} came")
    tensors = [_fit_one(value, tensor) for value, tensor in zip(values, expected, strict=True)]
    return tf.nest.pack_sequence_as(keras.tree.map_structure(lambda _: 0, structure), tensors)


def _fit_one(value: Any, expected: Any) -> Any:
    if value is None:
        return None
    tensor = _tensor(value, expected.dtype)
    wanted, shape = tuple(expected.shape), tuple(tensor.shape)
    fits = len(wanted) == len(shape) and all(w is None or w == s for w, s in zip(wanted, shape, strict=True))
    if not fits:
        if wanted[1:] and len(shape) == len(wanted) - 1:
            hint = "; put the batch first, even for one sample: array[None]"
        elif len(wanted) == len(shape) and wanted[0] is not None and wanted[0] != shape[0]:
            hint = f"; the model was built for batches of exactly {wanted[0]}"
        else:
            hint = ""
        text = "(" + ", ".join("any" if w is None else str(w) for w in wanted) + ")"
        raise InputError(f"input {expected.name!r} needs an array of shape {text}, but {shape} came{hint}")
    return tensor


def input_names(model: Any, tensors: Any) -> tuple[str, ...]:
    """A name for each flattened input of the model."""
    expected = getattr(model, "inputs", None) or None
    if expected:
        return tuple(str(tensor.name) for tensor in expected)
    paths = [".".join(str(part) for part in path) for path, _ in keras.tree.flatten_with_path(tensors)]
    return tuple(path if path and not path.isdigit() else f"input_{path}" if path else "input" for path in paths)


# Tracing ------------------------------------------------------------------------------------------------------------


def compiled(
    model: Any, specs: Any, function: Callable[..., Any], extra_specs: Iterable[Any] = ()
) -> Callable[..., Any]:
    """Trace `function(recording, *extra)` around one recorded call of `model`; the result runs it.

    specs: the model's input structure of TensorSpecs, as `prepare` gives it. The returned callable takes the flattened
    input tensors and the extra ones, and returns what `function` returned, as tensors. While tracing and running, the
    model's attributes and states are guarded.
    """
    flat = tf.nest.flatten(specs)
    present = [i for i, spec in enumerate(flat) if spec is not None]
    names = input_names(model, specs)

    def traced(*args: Any) -> Any:
        values: list[Any] = [None] * len(flat)
        for position, i in enumerate(present):
            values[i] = args[position]
        recording = record(model, tf.nest.pack_sequence_as(specs, values), names)
        return function(recording, *args[len(present) :])

    with intact(model):
        concrete = tf.function(traced, autograph=False).get_concrete_function(*[flat[i] for i in present], *extra_specs)
    variables = assigned_variables(concrete.graph)

    def run(*args: Any) -> Any:
        with same_state(variables), unoptimised():
            return concrete(*[arg for arg in args if arg is not None])

    return run


class _Runner:
    """Holds the compiled passes of one model and input: which tensor is fetched by which pass."""

    def __init__(self, model: Any, tensors: Any, specs: Any) -> None:
        self.model, self.tensors, self.specs = model, tensors, specs
        self.plans: dict[str, Any] = {}
        self.share_of: list[int] = []
        self.outputs: Any = None
        self._shapes: list[tuple[int, ...]] = []
        self._dtypes: list[str] = []
        self._statics: list[Any] = []
        self._passes: dict[int, Callable[..., Any]] = {}
        self._eager: dict[int, np.ndarray] | None = None
        self.recording = self._first_pass()

    def _first_pass(self) -> Recording:
        kept: list[Recording] = []

        def function(recording: Recording) -> Any:
            slots = self._plan(recording)
            kept.append(recording)
            return {"outputs": recording.outputs, "slots": [t for i, t in slots if self.share_of[i] == 0]}

        concrete = tf.nest.map_structure(
            lambda spec, tensor: None if spec is None else tf.TensorSpec(tensor.shape, tensor.dtype),
            self.specs, self.tensors,
        )  # fmt: skip
        for specs in (self.specs, concrete):
            kept.clear()
            try:
                self._passes[0] = compiled(self.model, specs, function)
            except Exception:
                # Data-dependent Python, layers that need the batch size, code that no graph can hold: anything may be
                # raised here. What is really wrong with the model or its input is raised again by the eager run.
                continue
            self.specs = specs
            return kept[0]
        return self._record_eagerly()

    def _record_eagerly(self) -> Recording:
        names = input_names(self.model, self.tensors)
        variables = [*self.model.non_trainable_variables]
        with intact(self.model), same_state([v.value for v in variables]):
            try:
                recording = record(self.model, self.tensors, names)
            except Exception as error:
                raise TraceError(f"the model could not be run: {_first_line(error)}") from error
        slots = self._plan(recording)
        self.share_of = [0] * len(slots)
        self._eager = {i: _numpy(tensor) for i, tensor in slots}
        self.outputs = _map_tensors(recording.outputs, _numpy)
        return recording

    def _plan(self, recording: Recording) -> list[tuple[int, Any]]:
        """Give each distinct tensor a slot and each slot a share; the same tensor is fetched once."""
        self.plans, self.share_of, self._shapes, self._dtypes = {}, [], [], []
        slot_of: dict[int, int] = {}
        slots: list[tuple[int, Any]] = []
        share, filled = 0, 0
        batch = max((t.shape[0] for t in tf.nest.flatten(self.tensors) if t is not None and t.shape.rank), default=1)

        def slot(tensor: Any) -> int:
            nonlocal share, filled
            key = id(tensor)
            if key not in slot_of:
                size = batch * int(np.prod([d or 1 for d in (tensor.shape.as_list() or [])[1:]] or [1])) * 4
                if filled and filled + size > GROUP_BYTES:
                    share, filled = share + 1, 0
                filled += size
                slot_of[key] = len(slots)
                slots.append((len(slots), tensor))
                self.share_of.append(share)
            return slot_of[key]

        for call in (*recording.calls, *recording.groups):
            self.plans[call.id] = _map_tensors(call.output, slot)
        self._statics = [tensor.shape for _, tensor in slots]
        self._dtypes = [tensor.dtype.name for _, tensor in slots]
        self._known: dict[int, tuple[int, ...]] = {}
        self._batch = batch
        return slots

    def fetch(self, share: int) -> dict[int, np.ndarray]:
        """The values of one share of the slots, by running the model once."""
        if self._eager is not None:
            self._known.update({i: array.shape for i, array in self._eager.items()})
            return self._eager
        if share not in self._passes:

            def function(recording: Recording) -> Any:
                return {"slots": [t for i, t in self._plan(recording) if self.share_of[i] == share]}

            self._passes[share] = compiled(self.model, self.specs, function)
        try:
            result = self._passes[share](*tf.nest.flatten(self.tensors))
        except tf.errors.OpError as error:
            raise TraceError(f"the model could not be run: {_first_line(error)}") from error
        if "outputs" in result:
            self.outputs = _map_tensors(result["outputs"], _numpy)
        members = [i for i, other in enumerate(self.share_of) if other == share]
        values = {i: _numpy(tensor) for i, tensor in zip(members, result["slots"], strict=True)}
        self._known.update({i: array.shape for i, array in values.items()})
        return values

    def shape(self, slot: int) -> tuple[int, ...]:
        """This run's shape; for what is not fetched yet, the traced one with the batch put in."""
        if slot in self._known:
            return self._known[slot]
        return tuple(self._batch if d is None else d for d in self._statics[slot].as_list())

    def dtype(self, slot: int) -> str:
        return self._dtypes[slot]


def _map_slots(plan: Any, function: Callable[[int], Any]) -> Any:
    if isinstance(plan, dict):
        return {key: _map_slots(value, function) for key, value in plan.items()}
    if isinstance(plan, tuple | list):
        return tuple(_map_slots(value, function) for value in plan)
    return function(plan) if isinstance(plan, int) else None


def _map_tensors(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Tuples, lists (as tuples) and dicts kept; tensors mapped, anything else dropped to None."""
    if isinstance(structure, dict):
        return {key: _map_tensors(value, function) for key, value in structure.items()}
    if isinstance(structure, tf.SparseTensor):
        return function(_once(structure, lambda: tf.sparse.to_dense(structure)))
    if isinstance(structure, tf.RaggedTensor):
        return function(_once(structure, structure.to_tensor))
    if isinstance(structure, tuple | list):
        mapped = [_map_tensors(value, function) for value in structure]
        return mapped if isinstance(structure, list) else tuple(mapped)
    return function(structure) if tf.is_tensor(structure) else None


def _once(composite: Any, dense: Callable[[], Any]) -> Any:
    """The dense form of a composite tensor, made once, so that it has one slot."""
    if not hasattr(composite, "_tensorview_dense"):
        composite._tensorview_dense = dense()
    return composite._tensorview_dense


def _numpy(tensor: Any) -> np.ndarray:
    array = np.asarray(tensor.numpy() if hasattr(tensor, "numpy") else tensor)
    array.setflags(write=False)
    return array


def _first_line(error: BaseException) -> str:
    text = " ".join(line.strip() for line in str(error).strip().splitlines() if line.strip())
    return (text[:300] + "…" if len(text) > 300 else text) or type(error).__name__


# Deep models --------------------------------------------------------------------------------------------------------


def with_deep_stack(model: Any, function: Callable[[], T]) -> T:
    """Run `function`; for a model of many layers with room for deep recursion and with this thread's Keras state."""
    if len(model._flatten_layers()) < 200:
        return function()
    from keras.src.backend.common import global_state

    keras_state = dict(vars(global_state.GLOBAL_STATE_TRACKER))

    def work() -> T:
        vars(global_state.GLOBAL_STATE_TRACKER).update(keras_state)
        return function()

    return run_deep(work)
