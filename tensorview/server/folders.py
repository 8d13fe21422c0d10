"""The folders of a library on the disk: what is in them is whole or not there, after a crash as well."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorview.errors import BundleError, OutputError
from tensorview.server.index import Kind
from tensorview.server.problems import Problem

SUFFIXES: dict[str, Kind] = {".tview": "report", ".keras": "model", ".h5": "model"}
CARD = ".card.json"
"""What a person has said of a file lies beside it: its name, tags and when it was added."""
OLD = 3600
"""Seconds after which a half-written file is nobody's any more, where another server may be at work."""


class Folders:
    """Where a library's files lie: its own folder, the trash in it, and the cache of what is made of models.

    Raises OSError where they can't be made.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.trash, self.cache = home, home / "trash", home / "cache"
        for path in (self.home, self.trash, self.cache):
            path.mkdir(parents=True, exist_ok=True)
        self.alone = self._lock()

    def path(self, root: str, file: str) -> Path:
        """root: "library" or "trash"; of what was given on the command line, the file is its path."""
        homes = {"library": self.home, "trash": self.trash}
        return homes[root] / file if root in homes else Path(file)

    def part(self) -> Path:
        """Where something may be written that is to be taken in; swept away after a crash."""
        return self.home / f".{secrets.token_hex(8)}.part"

    def times(self) -> tuple[int, ...]:
        """Others once a file has come or gone."""
        return tuple(folder.stat().st_mtime_ns for folder in (self.home, self.trash))

    def files(self) -> Iterator[tuple[str, Path]]:
        for root, folder in (("library", self.home), ("trash", self.trash)):
            for path in folder.iterdir():
                if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
                    yield root, path

    def pair_cards(self, found: dict[tuple[str, str], Path]) -> None:
        """A move that was cut short has left a card in the other folder."""
        for here, there in ((self.home, self.trash), (self.trash, self.home)):
            root = "trash" if there == self.trash else "library"
            for card in here.glob(f"*{CARD}"):
                file = card.name.removesuffix(CARD)
                if (here / file).exists():
                    continue
                if (root, file) in found and not card_of(there / file).exists():
                    card.replace(there / card.name)
                elif self.alone:
                    card.unlink(missing_ok=True)

    def clean(self) -> None:
        """What a crash has left half-written."""
        for folder in (self.home, self.trash, self.cache):
            for part in folder.glob(".*.part*"):
                with contextlib.suppress(FileNotFoundError):
                    if self.alone or datetime.datetime.now().timestamp() - part.stat().st_mtime > OLD:
                        part.unlink()

    def _lock(self) -> bool:
        """Whether no other server uses this folder."""
        self._lock_file = (self.home / ".lock").open("w")
        try:
            import fcntl
        except ImportError:
            return False
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        fcntl.flock(self._lock_file, fcntl.LOCK_SH)
        return alone

    def close(self) -> None:
        self._lock_file.close()


def card_of(path: Path) -> Path:
    return path.with_name(path.name + CARD)


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Beside the file at `path`, whole or not at all."""
    with telling():
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                file.write(json.dumps(card).encode())
                file.flush()
                os.fsync(file.fileno())
            part.replace(card_of(path))
            sync(path.parent)
        finally:
            part.unlink(missing_ok=True)


def kind_of(path: Path) -> str:
    """The ending that a file's bytes ask for. Raises Problem 415."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return ".h5"
    if start.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BundleError(f"this file is damaged: {error}") from error
        if "manifest.json" in names:
            return ".tview"
        if "config.json" in names:
            return ".keras"
    if start.lstrip().lower().startswith(b"<!doctype html"):
        return ".html"
    raise Problem(415, "this is neither a model (.keras, .h5) nor a report of tensorview (.tview, .html)")


def sync(*folders: Path) -> None:
    """Names, too, are written through to the disk."""
    for folder in folders:
        with contextlib.suppress(OSError):  # some systems can't, and need not
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Turns what the system says into one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"the library could not be written: {reason}; nothing was changed") from error
