"""Runs a function with room for deep recursion: Keras recurses once or more for every layer of a deep model."""

from __future__ import annotations

import contextvars
import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE = 2.0
"""Seconds that a thread has to stop by itself at its next layer call, before it is interrupted wherever it is."""

_STACK = 512 * 1024 * 1024
"""Bytes of address space; only what the recursion really reaches is ever backed by memory."""
_LIMIT = 200_000
_asked: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("tensorview_stop", default=None)
_lock = threading.Lock()
_users = 0
_limit_before = 0


def run_deep(function: Callable[[], T]) -> T:
    """What `function` returns or raises, run in a thread of its own with a large stack and a raised recursion limit.

    The caller's context variables are seen inside. Ctrl-C stops the thread and is raised in the caller once the
    thread has put everything back in place.
    """
    result: dict[str, Any] = {}
    asked, ended = threading.Event(), threading.Event()

    def interruptible() -> T:
        token = _asked.set(asked)
        try:
            return function()
        finally:
            _asked.reset(token)

    context = contextvars.copy_context()

    def work() -> None:
        try:
            result["value"] = context.run(interruptible)
        except BaseException as error:
            result["error"] = error
        finally:
            ended.set()

    _raise_limit()
    try:
        with _lock:
            before = threading.stack_size(_STACK)
            try:
                thread = threading.Thread(target=work, name="tensorview-deep", daemon=True)
                thread.start()
            finally:
                threading.stack_size(before)
        try:
            ended.wait()  # a thread's join takes it for ended once it was interrupted
        except BaseException:
            asked.set()
            _stop(thread, ended)
            raise
    finally:
        _restore_limit()
    if "error" in result:
        raise result["error"]
    value: T = result["value"]
    return value


MANY_LAYERS = 200
"""From this many on a model may be too deep for the usual stack."""


def with_deep_stack(model: Any, function: Callable[[], T]) -> T:
    """Run `function`; for a model of many layers with room for deep recursion and with this thread's Keras state."""
    if len(model._flatten_layers()) < MANY_LAYERS:
        return function()
    from keras.src.backend.common import global_state

    keras_state = dict(vars(global_state.GLOBAL_STATE_TRACKER))

    def work() -> T:
        vars(global_state.GLOBAL_STATE_TRACKER).update(keras_state)
        return function()

    return run_deep(work)


def stop_if_asked() -> None:
    """Raises KeyboardInterrupt in a thread of `run_deep` whose caller was interrupted; elsewhere does nothing."""
    asked = _asked.get()
    if asked is not None and asked.is_set():
        raise KeyboardInterrupt


def _stop(thread: threading.Thread, ended: threading.Event) -> None:
    """End the thread at its next layer call, else wherever its Python code is. What TensorFlow computes ends first."""
    if not ended.wait(_PATIENCE) and thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))
        ended.wait()


def _raise_limit() -> None:
    """The recursion limit is the whole process's: the first that needs it raises it, the last one restores it."""
    global _users, _limit_before
    with _lock:
        if _users == 0:
            _limit_before = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_limit_before, _LIMIT))
        _users += 1


def _restore_limit() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            sys.setrecursionlimit(_limit_before)
