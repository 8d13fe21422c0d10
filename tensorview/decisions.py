"""Python decisions taken from tensors (`if tensor:`, `int(tensor)`, `for v in tensor`, NumPy) while a model is traced.

A symbolic tensor has no value to decide by. So its value for the actual input is computed there and then, from the
operations traced up to that point; the model goes on as it would eagerly. The trace then holds for inputs that decide
the same way: an assertion in the graph makes every run check that, so that no other input silently follows this path.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks
from tensorflow.python.framework import ops as tf_ops

MARK = "tensorview: this input makes the model decide otherwise"
"""In the message of the error that a run raises whose input leaves the traced path."""
MANY = 2_000
"""Decisions of one trace; a loop that takes more is not unrolled."""
CLOSE = 1e-3
"""By how much, relatively, a number that Python code was given may differ in a graph, which rounds differently."""

Kind = str


class UndecidedError(Exception):
    """A decision that can't be taken here: inside a loop or branch of the graph, or too many."""


class Decider:
    """The decisions of one model for one input. The first trace computes them; later ones must take the same."""

    def __init__(self, given: list[Any], sizes: bool = False) -> None:
        """given: the values of the model's flattened inputs. sizes: shapes that depend on values are decided too."""
        self.given, self.sizes = given, sizes
        self.values: list[tuple[Kind, Any]] = []
        self.replaying = False
        self._busy = False
        self._next = 0
        self._graph: Any = None
        self._feeds: dict[int, Any] = {}
        self._known: dict[int, Any] = {}
        self._owned: Callable[[Any], bool] = _nobodys
        self._alive: list[Any] = []

    @property
    def through_numpy(self) -> bool:
        """Whether values were handed to Python as numbers, which no edge or gradient can follow."""
        return any(kind in ("float", "array") for kind, _ in self.values)

    @contextlib.contextmanager
    def deciding(self, inputs: list[Any], owned: Callable[[Any], bool]) -> Iterator[None]:
        """Within this context symbolic tensors of the current graph can be decided by. inputs: the model's flattened
        inputs in that graph. owned: whether a layer call returned this tensor."""
        self._owned = owned
        self._graph = tf.compat.v1.get_default_graph()
        self._feeds = {id(symbolic): value for symbolic, value in zip(inputs, self.given, strict=True)}
        self._known, self._alive, self._next = {}, [], 0
        _install()
        try:
            token = _active.set(self)
            if self.sizes:
                op_callbacks.add_op_callback(self._size)
            try:
                yield
            finally:
                if self.sizes:
                    op_callbacks.remove_op_callback(self._size)
                _active.reset(token)
        finally:
            _uninstall()
            self._known, self._alive, self._feeds, self._graph, self._owned = {}, [], {}, None, _nobodys
        if self.replaying and self._next != len(self.values):
            raise UndecidedError("the model took fewer decisions than before")
        self.replaying = True

    def decide(self, tensor: Any, kind: Kind) -> Any:
        """The value of a symbolic tensor as Python asks for it; asserted in the graph."""
        if self.replaying:
            if self._next >= len(self.values) or self.values[self._next][0] != kind:
                raise UndecidedError("the model took other decisions than before")
            value = self.values[self._next][1]
        else:
            if len(self.values) >= MANY:
                raise UndecidedError(f"the model takes more than {MANY:,} decisions in Python")
            value = _CONVERT[kind](self.value(tensor))
            self.values.append((kind, value))
        self._next += 1
        if tensor.graph is tf.compat.v1.get_default_graph():
            tf.raw_ops.Assert(condition=_agrees(tensor, kind, value), data=[tf.constant(MARK)])
        return value

    def iterate(self, tensor: Any) -> Iterator[Any]:
        """The tensors along the first axis, whose number is decided where the graph doesn't know it."""
        length = tensor.shape[0] if tensor.shape.rank else None
        if tensor.shape.rank == 0:
            raise TypeError("iteration over a 0-d tensor")
        if length is None:
            length = self.decide(tf.shape(tensor)[0], "index")
        return iter(tf.unstack(tensor, num=length))

    def _size(
        self, op_type: str, _inputs: Any, _attrs: Any, outputs: Any, *_: Any, graph: Any = None, **__: Any
    ) -> None:
        """Where a graph doesn't know how large an operation's result is, Python code that asks gets this input's."""
        if graph is not self._graph or self._busy or op_type in ("Placeholder", "Assert"):
            return
        for output in outputs:
            if output.shape.is_fully_defined() or output.dtype in (tf.resource, tf.variant):
                continue
            self._busy = True
            try:
                output.set_shape(self.decide(tf.shape(output), "shape").tolist())
            finally:
                self._busy = False

    # Values of symbolic tensors ----------------------------------------------------------------------------------

    def value(self, tensor: Any) -> np.ndarray:
        """What this symbolic tensor is for the input. Each operation runs about once over all decisions."""
        if id(tensor) in self._known:
            return np.asarray(self._known[id(tensor)])
        if tensor.graph is not self._graph:
            raise UndecidedError("the model decides in Python by values inside a loop or a branch of the graph")
        # What is likely to be asked for next comes along: the other parts of the same whole, and the whole.
        beside = tensor.op.inputs[:1] if tensor.op.type == "StridedSlice" else tensor.op.outputs
        order, kept = self._needed(tensor), [tensor, *beside, *self._milestones(tensor)]
        captured = {id(inner): outer for outer, inner in self._graph.captures}
        graph = self._graph

        def part() -> list[Any]:
            here = tf.compat.v1.get_default_graph()
            for function in graph._functions.values():
                if function.name not in here._functions:
                    here._add_function_recursive(function)
            copies: dict[int, Any] = {}

            def copied(source: Any) -> Any:
                if id(source) in self._known:
                    return self._known[id(source)]
                if id(source) in self._feeds:
                    return self._feeds[id(source)]
                return captured[id(source)] if id(source) in captured else copies[id(source)]

            for op in order:
                made = here.create_op(
                    op.type,
                    [copied(i) for i in op.inputs],
                    [o.dtype for o in op.outputs],
                    attrs={k: v for k, v in op.node_def.attr.items() if not k.startswith("_class")},
                )
                copies.update({id(old): new for old, new in zip(op.outputs, made.outputs, strict=True)})
            return [tf.convert_to_tensor(copied(t)) for t in kept]

        with tf.init_scope():
            found = tf.function(part, autograph=False).get_concrete_function()()
        for known, value in zip(kept, found, strict=True):
            self._remember(known, value)
        return np.asarray(found[0])

    def _remember(self, tensor: Any, value: Any) -> None:
        self._known[id(tensor)] = value
        self._alive.append(tensor)

    def _needed(self, tensor: Any) -> list[Any]:
        """The operations that the tensor takes beyond what is known, in order."""
        order: list[Any] = []
        done: set[Any] = set()
        todo = [(tensor.op, False)]
        while todo:
            op, ready = todo.pop()
            if ready:
                order.append(op)
            elif op not in done and op.type != "Placeholder":
                done.add(op)
                todo.append((op, True))
                todo.extend((i.op, False) for i in op.inputs if id(i) not in self._known)
        return order

    def _milestones(self, tensor: Any) -> list[Any]:
        """The nearest results of layers before this tensor: kept, so that the next decision starts from there."""
        found: list[Any] = []
        seen = {id(tensor)}
        todo = list(tensor.op.inputs)
        while todo:
            before = todo.pop()
            if id(before) in seen or id(before) in self._known or id(before) in self._feeds:
                continue
            seen.add(id(before))
            if self._owned(before):
                found.append(before)
            else:
                todo.extend(before.op.inputs)
        return found


def _nobodys(tensor: Any) -> bool:
    return False


def _agrees(tensor: Any, kind: Kind, value: Any) -> Any:
    """A scalar: whether the tensor still says what was decided by."""
    if kind == "bool":
        return tf.equal(tf.reshape(tf.cast(tensor, tf.bool), []), value)
    if kind in ("int", "index", "length"):
        return tf.equal(tf.reshape(tf.cast(tensor, tf.int64), []), tf.constant(value, tf.int64))
    expected = tf.constant(value, tensor.dtype)
    same_shape = tf.reduce_all(tf.equal(tf.shape(tensor), tf.constant(np.shape(value), tf.int32)))
    if not (tensor.dtype.is_floating or tensor.dtype.is_complex):
        near = tf.equal(tensor, expected) if tensor.dtype != tf.resource else tf.constant(False)
    else:
        size = tf.abs(expected)
        scale = tf.reduce_max(size) if np.size(value) else size
        near = tf.abs(tensor - expected) <= tf.cast(CLOSE, size.dtype) * (size + tf.cast(1e-3, size.dtype) * scale)
        near = near | (tensor == expected) | (_nan(tensor) & _nan(expected))
    return same_shape & tf.reduce_all(near)


def _nan(numbers: Any) -> Any:
    return tf.not_equal(numbers, numbers)


def _int(value: np.ndarray) -> int:
    return int(value.reshape(-1)[0]) if value.size == 1 else int(value)


_CONVERT: dict[Kind, Callable[[np.ndarray], Any]] = {
    "bool": bool,
    "int": _int,
    "index": _int,
    "float": lambda value: float(value.reshape(-1)[0]) if value.size == 1 else float(value),
    "array": np.array,
    "shape": np.array,
}


_current: contextvars.ContextVar[Decider | None] = contextvars.ContextVar("tensorview_decisions", default=None)


@contextlib.contextmanager
def by(decider: Decider | None) -> Iterator[None]:
    """Within this context models are recorded with this decider's decisions; None: where they decide, tracing fails."""
    token = _current.set(decider)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Decider | None:
    return _current.get()


# Symbolic tensors answer Python while someone decides ----------------------------------------------------------------

_active: contextvars.ContextVar[Decider | None] = contextvars.ContextVar("tensorview_decider", default=None)
_lock = threading.Lock()
_users = 0


def _asks(kind: Kind) -> Callable[[Any], Any]:
    def method(self: Any, *_: Any, **__: Any) -> Any:
        decider = _active.get()
        if decider is None:
            return _refuse(self, kind)
        return decider.decide(self, kind)

    return method


def _length(self: Any) -> Any:
    decider = _active.get()
    if decider is None:
        return tf.Tensor.__len__(self)
    return self.shape[0] if self.shape[0] is not None else decider.decide(tf.shape(self)[0], "index")


def _iteration(self: Any) -> Any:
    decider = _active.get()
    return tf.Tensor.__iter__(self) if decider is None else decider.iterate(self)


def _array(self: Any, dtype: Any = None, copy: Any = None) -> Any:
    decider = _active.get()
    if decider is None:
        return tf.Tensor.__array__(self, dtype)
    found = np.array(decider.decide(self, "array"))
    return found if dtype is None else found.astype(dtype)


def _numpy(self: Any) -> Any:
    """`tensor.numpy`, which a symbolic tensor doesn't have."""
    decider = _active.get()
    if decider is None:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute 'numpy'")

    def numpy() -> Any:
        found = decider.decide(self, "array")
        return found[()] if isinstance(found, np.ndarray) and found.ndim == 0 else np.array(found)

    return numpy


def _refuse(tensor: Any, kind: Kind) -> Any:
    """What Python does where nobody decides."""
    if kind == "bool":
        return tf.Tensor.__bool__(tensor)
    raise TypeError(f"a symbolic tensor is no Python {kind}")


_METHODS: dict[str, Any] = {
    "__bool__": _asks("bool"),
    "__int__": _asks("int"),
    "__index__": _asks("index"),
    "__float__": _asks("float"),
    "__len__": _length,
    "__iter__": _iteration,
    "__array__": _array,
    "numpy": property(_numpy),
}


def _install() -> None:
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            for name, method in _METHODS.items():
                setattr(tf_ops.SymbolicTensor, name, method)


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            for name in _METHODS:
                delattr(tf_ops.SymbolicTensor, name)
