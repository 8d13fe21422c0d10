"""A bundle as a file: one HTML page, a folder for any web server, a `.tview` archive, or plain JSON. And back."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from tensorview import page, plain
from tensorview.blobs import inflate
from tensorview.bundle import Bundle
from tensorview.errors import BundleError, OptionError
from tensorview.files import whole_file, whole_folder
from tensorview.manifest import Blob, from_json

Format = Literal["html", "folder", "tview", "json"]
FORMATS: tuple[Format, ...] = ("html", "folder", "tview", "json")
SUFFIX: dict[Format, str] = {"html": ".html", "folder": "", "tview": ".tview", "json": ".json"}

MAX_MANIFEST = 512 * 2**20
BLOB_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def write(bundle: Bundle, path: str | Path, format: Format, *, force: bool = False) -> None:
    """Write a bundle whole or not at all. Raises OutputError where that can't be, OptionError for another format."""
    if format not in FORMATS:
        raise OptionError(f"format {format!r} is not known; choose one of {', '.join(FORMATS)}")
    if format == "folder":
        _write_folder(bundle, Path(path), force)
        return
    writer: Callable[[Bundle], Iterator[bytes]] = page.render if format == "html" else plain.render
    with whole_file(path, force=force) as file:
        if format == "tview":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                # A fixed date: the same bundle gives the same bytes.
                for name, data in _members(bundle):
                    archive.writestr(zipfile.ZipInfo(name), data)
        else:
            for chunk in writer(bundle):
                file.write(chunk)


def _members(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    yield "manifest.json", bundle.manifest_json().encode()
    for blob in bundle.manifest.blobs:
        yield f"blobs/{blob.id}.bin", bundle.raw_blob(blob.id)


def _write_folder(bundle: Bundle, path: Path, force: bool) -> None:
    with whole_folder(path, force=force) as folder:
        (folder / "blobs").mkdir()
        for name, data in _members(bundle):
            (folder / name).write_bytes(data)
        (folder / "index.html").write_bytes(b"".join(page.render_served(bundle.manifest.title)))


# Reading ------------------------------------------------------------------------------------------------------------


def open_bundle(path: str | Path) -> Bundle:
    """Open what `export` wrote as HTML, folder or .tview. Raises BundleError for anything else."""
    path = Path(path)
    try:
        if path.is_dir():
            return _open_folder(path)
        with path.open("rb") as file:
            start = file.read(4)
        return _open_archive(path) if start == b"PK\x03\x04" else _open_html(path)
    except FileNotFoundError:
        raise BundleError(f"{path} does not exist; expected a bundle: .html, .tview, or an exported folder") from None
    except OSError as error:
        raise BundleError(f"{path} can't be read: {error.strerror or error}") from error


def _bundle(path: Path, manifest: bytes | str, blobs: Mapping[str, bytes]) -> Bundle:
    try:
        data = json.loads(manifest)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is no bundle: its manifest is no JSON") from error
    parsed = from_json(data)
    odd = [blob.id for blob in parsed.blobs if not BLOB_ID.fullmatch(blob.id)]
    if odd:
        raise BundleError(f"{path} has a blob with the odd name {odd[0][:40]!r}; it was not written by tensorview")
    missing = [blob.id for blob in parsed.blobs if blob.id not in blobs]
    if missing:
        raise BundleError(f"{path} is not whole: blob {missing[0]!r} is missing; export it again")
    return Bundle(parsed, blobs)


class _Files(Mapping[str, bytes]):
    """The blobs of a folder, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self._paths = {path.stem: path for path in folder.glob("*.bin") if BLOB_ID.fullmatch(path.stem)}

    def __getitem__(self, id: str) -> bytes:
        return self._paths[id].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _open_folder(path: Path) -> Bundle:
    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise BundleError(f"{path} is a folder without a manifest.json; expected one that `--format folder` wrote")
    if manifest.stat().st_size > MAX_MANIFEST:
        raise BundleError(f"{manifest} is larger than any manifest; it was not written by tensorview")
    return _bundle(path, manifest.read_bytes(), _Files(path / "blobs"))


def _open_archive(path: Path) -> Bundle:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            if "manifest.json" not in infos:
                raise BundleError(f"{path} is a zip file, but no bundle: it has no manifest.json")
            # Stored, never deflated: a member can't grow beyond the file.
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos.values()):
                raise BundleError(f"{path} has packed members, which no bundle has; it was not written by tensorview")
            blobs = {
                name[6:-4]: archive.read(info)
                for name, info in infos.items()
                if name.startswith("blobs/") and name.endswith(".bin")
            }
            return _bundle(path, archive.read("manifest.json"), blobs)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"{path} is damaged: {error}") from error


_SCRIPT = re.compile(
    rb'<script type="application/octet-stream;base64" data-blob="([A-Za-z0-9_.-]+)">([A-Za-z0-9+/=\s]*)</script>'
)
_MANIFEST = re.compile(
    rb'<script type="application/octet-stream;base64" id="tensorview-manifest" data-size="(\d{1,9})">'
    rb"([A-Za-z0-9+/=]*)</script>"
)
_PLAIN_MANIFEST = re.compile(rb'<script type="application/json" id="tensorview-manifest">(.*?)</script>', re.DOTALL)
"""As pages of version 0.1 have it."""


def _open_html(path: Path) -> Bundle:
    data = path.read_bytes()
    found = _MANIFEST.search(data) or _PLAIN_MANIFEST.search(data)
    if found is None:
        raise BundleError(f"{path} is no bundle: expected .html or .tview from `tensorview export`, or a folder")
    if b'id="tensorview-end"' not in data[-400:]:
        raise BundleError(f"{path} is cut off; copy or export it again")
    try:
        blobs = {id.decode(): base64.b64decode(text, validate=False) for id, text in _SCRIPT.findall(data)}
        manifest = found.group(1) if found.re is _PLAIN_MANIFEST else _unpacked(path, int(found[1]), found[2])
    except binascii.Error as error:
        raise BundleError(f"{path} is damaged: {error}") from error
    return _bundle(path, manifest, blobs)


def _unpacked(path: Path, size: int, text: bytes) -> bytes:
    if size > MAX_MANIFEST:
        raise BundleError(f"{path} has a manifest larger than any; it was not written by tensorview")
    packed = base64.b64decode(text)
    return inflate(Blob(id="manifest", size=size, stored=len(packed)), packed)
