"""Sees every call of a Keras layer or operation, for the recorder that is active in this context, and for no other.

Keras has no hook for this, so `__call__` is wrapped while at least one recorder is active anywhere in the process. The
wrappers are installed once, under a lock with a count; which recorder hears of a call is a context variable, so calls
in other threads pass untouched.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tensorview.deep import stop_if_asked


class Listener(Protocol):
    def on_call(self, layer: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any: ...

    def on_function(self, function: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any: ...


_active: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("tensorview_recorder", default=None)
_lock = threading.Lock()
_users = 0
_originals: list[tuple[Any, str, Any]] = []


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within this context every Keras call of this thread is passed to `listener`."""
    _install()
    try:
        token = _active.set(listener)
        try:
            yield
        finally:
            _active.reset(token)
    finally:
        _uninstall()


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Within this context no call is passed to any listener: the inside of something that counts as one call."""
    token = _active.set(None)
    try:
        yield
    finally:
        _active.reset(token)


def _install() -> None:
    global _users
    import keras
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

    layer_class, operation_class = keras.layers.Layer, keras.Operation
    with _lock:
        _users += 1
        if _users > 1:
            return
        layer_call, operation_call = layer_class.__call__, operation_class.__call__
        name_scope, rematerialised = layer_class._open_name_scope, layer_class.rematerialized_call
        function_call = Function.__call__

        def watched_layer(self: Any, *args: Any, **kwargs: Any) -> Any:
            listener = _active.get()
            if listener is None:
                return layer_call(self, *args, **kwargs)
            stop_if_asked()
            return listener.on_call(self, layer_call, args, kwargs)

        def watched_operation(self: Any, *args: Any, **kwargs: Any) -> Any:
            listener = _active.get()
            # Layer.__call__ ends in Operation.__call__: counted there already.
            if listener is None or isinstance(self, layer_class):
                return operation_call(self, *args, **kwargs)
            return listener.on_call(self, operation_call, args, kwargs)

        def watched_function(self: Any, *args: Any, **kwargs: Any) -> Any:
            listener = _active.get()
            if listener is None:
                return function_call(self, *args, **kwargs)
            return listener.on_function(self, function_call, args, kwargs)

        def quiet_name_scope(self: Any) -> Any:
            # TensorFlow refuses layer names with spaces, unicode, "<" or ":" as graph scopes.
            return name_scope(self) if _active.get() is None else contextlib.nullcontext()

        def kept_call(self: Any, layer_call: Any, *args: Any, **kwargs: Any) -> Any:
            # Rematerialisation changes no value, but hides a layer's operations in a function of their own.
            if _active.get() is None:
                return rematerialised(self, layer_call, *args, **kwargs)
            return layer_call

        _originals.extend(
            [
                (layer_class, "__call__", layer_call),
                (operation_class, "__call__", operation_call),
                (Function, "__call__", function_call),
                (layer_class, "_open_name_scope", name_scope),
                (layer_class, "rematerialized_call", rematerialised),
            ]
        )
        # Code that AutoGraph rewrites calls the wrappers too: it must take them for Keras's and TensorFlow's own.
        layer_class.__call__ = functools.wraps(layer_call)(watched_layer)
        operation_class.__call__ = functools.wraps(operation_call)(watched_operation)
        Function.__call__ = functools.wraps(function_call)(watched_function)
        layer_class._open_name_scope = quiet_name_scope
        layer_class.rematerialized_call = kept_call


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            while _originals:
                owner, name, original = _originals.pop()
                setattr(owner, name, original)
