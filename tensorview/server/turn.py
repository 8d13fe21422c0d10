"""Whose turn it is to compute: one at a time, people at a page before jobs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tensorview.server.problems import Problem

PATIENCE = 30.0
"""Seconds that a person waits for others' work before they are told to try again."""


class Turn:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._waiting = 0

    @contextlib.contextmanager
    def person(self, patience: float = PATIENCE) -> Iterator[None]:
        """A turn for one who waits at a page. Raises Problem 429 where none comes up in time."""
        with self._changed:
            self._waiting += 1
            try:
                if not self._changed.wait_for(lambda: not self._taken, patience):
                    raise Problem(429, "the server is busy computing; try again", headers={"Retry-After": "5"})
                self._taken = True
            finally:
                self._waiting -= 1
        try:
            yield
        finally:
            self._give()

    @contextlib.contextmanager
    def job(self) -> Iterator[None]:
        self._take()
        try:
            yield
        finally:
            self._give()

    def let_by(self) -> None:
        """From within a job's turn: those who wait at a page go first."""
        if self._waiting:
            self._give()
            self._take()

    def _take(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and not self._waiting)
            self._taken = True

    def _give(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()
