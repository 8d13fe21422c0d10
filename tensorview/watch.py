"""Sees every call of a Keras layer or operation, for the recorder that is active in this context, and for no other.

Keras has no hook for this, so `__call__` is wrapped while at least one recorder is active anywhere in the process. The
wrapper is installed once, under a lock with a count; which recorder hears of a call is a context variable, so calls
in other threads pass untouched.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol


class Listener(Protocol):
    def on_call(self, layer: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any: ...


_active: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("tensorview_recorder", default=None)
_lock = threading.Lock()
_users = 0
_originals: dict[str, Any] = {}


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within this context every Keras call of this thread is passed to `listener`."""
    _install()
    token = _active.set(listener)
    try:
        yield
    finally:
        _active.reset(token)
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

    layer_class, operation_class = keras.layers.Layer, keras.Operation
    with _lock:
        _users += 1
        if _users > 1:
            return
        layer_call, operation_call = layer_class.__call__, operation_class.__call__
        name_scope = layer_class._open_name_scope
        _originals.update(layer=layer_call, operation=operation_call, scope=name_scope)

        def watched_layer(self: Any, *args: Any, **kwargs: Any) -> Any:
            listener = _active.get()
            if listener is None:
                return layer_call(self, *args, **kwargs)
            return listener.on_call(self, layer_call, args, kwargs)

        def watched_operation(self: Any, *args: Any, **kwargs: Any) -> Any:
            listener = _active.get()
            # Layer.__call__ ends in Operation.__call__: counted there already.
            if listener is None or isinstance(self, layer_class):
                return operation_call(self, *args, **kwargs)
            return listener.on_call(self, operation_call, args, kwargs)

        def quiet_name_scope(self: Any) -> Any:
            # TensorFlow refuses layer names with spaces, unicode, "<" or ":" as graph scopes.
            return name_scope(self) if _active.get() is None else contextlib.nullcontext()

        layer_class.__call__ = watched_layer
        operation_class.__call__ = watched_operation
        layer_class._open_name_scope = quiet_name_scope


def _uninstall() -> None:
    global _users
    import keras

    with _lock:
        _users -= 1
        if _users == 0:
            keras.layers.Layer.__call__ = _originals["layer"]
            keras.Operation.__call__ = _originals["operation"]
            keras.layers.Layer._open_name_scope = _originals["scope"]
            _originals.clear()
