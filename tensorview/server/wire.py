"""Messages between the server and the processes that hold models: a JSON head and parts of bytes.

No pickles: whatever a model's process may send, it can't make the server run code.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_HEAD = 2**28
MOST_PART = 2**32
_LENGTH = struct.Struct("<Q")


class WireError(Exception):
    """The other end is gone, said what is no message, or said nothing in time."""


@dataclass(frozen=True, slots=True)
class Message:
    head: dict[str, Any]
    parts: tuple[bytes, ...] = ()


def send(fd: int, head: dict[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Writes one message. Raises WireError where nobody reads any more."""
    text = json.dumps({**head, "parts": [len(part) for part in parts]}).encode()
    try:
        for piece in (_LENGTH.pack(len(text)), text, *parts):
            view = memoryview(piece)
            while view:
                view = view[os.write(fd, view) :]
    except OSError as error:
        raise WireError(f"it is gone ({error.strerror})") from error


def receive(fd: int, seconds: float | None = None) -> Message:
    """Reads one message. Raises WireError where none comes within `seconds`, or the other end is gone."""
    deadline = None if seconds is None else time.monotonic() + seconds
    [length] = _LENGTH.unpack(_read(fd, _LENGTH.size, deadline))
    if length > MOST_HEAD:
        raise WireError("it said something that is no message")
    try:
        head = json.loads(_read(fd, length, deadline))
        sizes = [int(size) for size in head.pop("parts")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WireError("it said something that is no message") from error
    if any(not 0 <= size <= MOST_PART for size in sizes):
        raise WireError("it said something that is no message")
    return Message(head, tuple(_read(fd, size, deadline) for size in sizes))


def _read(fd: int, count: int, deadline: float | None) -> bytes:
    parts = []
    while count:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise TimeoutError
        try:
            part = os.read(fd, min(count, 2**20))
        except OSError as error:
            raise WireError(f"it is gone ({error.strerror})") from error
        if not part:
            raise WireError("it ended")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
