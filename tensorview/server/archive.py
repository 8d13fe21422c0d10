"""A .tview file that is read where it is asked for, never as a whole."""

from __future__ import annotations

import dataclasses
import json
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tensorview.blobs import MAX_BLOB, check_ref
from tensorview.bundle import Bundle
from tensorview.errors import BundleError
from tensorview.formats import BLOB_ID
from tensorview.manifest import Manifest, TensorRef, from_json

MOST_MANIFEST = 128 * 2**20
CHUNK = 2**18


class Archive(Mapping[str, bytes]):
    """The blobs of a .tview file by id. Raises BundleError for what is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            self._infos = {info.filename: info for info in self._zip.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BundleError(f"{path.name} is damaged: {error}") from error
        if "manifest.json" not in self._infos:
            raise BundleError(f"{path.name} is a zip file, but no bundle: it has no manifest.json")
        self._checked = False
        size = path.stat().st_size
        for info in self._infos.values():
            # Stored, so that a member can't grow beyond the file.
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size > size:
                raise BundleError(
                    f"{path.name} has packed members, which no bundle has; it was not written by tensorview"
                )
        if self._infos["manifest.json"].file_size > MOST_MANIFEST:
            raise BundleError(f"{path.name} has a manifest larger than any")

    def _member(self, name: str) -> zipfile.ZipInfo:
        return self._infos[f"blobs/{name}.bin"]

    def __getitem__(self, id: str) -> bytes:
        return self._read(self._member(id))

    def __iter__(self) -> Iterator[str]:
        return (name[6:-4] for name in self._infos if name.startswith("blobs/") and name.endswith(".bin"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, id: object) -> bool:
        return f"blobs/{id}.bin" in self._infos

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise BundleError(f"{self.path.name} is damaged: {error}") from error

    def manifest_bytes(self) -> bytes:
        return self._read(self._infos["manifest.json"])

    def manifest_tag(self) -> str:
        return _tag(self._infos["manifest.json"])

    def size(self, id: str) -> int:
        return self._member(id).file_size

    def tag(self, id: str) -> str:
        """Another one for other bytes."""
        return _tag(self._member(id))

    def chunks(self, id: str) -> Iterator[bytes]:
        """A blob's bytes piece by piece."""
        with self._zip.open(self._member(id)) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def manifest(self) -> Manifest:
        """The manifest, checked: every blob that it tells of is there."""
        try:
            data = json.loads(self.manifest_bytes())
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{self.path.name} is no bundle: its manifest is no JSON") from error
        manifest = from_json(data)
        for blob in manifest.blobs:
            if not BLOB_ID.fullmatch(blob.id) or blob.id not in self or self.size(blob.id) != blob.stored:
                raise BundleError(f"{self.path.name} is not whole: blob {blob.id[:40]!r} is missing or cut short")
            if not 0 <= blob.size <= MAX_BLOB:
                raise BundleError(f"{self.path.name} has a blob {blob.id!r} that claims {blob.size} bytes")
        sizes = {blob.id: blob.size for blob in manifest.blobs}
        for ref in _refs(manifest):
            if ref.blob not in sizes:
                raise BundleError(f"{self.path.name} has a tensor in no blob: {ref.blob[:40]!r}")
            check_ref(ref, sizes[ref.blob])
        return manifest

    def check(self, manifest: Manifest) -> None:
        """Raises BundleError where a blob is not what the manifest says, before any of them is sent on: at whatever
        size they claim, a piece at a time is unpacked."""
        if self._checked:
            return
        for blob in manifest.blobs:
            unpacker, size = zlib.decompressobj(-15), 0
            try:
                for chunk in self.chunks(blob.id):
                    while chunk and size <= blob.size:
                        size += len(unpacker.decompress(chunk, CHUNK))
                        chunk = unpacker.unconsumed_tail  # noqa: PLW2901
            except (zlib.error, zipfile.BadZipFile, OSError, EOFError) as error:
                raise BundleError(f"{self.path.name} is damaged: its blob {blob.id!r} can't be unpacked") from error
            if size != blob.size or not unpacker.eof:
                raise BundleError(f"{self.path.name} is damaged: its blob {blob.id!r} has not the size that it claims")
        self._checked = True

    def bundle(self) -> Bundle:
        return Bundle(self.manifest(), self)

    def close(self) -> None:
        self._zip.close()


def _refs(part: Any) -> Iterator[TensorRef]:
    """Every tensor that a manifest refers to."""
    if isinstance(part, TensorRef):
        yield part
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from _refs(getattr(part, field.name))
    elif isinstance(part, tuple):
        for one in part:
            if not isinstance(one, str | int | float):
                yield from _refs(one)


def _tag(info: zipfile.ZipInfo) -> str:
    return f"{info.CRC:08x}{info.file_size:x}"


class Archives:
    """Archives that are open, the ones used last: opening one reads its directory."""

    def __init__(self, most: int = 32) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[Path, int, int], Archive] = OrderedDict()

    def open(self, path: Path) -> Archive:
        """Raises BundleError for what is no bundle (any more)."""
        try:
            stat = path.stat()
        except OSError as error:
            raise BundleError(f"{path.name} can't be read: {error.strerror or error}") from error
        key = (path, stat.st_size, stat.st_mtime_ns)
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        made = Archive(path)
        with self._lock:
            self._open[key] = made
            # Not closed here: another thread may be reading it; it closes when nobody holds it any more.
            while len(self._open) > self.most:
                self._open.popitem(last=False)
        return made

    def forget(self, path: Path) -> None:
        """Let go of a file that is deleted or moved: its room on the disk is free once nobody reads it."""
        with self._lock:
            for key in [key for key in self._open if key[0] == path]:
                del self._open[key]
