"""Files that are written whole or not at all: a temporary file beside the target takes its place at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tensorview.errors import OutputError


def check_free(path: str | Path, force: bool) -> Path:
    """The path, once it is sure that it may be written. Raises OutputError for one that exists, unless `force`."""
    path = Path(path)
    if not path.name:
        raise OutputError(f"{str(path)!r} is no file name; expected something like 'model.html'")
    parent = path.parent
    if not parent.is_dir():
        raise OutputError(f"{parent} is not a folder; make it first, or choose another output with -o")
    if path.exists() and not force:
        raise OutputError(f"{path} exists already; choose another output with -o, or overwrite it with --force")
    return path


def check_ending(path: str | Path, endings: tuple[str, ...], what: str) -> Path:
    """The path, once its ending is one of those that `what` is written as. Raises OutputError."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        listed = ", ".join(endings[:-1]) + f" or {endings[-1]}" if len(endings) > 1 else endings[0]
        raise OutputError(f"{path} ends in {path.suffix or 'nothing'}; {what} is written as {listed}")
    return path


@contextlib.contextmanager
def whole_file(path: str | Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A binary file that appears under `path` only when the block ends well; else nothing is left behind."""
    path = check_free(path, force)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; a file was to be written there; choose another output with -o")
    beside = _beside(path)
    with _told(path):
        try:
            with beside.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path, *, force: bool = False) -> Iterator[Path]:
    """A folder to fill, that appears under `path` only when the block ends well.

    With `force` it takes the place of a folder that an export wrote (one with a manifest.json, or an empty one); any
    other folder or file is left alone, since overwriting it would delete what a person may miss.
    """
    path = check_free(path, force)
    if path.exists() and not _ours(path):
        raise OutputError(f"{path} was not written by tensorview, so it is not overwritten; choose another output")
    beside = _beside(path)
    old = _beside(path)
    with _told(path):
        try:
            beside.mkdir()
            yield beside
            if path.exists():
                path.replace(old)
            beside.replace(path)
        except BaseException:
            if old.exists() and not path.exists():
                old.replace(path)
            raise
        finally:
            for rest in (beside, old):
                shutil.rmtree(rest, ignore_errors=True)


def _ours(path: Path) -> bool:
    return path.is_dir() and ((path / "manifest.json").is_file() or not any(path.iterdir()))


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns what the system says (disk full, no permission) into one line that names the output."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path} could not be written: {reason}; nothing was left there") from error
