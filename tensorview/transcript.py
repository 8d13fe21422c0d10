"""What an eager run did, operation by operation, written into a graph: for models whose Python code no graph can trace.

The graph holds the same operations between the same tensors, so edges, attention scores and gradients are had from it
as from any traced model. It computes what the run computed for the input of that run, and for no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_callbacks, op_def_library, op_def_registry


@dataclass(slots=True)
class _Entry:
    type: str
    inputs: list[int]
    attributes: tuple[Any, ...]
    outputs: list[int]


@dataclass(slots=True)
class Transcript:
    """The operations of an eager run in order, by the ids of the tensors that they took and returned."""

    entries: list[_Entry] = field(default_factory=list)
    given: dict[int, Any] = field(default_factory=dict)
    """Tensors that no operation returned: variables' handles, constants, numbers that came back from Python."""
    kept: dict[int, Any] = field(default_factory=dict)
    """What operations returned that can't be written down: only their values can stand in the graph."""
    _made: set[int] = field(default_factory=set)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Within this context every operation that runs eagerly in this thread is written down."""
        op_callbacks.add_op_callback(self._write)
        try:
            yield
        finally:
            op_callbacks.remove_op_callback(self._write)

    def _write(
        self, kind: Any, inputs: Any, attributes: Any, outputs: Any, *_: Any, graph: Any = None, **__: Any
    ) -> None:
        if graph is not None:
            return
        for tensor in inputs:
            if tensor._id not in self._made:
                self.given[tensor._id] = tensor
        name = kind.decode() if isinstance(kind, bytes) else str(kind)
        entry = _Entry(name, [t._id for t in inputs], tuple(attributes or ()), [t._id for t in outputs])
        self.entries.append(entry)
        self._made.update(entry.outputs)
        if not _known(name):
            self.kept.update({tensor._id: tensor for tensor in outputs})

    def read(self, inputs: dict[int, Any]) -> Reading:
        """Repeat the operations in the graph that is being traced. inputs: its tensors, by the ids of the eager ones
        that the run was given."""
        graph = tf.compat.v1.get_default_graph()
        found = Reading({id: graph.capture(tensor) for id, tensor in self.given.items() if id not in inputs} | inputs)
        for entry in self.entries:
            found.clock.append(int(graph.version))
            taken = [found.tensors[id] for id in entry.inputs]
            if _known(entry.type):
                made = _repeat(entry, taken)
            else:
                made = [tf.constant(self.kept[id]) for id in entry.outputs]
                found.unknown.setdefault(entry.type)
                found.behind.update({id(tensor): taken for tensor in made})
            found.tensors.update(zip(entry.outputs, made, strict=True))
        found.clock.append(int(graph.version))
        return found


@dataclass(slots=True)
class Reading:
    """A transcript in a graph."""

    tensors: dict[int, Any]
    """The graph's tensors by the ids of the eager ones."""
    clock: list[int] = field(default_factory=list)
    """How many operations the graph had before each of the transcript's, and in the end."""
    behind: dict[int, list[Any]] = field(default_factory=dict)
    """What constants of the graph, by their id(), were computed from where the operation could not be repeated."""
    unknown: dict[str, None] = field(default_factory=dict)
    """The types of those operations."""

    def tensor(self, eager: Any) -> Any:
        """The graph's tensor for one of the eager run."""
        if eager._id not in self.tensors:
            self.tensors[eager._id] = tf.identity(eager)
        return self.tensors[eager._id]


def _known(kind: str) -> bool:
    """Whether TensorFlow knows the operation outside the run: not a function that was compiled on the way."""
    return op_def_registry.get(kind) is not None


def _repeat(entry: _Entry, taken: list[Any]) -> list[Any]:
    definition = op_def_registry.get(entry.type)
    attributes = dict(zip(entry.attributes[::2], entry.attributes[1::2], strict=True))
    arguments: dict[str, Any] = {}
    inferred: set[str] = set()
    rest = iter(taken)
    for argument in definition.input_arg:
        inferred.update((argument.type_attr, argument.number_attr, argument.type_list_attr))
        if argument.number_attr or argument.type_list_attr:
            many = argument.number_attr or argument.type_list_attr
            number = attributes[many] if argument.number_attr else len(attributes[many])
            arguments[argument.name] = [next(rest) for _ in range(number)]
        else:
            arguments[argument.name] = next(rest)
    own = {name: value for name, value in attributes.items() if name not in inferred}
    operation = op_def_library._apply_op_helper(entry.type, **arguments, **own)[2]
    return list(operation.outputs)
