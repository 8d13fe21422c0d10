"""Holds a model that is being built to the weights that its file stores, before memory is taken for more.

A configuration of a few bytes can ask for terabytes (two layers of a million units each). What a layer needs is known
only while Keras builds it, so each variable is counted just before it is made. Keras has no hook for that: the
constructor of its variables is wrapped while at least one model is being loaded; the count is a context variable, so
other threads' variables pass untouched.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import threading
from collections.abc import Iterator
from typing import Any

from tensorview.backend import require_keras
from tensorview.errors import ModelError

_SLACK = 1 << 24
"""Numbers that no file stores: states of recurrent layers, tables made anew."""
_FACTOR = 4

_lock = threading.Lock()
_users = 0
_own: Any = None
"""The constructor that Keras's class had of its own; None where it inherits one."""


class _Count:
    def __init__(self, file: str, stored: int) -> None:
        self.file, self.stored = file, stored
        self.left = _FACTOR * stored + _SLACK

    def take(self, shape: Any, name: Any) -> None:
        sizes = [int(size) for size in shape if isinstance(size, int)]
        self.left -= math.prod(sizes)
        if self.left < 0:
            raise ModelError(
                f"{self.file} declares more weights than it holds: {' × '.join(f'{n:,}' for n in sizes)} for one "
                f"variable ({str(name)[:80]!r}), but only {self.stored:,} numbers are in the file; refused"
            )


_active: contextvars.ContextVar[_Count | None] = contextvars.ContextVar("tensorview_allowance", default=None)


@contextlib.contextmanager
def allowing(file: str, stored: int) -> Iterator[None]:
    """Within this context, variables may come to about what the file's `stored` numbers are; else ModelError."""
    _install()
    token = _active.set(_Count(file, stored))
    try:
        yield
    finally:
        _active.reset(token)
        _uninstall()


def _install() -> None:
    global _users, _own
    variable = require_keras().Variable
    with _lock:
        _users += 1
        if _users > 1:
            return
        original, _own = variable.__init__, vars(variable).get("__init__")

        def counted(self: Any, initializer: Any, shape: Any = None, *args: Any, **kwargs: Any) -> None:
            count = _active.get()
            if count is not None and isinstance(shape, tuple | list):
                count.take(shape, kwargs.get("name"))
            original(self, initializer, shape, *args, **kwargs)

        variable.__init__ = counted


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users > 0:
            return
        variable = require_keras().Variable
        if _own is None:
            del variable.__init__
        else:
            variable.__init__ = _own
