"""A SavedModel's signature as a Keras model: its graph is one layer, the operations in it are layers inside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_SILENT = frozenset((
    "Identity", "IdentityN", "NoOp", "Const", "ReadVariableOp", "Placeholder", "Shape", "ShapeN", "Size", "Rank",
    "StopGradient", "PreventGradient", "Assert",
))  # fmt: skip
"""Operations that are no step of their own: nothing is computed, or only a shape."""


class Operation(keras.layers.Layer):  # type: ignore[misc]
    """One operation of a graph. Its class is named after the operation's type."""

    def __init__(self, run: Callable[[list[Any]], Any], name: str) -> None:
        super().__init__(name=name, trainable=False, autocast=False)
        self.run = run
        self.built = True

    def call(self, inputs: list[Any]) -> Any:
        return self.run(inputs)


class SavedGraph(keras.layers.Layer):  # type: ignore[misc]
    """The graph of one signature. `variables` are those that it reads; it can't be trained."""

    def __init__(self, loaded: Any, function: Any, name: str, whole: bool) -> None:
        super().__init__(name=name, autocast=False)
        self.loaded, self.function, self.whole = loaded, function, whole
        self.keys = tuple(sorted(function.structured_input_signature[1]))
        self.results = tuple(sorted(function.structured_outputs))
        self.steps: dict[str, Operation] = {}
        for variable in function.graph.variables:
            self._track_variable(_weight(variable))
        self.built = True

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if self.whole or tf.executing_eagerly():
            return dict(self.function(**inputs))
        graph = self.function.graph
        known: dict[str, Any] = {}
        names = self.function._arg_keywords or self.keys
        given = {key: inputs[key] for key in self.keys}
        for key, placeholder in zip(names, graph.inputs, strict=False):
            known[placeholder.name] = given[key]
        for outside, placeholder in graph.captures:
            known[placeholder.name] = outside
        data = {placeholder.name for placeholder in graph.inputs[: len(names)]}
        self._through(graph, known, data, "")
        return {key: known[tensor.name] for key, tensor in zip(self.results, graph.outputs, strict=True)}

    def compute_output_spec(self, inputs: Any) -> Any:
        returned = self.function.structured_outputs
        return {key: keras.KerasTensor(returned[key].shape.as_list(), returned[key].dtype.name) for key in self.results}

    def _through(self, graph: Any, known: dict[str, Any], data: set[str], path: str) -> None:
        """Run a graph's operations. known: what its tensors are in this run. data: those that hang on the inputs."""
        for op in graph.get_operations():
            if all(tensor.name in known for tensor in op.outputs) or op.type == "NoOp":
                continue
            inputs = [known[tensor.name] for tensor in op.inputs]
            hangs = any(tensor.name in data for tensor in op.inputs)
            if op.type in _CALLS:
                results = self._inside(op, inputs, data, path)
            elif hangs and op.type not in _SILENT and _is_plain(op):
                results = self._shown(op, f"{path}{op.name}", inputs, graph)
            else:
                results = runner(op)(inputs)
            for tensor, result in zip(op.outputs, results, strict=True):
                known[tensor.name] = result
                if hangs and op.type not in ("Shape", "ShapeN", "Size", "Rank"):
                    data.add(tensor.name)

    def _inside(self, op: Any, inputs: list[Any], data: set[str], path: str) -> list[Any]:
        """A function that is called, followed inside; its name is in the name of what lies in it only where it must."""
        inner = _function_graph(op)
        known = {tensor.name: value for tensor, value in zip(inner.inputs, inputs, strict=True)}
        hanging = {tensor.name for tensor, given in zip(inner.inputs, op.inputs, strict=True) if given.name in data}
        self._through(inner, known, hanging, path)
        return [known[tensor.name] for tensor in inner.outputs]

    def _shown(self, op: Any, name: str, inputs: list[Any], graph: Any) -> list[Any]:
        """The results of an operation that is run as a layer of its own; of several that nobody reads as None."""
        ends = {tensor.name for tensor in graph.outputs}
        read = [i for i, tensor in enumerate(op.outputs) if i == 0 or tensor.consumers() or tensor.name in ends]
        key = f"{id(graph)}/{op.name}"  # functions may have operations of the same name
        if key not in self.steps:
            run = runner(op)
            made = type(op.type, (Operation,), {})

            def chosen(given: list[Any]) -> Any:
                results = run(given)
                return results[0] if read == [0] else tuple(results[i] for i in read)

            self.steps[key] = made(chosen, name.replace("/", "_"))
        returned = self.steps[key](inputs)
        found = [returned] if read == [0] else list(returned)
        return [found[read.index(i)] if i in read else None for i in range(len(op.outputs))]


def _is_plain(op: Any) -> bool:
    """Whether an operation works on numbers or text; lists of tensors and handles can't be shown."""
    return not any(tensor.dtype in (tf.variant, tf.resource) for tensor in (*op.inputs, *op.outputs))


def _weight(variable: Any) -> Any:
    """A variable of the graph as one of Keras, over the same memory."""
    made = keras.Variable(variable, trainable=variable.trainable, dtype=variable.dtype.name, name=_plain(variable.name))
    made._value = variable
    return made


def _plain(name: str) -> str:
    return name.partition(":")[0].replace("/", "_")


def _function_graph(op: Any) -> Any:
    """The graph of the function that an operation calls."""
    return op.graph._get_function(op.get_attr("f").name).graph


def runner(op: Any) -> Callable[[list[Any]], list[Any]]:
    """A function that puts the operation into the graph that is being traced, on other inputs."""
    if op.type == "Const":
        value = tf.make_ndarray(op.get_attr("value"))
        return lambda _inputs: [tf.constant(value, op.outputs[0].dtype)]
    settings = {name: value for name, value in op.node_def.attr.items() if not name.startswith("_output_shapes")}
    types = [tensor.dtype for tensor in op.outputs]
    inner = any(value.HasField("func") or value.list.func for value in settings.values())
    library = list(getattr(op.graph, "_functions", {}).values()) if inner else []

    def run(inputs: list[Any]) -> list[Any]:
        graph = tf.compat.v1.get_default_graph()
        for function in library:
            graph._add_function_recursive(function)
        made = graph._create_op_internal(
            op.type, [tf.convert_to_tensor(one) for one in inputs], types, attrs=settings, op_def=op.op_def
        )
        return list(made.outputs)

    return run


def model(loaded: Any, function: Any, name: str, *, whole: bool = False) -> Any:
    """A Functional model around one signature of a loaded SavedModel. whole: as one call that isn't looked into."""
    layer = SavedGraph(loaded, function, name, whole)
    given = {
        key: keras.Input(batch_shape=spec.shape.as_list(), dtype=spec.dtype.name, name=key)
        for key, spec in function.structured_input_signature[1].items()
    }
    outputs = layer(given)
    return keras.Model(given, outputs if len(outputs) > 1 else next(iter(outputs.values())), name=name)
