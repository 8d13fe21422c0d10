"""Leaves a Keras model as it was: what a trace or a run puts on its layers is taken off again, after errors too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf

_PLAIN = (list, dict, set)


@contextlib.contextmanager
def intact(model: Any) -> Iterator[None]:
    """Within this context the model may be called or traced; afterwards each attribute of each of its layers is what
    it was. (Keras collects losses on layers, and layers of users may keep symbolic tensors.)"""
    from keras.src.backend.common import global_state

    before = [(layer, _snapshot(layer)) for layer in _layers(model)]
    call_context = global_state.get_global_attribute("current_call_ctx")
    try:
        yield
    finally:
        global_state.set_global_attribute("current_call_ctx", call_context)
        for layer, attributes in before:
            _restore(layer, attributes)


def _layers(model: Any) -> list[Any]:
    return list(model._flatten_layers()) if hasattr(model, "_flatten_layers") else [model]


def _snapshot(layer: Any) -> dict[str, tuple[Any, Any]]:
    return {name: (value, _content(value)) for name, value in vars(layer).items()}


def _content(value: Any) -> Any:
    """A shallow copy of a container's items, read past the wrappers of Keras and TensorFlow; None for others."""
    if not isinstance(value, _PLAIN):
        return None
    value = _unwrapped(value)
    if isinstance(value, dict):
        return list(dict.items(value))
    if isinstance(value, list):
        return list(list.__iter__(value))
    return list(set.__iter__(value))


def _unwrapped(value: Any) -> Any:
    """The container that TensorFlow's tracking wrappers (a list with a `_storage`, a dict proxy) stand before."""
    return getattr(value, "__wrapped__", getattr(value, "_storage", value))


def _restore(layer: Any, before: dict[str, tuple[Any, Any]]) -> None:
    now = vars(layer)
    for name in [name for name in now if name not in before]:
        del now[name]
    for name, (value, content) in before.items():
        now[name] = value
        if content is None or _same(_content(value), content):
            continue
        # In place, since others may hold the same container, and past the wrappers, which would track the change.
        storage = _unwrapped(value)
        if isinstance(storage, list):
            list.__setitem__(storage, slice(None), content)
        elif isinstance(storage, dict):
            dict.clear(storage)
            dict.update(storage, content)
        else:
            set.clear(storage)
            set.update(storage, content)


def _same(items: list[Any], content: list[Any]) -> bool:
    if len(items) != len(content):
        return False
    if items and isinstance(items[0], tuple) and isinstance(content[0], tuple):
        return all(
            a is b or (isinstance(a, tuple) and isinstance(b, tuple) and _identical(a, b))
            for a, b in zip(items, content, strict=True)
        )
    return all(a is b for a, b in zip(items, content, strict=True))


def _identical(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


@contextlib.contextmanager
def same_state(variables: Iterable[Any]) -> Iterator[None]:
    """Within this context a run may assign to these variables; afterwards they have their values back."""
    kept = [(variable, tf.identity(variable)) for variable in variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def states(model: Any) -> list[Any]:
    """The variables that a call of the model may assign to in inference: those that are not trained, and the states of
    stateful recurrent layers, which Keras keeps apart from a model's variables."""
    own = [variable for layer in _layers(model) for variable in tf.nest.flatten(getattr(layer, "states", None) or ())]
    found = {id(variable): variable for variable in (*model.non_trainable_variables, *own)}
    return [variable.value for variable in found.values() if getattr(variable, "value", None) is not None]


def assigned_variables(graph: Any) -> list[Any]:
    """The variables that running this traced graph may assign to (the states of a stateful RNN, random seeds)."""
    names = {op.type for op in graph.get_operations()}
    for function in graph._functions.values():
        names.update(node.op for node in function.cached_definition.node_def)
    if not any("Assign" in name for name in names):
        return []
    return [variable for variable in graph.variables if not variable.trainable]
