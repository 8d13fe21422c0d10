"""Records one call of a model as a graph of layer calls.

Nodes are calls, not layers: a shared layer called three times is three nodes. Nesting comes from the call stack; edges
from the traced TensorFlow graph: from each call's output tensors back through raw operations until tensors of other
calls are met. The model is neither cloned nor changed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from tensorview import attention, decisions, inlining, remarks, watch
from tensorview.edges import Owners, flat_tensors
from tensorview.errors import TraceError, near
from tensorview.naming import Names, without_counter
from tensorview.transcript import Reading, Transcript

__all__ = ["OPAQUE", "Call", "Recording", "flat_tensors", "output_names", "record", "record_eagerly", "timed"]

OPAQUE = (keras.layers.RNN, keras.layers.Bidirectional, keras.layers.TimeDistributed)
"""Layers that call their inner layers in a loop: those calls belong to an inner graph and are not nodes."""
ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
"""Layers whose inner ones Keras names itself: the counters of those names say nothing and change from load to load."""


@dataclass(slots=True, eq=False)
class Call:
    """One recorded call. `output` is the structure of tensors that it returned; `keras_layer` is None for inputs."""

    id: str
    layer: str
    class_name: str
    call: int
    group: str | None
    keras_layer: Any
    output: Any = None
    arguments: tuple[Any, ...] = ()
    children: int = 0
    first: int = 0
    last: int = 0
    """The operations of the graph that it made: from `first` up to `last`."""
    mask: Any = None
    """Keras's mask of its output: a tensor of booleans, False where later layers are to pass over."""
    scores: bool = False
    """Its output is the scores of an attention: by head, query and key."""
    seconds: float = 0.0


@dataclass(slots=True)
class Recording:
    """What `record` saw: leaf calls and inputs in call order, groups, edges, the model's outputs."""

    calls: tuple[Call, ...]
    groups: tuple[Call, ...]
    edges: tuple[tuple[str, str], ...]
    inputs: dict[str, Any]
    outputs: Any
    output_names: tuple[str, ...]
    output_ids: tuple[str | None, ...]
    notes: tuple[str, ...]
    decided: bool = False
    """Whether Python code of the model decided by values, or may have: then this is one of several paths."""
    _by_id: dict[str, Call] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id = {call.id: call for call in (*self.calls, *self.groups)}

    def find(self, name: str) -> Call:
        """The call with this id, else the last call of the layer with this name."""
        if name in self._by_id:
            return self._by_id[name]
        named = [call for call in (*self.groups, *self.calls) if call.layer == name]
        if named:
            return named[-1]
        known = [*self._by_id, *(call.layer for call in self.calls)]
        raise TraceError(f"the model has no layer call {name!r}{near(str(name), known)}")

    def tensor(self, name: str) -> Any:
        """The one tensor that a call returned. Raises TraceError where it returned several or none."""
        call = self.find(name)
        tensors = list(flat_tensors(call.output))
        if len(tensors) != 1:
            raise TraceError(f"layer call {call.id!r} returns {len(tensors)} tensors, where exactly one is needed")
        return tensors[0]


def record(model: Any, inputs: Any, names: Iterable[str] | None = None) -> Recording:
    """Call `model` on `inputs` inside a tf.function under tracing and record it.

    `inputs`: the structure of tensors that the model takes. `names`: a name for each flattened input.
    """
    recorder = _Recorder(model)
    given = tf.nest.flatten(inputs)
    decider = decisions.current()
    with contextlib.ExitStack() as stack:
        if decider is not None:
            stack.enter_context(decider.deciding(given, lambda tensor: tensor in recorder.owners))
        outputs = recorder.run(inputs, names)
    return recorder.finish(outputs, [] if decider is None else [remarks.decided(decider)], decider is not None)


def record_eagerly(model: Any, inputs: Any, values: Any, names: Iterable[str] | None = None) -> Recording:
    """Call `model` eagerly on `values` and record it in the graph that is being traced: there the same operations
    stand as ran, between the same tensors, with `inputs` in the place of `values`."""
    script = Transcript()
    with tf.init_scope():
        recorder = _Recorder(model, script)
        values = tf.nest.map_structure(lambda value: value if value is None else tf.identity(value), values)
        with script.writing():
            outputs = recorder.run(values, names)
    given = zip(tf.nest.flatten(values), tf.nest.flatten(inputs), strict=True)
    reading = script.read({value._id: tensor for value, tensor in given if value is not None})
    return recorder.finish(recorder.move(reading, outputs), [remarks.transcribed(reading)], True)


def timed(model: Any, inputs: Any, names: Iterable[str] | None = None) -> dict[str, float]:
    """Call `model` eagerly on `inputs`: the seconds of each leaf call, by its id."""
    recorder = _Recorder(model, Transcript())
    recorder.run(inputs, names)
    return {call.id: call.seconds for call in recorder.calls if call.keras_layer is not None}


class _Recorder:
    def __init__(self, model: Any, script: Transcript | None = None) -> None:
        """script: what writes the run down, where it is an eager one."""
        self.model, self.script = model, script
        self.root = Call("", str(getattr(model, "name", "")), type(model).__name__, 0, None, model)
        self.graph: Any = None if script is not None else tf.compat.v1.get_default_graph()
        self.stack: list[Call] = []
        self.calls: list[Call] = []
        self.begun: list[Call] = []
        self.owners = Owners()
        self.layer_calls: dict[int, int] = {}
        self.names = Names()

    def run(self, inputs: Any, names: Iterable[str] | None) -> Any:
        """What the model returns."""
        inputs = self._add_inputs(inputs, names)
        with watch.listening(self):
            # Also where the model's own call knows nothing of it: Keras hands it on to the layers inside, of which
            # augmentation would act otherwise.
            return self.model(inputs, training=False)

    def move(self, reading: Reading, outputs: Any) -> Any:
        """Go over from the eager run to the graph that repeats it; what the model returned, there."""

        def moved(structure: Any) -> Any:
            return tf.nest.map_structure(
                lambda leaf: reading.tensor(leaf) if isinstance(leaf, tf.Tensor) else leaf,
                structure,
                expand_composites=True,
            )

        self.graph, self.owners = tf.compat.v1.get_default_graph(), Owners(reading.behind)
        for call in (self.root, *self.calls, *(call for call in self.begun if call.children)):
            call.first, call.last = reading.clock[call.first], reading.clock[call.last]
            call.output, call.mask, call.arguments = moved(call.output), moved(call.mask), moved(call.arguments)
        for call in self.calls:
            self._own(call)
        return moved(outputs)

    # Inputs ------------------------------------------------------------------------------------------------------

    def _add_inputs(self, inputs: Any, names: Iterable[str] | None) -> Any:
        flat = tf.nest.flatten(inputs)
        given = list(names) if names is not None else [f"input_{i}" for i in range(len(flat))]
        renewed: list[Any] = []
        for name, came in zip(given, flat, strict=True):
            if came is None:
                renewed.append(None)
                continue
            tensor = tf.identity(came) if any(came is other for other in renewed) else came
            call = Call(self.names.unique(name), name, "InputLayer", 0, None, None, tensor)
            self.calls.append(call)
            self._own(call)
            renewed.append(tensor)
        return tf.nest.pack_sequence_as(inputs, renewed)

    # Calls -------------------------------------------------------------------------------------------------------

    def on_call(self, layer: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if not self._concerns(layer, args, kwargs):
            return original(layer, *args, **kwargs)
        if layer is self.model and not self.stack:
            self.root.first, self.root.arguments = self._clock(), (args, kwargs)
            self.stack.append(self.root)
            try:
                return original(layer, *args, **kwargs)
            finally:
                self.stack.pop()
                self.root.last = self._clock()
        call = self._begin(layer, (args, kwargs))
        self.stack.append(call)
        start = time.perf_counter()
        try:
            if isinstance(layer, OPAQUE):
                with watch.deaf():
                    output = original(layer, *args, **kwargs)
            else:
                output = original(layer, *args, **kwargs)
        finally:
            self.stack.pop()
        call.seconds = time.perf_counter() - start
        call.last = self._clock()
        return self._end(call, output)

    def on_function(self, function: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """A call of a tf.function inside the model: run as the Python that it was made of, so that it is seen into."""
        if not self._here() or not inlining.possible(function):
            return original(function, *args, **kwargs)
        return inlining.inlined(function, args, kwargs)

    def _here(self) -> bool:
        """Whether this is the graph of the trace, not the inside of a loop, a branch or an inner tf.function."""
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        return graph is self.graph

    def _concerns(self, layer: Any, args: Any, kwargs: Any) -> bool:
        if not self._here():
            return False
        inside = self.stack[-1].keras_layer if self.stack else self.model
        if not isinstance(layer, keras.layers.Layer) and not isinstance(inside, keras.Model):
            return False  # an operation object that a layer uses for its own arithmetic is part of that layer
        return not any(isinstance(leaf, keras.KerasTensor) for leaf in tf.nest.flatten((args, kwargs)))

    def _begin(self, layer: Any, arguments: tuple[Any, ...]) -> Call:
        parent = self.stack[-1] if self.stack else None
        group = parent.id or None if parent else None
        name = str(layer.name)
        number = self.layer_calls.get(id(layer), 0)
        self.layer_calls[id(layer)] = number + 1
        if parent:
            parent.children += 1
        own = isinstance(layer, keras.layers.Layer) and not (parent and isinstance(parent.keras_layer, ATTENTION))
        unique = self.names.of_call(group, id(layer), name if own else without_counter(name))
        call = Call(unique, name, type(layer).__name__, number, group, layer, arguments=arguments, first=self._clock())
        self.begun.append(call)
        return call

    def _end(self, call: Call, output: Any) -> Any:
        if call.children:
            call.output = output
            self.owners.keep(output)
            return output
        arguments = {id(tensor) for tensor in flat_tensors(call.arguments)}

        def renew(leaf: Any) -> Any:
            """A tensor that someone owns already gets an identity of its own, so that edges don't skip this call."""
            if isinstance(leaf, tf.SparseTensor | tf.RaggedTensor):
                return _by_components(leaf)
            if not isinstance(leaf, tf.Tensor):
                return leaf
            if leaf not in self.owners and id(leaf) not in arguments:
                return leaf
            mask = getattr(leaf, "_keras_mask", None)
            renewed = tf.identity(leaf)
            if mask is not None:
                renewed._keras_mask = mask
            return renewed

        call.output, call.mask = tf.nest.map_structure(renew, output), self._mask(output)
        self.calls.append(call)
        self._own(call)
        return call.output

    def _mask(self, output: Any) -> Any:
        """The mask that Keras put on the first tensor of an output."""
        first = next(iter(tf.nest.flatten(output)), None)
        mask = getattr(first, "_keras_mask", None)
        if mask is None or not tf.is_tensor(mask) or (self.graph is not None and mask.graph is not self.graph):
            return None
        return mask

    def _own(self, call: Call) -> None:
        self.owners.own(call, flat_tensors(call.output))

    def _clock(self) -> int:
        """How many operations there are so far."""
        return len(self.script.entries) if self.script and self.graph is None else int(self.graph.version)

    def _add_scores(self) -> list[str]:
        """A node for the scores of each attention that calls no Softmax layer. The ids of Keras's attention layers of
        which no scores can be had."""
        every = tuple(attention.find((self.root, *self.begun), self.graph.get_operations()))
        for found in every:
            if found.layer:
                found.call.scores = True
                continue
            around = found.call
            name = f"{around.id}/scores" if around.id else "scores"
            # An attention without inner calls is a node itself, and its scores lie beside it.
            group = around.id or None if around.children else around.group
            call = Call(
                self.names.unique(name),
                f"{around.layer}/scores",
                "AttentionScores",
                around.call,
                group,
                None,
                scores=True,
            )
            call.output = found.tensor if found.tensor.shape.rank > 3 else tf.expand_dims(found.tensor, 1)
            later = (place for place, other in enumerate(self.calls) if other.last > found.place)
            self.calls.insert(next(later, len(self.calls)), call)
            self._own(call)
            self.owners.own(call, [found.tensor])
        return attention.unseen(self.begun, every)

    # The whole ---------------------------------------------------------------------------------------------------

    def finish(self, outputs: Any, notes: list[str], decided: bool) -> Recording:
        hidden = self._add_scores()
        edges: dict[tuple[str, str], None] = {}
        for call in self.calls:
            for source in self.owners.sources(call):
                edges[source.id, call.id] = None
        flat = [leaf for leaf in tf.nest.flatten(outputs) if leaf is not None]
        unseen = [str(layer.name) for layer in self._unseen()]
        if unseen:
            notes.append(remarks.unseen(unseen))
        if hidden:
            notes.append(remarks.no_scores(hidden))
        return Recording(
            calls=tuple(self.calls),
            groups=tuple(call for call in self.begun if call.children),
            edges=tuple(edges),
            inputs={call.id: call.output for call in self.calls if call.class_name == "InputLayer"},
            outputs=outputs,
            output_names=output_names(self.model, outputs),
            output_ids=tuple(call and call.id for call in (self.owners.of_output(leaf, self.calls) for leaf in flat)),
            notes=tuple(notes),
            decided=decided,
        )

    def _unseen(self) -> list[Any]:
        """Layers with weights of which no call was recorded. What is inside an opaque layer or one without inner calls
        goes with it."""
        every = self.model._flatten_layers(include_self=False)
        leaves = [call.keras_layer for call in self.calls if isinstance(call.keras_layer, keras.layers.Layer)]
        around = (*leaves, *(layer for layer in every if isinstance(layer, OPAQUE)))
        inside = {id(inner) for layer in around for inner in layer._flatten_layers(include_self=False)}
        return [
            layer
            for layer in every
            if layer.weights
            and id(layer) not in self.layer_calls
            and id(layer) not in inside
            and (isinstance(layer, OPAQUE) or len(layer._flatten_layers()) == 1)
        ]


def _by_components(tensor: Any) -> Any:
    """A sparse or ragged tensor made anew of nothing but its components: it may know other tensors too, such as the
    lengths of its rows, which no call owns."""
    parts = (tf.identity(part) for part in tf.nest.flatten(tensor, expand_composites=True))
    return tf.nest.pack_sequence_as(tensor, list(parts), expand_composites=True)


def output_names(model: Any, outputs: Any) -> tuple[str, ...]:
    """A name for each flattened output: the dict key where there is one, else Keras's own name, else its index."""
    own = list(getattr(getattr(model, "_functional", None) or model, "output_names", None) or [])
    paths = [path for path, leaf in keras.tree.flatten_with_path(outputs) if leaf is not None]
    if any(path and isinstance(path[-1], str) for path in paths):
        return tuple(".".join(str(part) for part in path) for path in paths)
    if len(own) == len(paths) and len(set(own)) == len(own):
        return tuple(str(name) for name in own)
    return tuple(f"output_{i}" if len(paths) > 1 else "output" for i in range(len(paths)))
