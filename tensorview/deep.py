"""Runs a function with room for deep recursion: Keras recurses once or more for every layer of a deep model."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_STACK = 512 * 1024 * 1024
"""Bytes of address space; only what the recursion really reaches is ever backed by memory."""
_LIMIT = 200_000
_lock = threading.Lock()
_users = 0
_limit_before = 0


def run_deep(function: Callable[[], T]) -> T:
    """What `function` returns or raises, run in a thread of its own with a large stack and a raised recursion limit.

    The caller's context variables are seen inside. Ctrl-C is raised in the caller; the thread is left to end alone.
    """
    result: dict[str, Any] = {}
    context = contextvars.copy_context()

    def work() -> None:
        try:
            result["value"] = context.run(function)
        except BaseException as error:
            result["error"] = error

    _raise_limit()
    try:
        with _lock:
            before = threading.stack_size(_STACK)
            try:
                thread = threading.Thread(target=work, name="tensorview-deep", daemon=True)
                thread.start()
            finally:
                threading.stack_size(before)
        thread.join()
    finally:
        _restore_limit()
    if "error" in result:
        raise result["error"]
    value: T = result["value"]
    return value


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
