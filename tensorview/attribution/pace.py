"""How far a method with many passes has come: told to whoever listens, who may stop it by raising."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

_listener: ContextVar[Callable[[float], None] | None] = ContextVar("tensorview_pace", default=None)


@contextlib.contextmanager
def listening(told: Callable[[float], None]) -> Iterator[None]:
    """Within this, `told` is called between passes with the share of one sample's passes that are done, 0..1."""
    token = _listener.set(told)
    try:
        yield
    finally:
        _listener.reset(token)


def parts(count: int, room: int) -> Iterator[slice]:
    """The numbers from 0 to `count` in slices of at most `room`, a pass each."""
    told = _listener.get()
    for start in range(0, count, room):
        if told is not None:
            told(start / count)
        yield slice(start, min(start + room, count))
