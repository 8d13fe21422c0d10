"""Checks a `.keras` archive, member by member, before anything in it is unpacked."""

from __future__ import annotations

import contextlib
import io
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tensorview.errors import ModelError

CONFIG_LIMIT = 32 * 1024 * 1024
"""Bytes of a config.json; that of a model with a vocabulary of a million words is smaller."""
_BLOAT = 50
"""Archives of Keras store weights as they are; far more declared than stored is a decompression bomb."""
_FLOOR = 64 * 1024 * 1024
_DIRECTORY_LIMIT = 16 * 1024 * 1024
"""Bytes of an archive's list of members: some 200,000 of them. Keras writes three, and a few for vocabularies."""
_END = struct.Struct("<4s4H2LH")


def check_directory(path: Path) -> None:
    """Refuses an archive whose list of members is itself too long to read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65_535 - _END.size))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return  # cut short: zipfile says so
    length = _END.unpack_from(tail, at)[5]
    if _DIRECTORY_LIMIT < length < 0xFFFFFFFF:
        raise ModelError(f"{path} lists more files than any model has ({length:,} bytes of names alone); refused")


def check_members(path: Path, archive: zipfile.ZipFile, size: int) -> set[str]:
    """The names of an archive's members. Raises ModelError for one that is hostile, or that can't be read."""
    names: set[str] = set()
    total = 0
    for info in archive.infolist():
        name = repr(info.filename[:80])
        parts = info.filename.replace("\\", "/").split("/")
        if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise ModelError(f"{path} holds a file with a path of its own ({name}); refused")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ModelError(f"{path} holds a link to another file ({name}); refused")
        if info.filename in names:
            raise ModelError(f"{path} holds {name} twice; refused")
        if info.flag_bits & 1:
            raise ModelError(f"{path} is encrypted ({name}); decrypt it first")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelError(f"{path} is compressed in a way that no Keras writes ({name}); save the model again")
        names.add(info.filename)
        total += info.file_size
        if info.file_size > _FLOOR and info.file_size > _BLOAT * max(info.compress_size, 1):
            raise ModelError(
                f"{path} declares {info.file_size:,} bytes for {name} and stores {info.compress_size:,}: "
                "a decompression bomb; refused"
            )
    if total > _FLOOR and total > _BLOAT * size:
        raise ModelError(f"{path} declares {total:,} bytes in a file of {size:,}: a decompression bomb; refused")
    if "config.json" in names and archive.getinfo("config.json").file_size > CONFIG_LIMIT:
        raise ModelError(f"{path} has a config.json of more than {CONFIG_LIMIT:,} bytes; refused")
    return names


@contextlib.contextmanager
def seekable(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """A member as a file that is quick to move about in: a stored one where it lies, a compressed one unpacked, since
    Python reads a member from its start again for each step back."""
    info = archive.getinfo(name)
    with archive.open(name) as member:  # which compares its local header with the directory
        if info.compress_type == zipfile.ZIP_STORED and archive.filename is not None:
            with Path(archive.filename).open("rb") as whole:
                whole.seek(info.header_offset + 26)
                lengths = struct.unpack("<HH", whole.read(4))
                start = info.header_offset + 30 + sum(lengths)
                yield io.BufferedReader(_Part(whole, start, info.file_size))
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(member, unpacked, 1 << 20)
            yield unpacked


class _Part(io.RawIOBase):
    """`size` bytes of a file from `start` on, as a file of its own."""

    def __init__(self, whole: IO[bytes], start: int, size: int) -> None:
        self._whole, self._start, self._size, self._place = whole, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        self._whole.seek(self._start + self._place)
        data = self._whole.read(max(0, min(len(buffer), self._size - self._place)))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
