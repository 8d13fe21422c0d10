"""Looks at a model file before Keras does, and refuses what is damaged, foreign or hostile in one clear line.

Nothing here imports Keras or runs anything from the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tensorview import hdf5, modelzip
from tensorview.errors import ModelError, first_line

Kind = Literal["keras", "folder", "h5", "json"]

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
_METADATA = "metadata.json"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MOST_RANDOM = 1 << 28
"""Numbers that the random weights of an architecture may come to."""
_MOST_ITEMS = 4_000_000
"""Values in a configuration; parsed, each takes some 80 bytes and more."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A checked model file: the configuration of the model in it, and what its weights are."""

    path: Path
    kind: Kind
    config: dict[str, Any]
    stored: hdf5.Stored
    saved_by: str | None
    """The version of Keras that wrote it, where the file says so."""
    weights: Path | None = None
    """The file of its weights, where they lie in another one."""


def read(path: Path) -> ModelFile:
    """Check the model file `path` and read its configuration.

    Raises ModelError for what is missing, empty, damaged, of another format, or hostile.
    """
    try:
        _no_pipe(path)
        if path.is_dir():
            return _read_folder(path)
        with path.open("rb") as file:
            start = file.read(8)
            size = file.seek(0, io.SEEK_END)
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist; expected a .keras or .h5 file, or keras:NAME") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    if size == 0:
        raise ModelError(f"{path} is empty; expected a .keras or .h5 file")
    if start.startswith(b"PK") and (path.suffix == ".keras" or _has_config(path)):
        _check_name(path, (".keras",), "a Keras archive")
        return _read_archive(path, size)
    if start == _HDF5:
        _check_name(path, (".h5", ".hdf5"), "an HDF5 file")
        return _read_h5(path, size)
    raise ModelError(f"{path} is neither a .keras archive nor an HDF5 file{_foreign_hint(path, start)}")


def _no_pipe(path: Path) -> None:
    if path.is_fifo():
        raise ModelError(f"{path} is a pipe, which may never end; save the model as a file first")


def read_configuration(path: Path) -> dict[str, Any]:
    """The configuration of a model alone, for which no weights are read: of a .keras file or folder, a .h5 or a .json
    file. Raises ModelError as `read` does, but for what is wrong with the weights."""
    if path.suffix.lower() == ".json":
        return read_architecture(path, None).config
    try:
        _no_pipe(path)
        if (path / "saved_model.pb").is_file() and not (path / CONFIG).is_file():
            raise ModelError(f"{path} is a SavedModel, whose graph is only read with TensorFlow; leave --fast out")
        if path.is_dir() and (path / CONFIG).is_file():
            return read_architecture(path / CONFIG, None).config
        with path.open("rb") as file:
            start = file.read(8)
        if not start.startswith(b"PK") or path.suffix != ".keras":
            if start == _HDF5:
                return _read_h5(path, path.stat().st_size, weights=False).config
            return read(path).config  # which says what it is
    except OSError:
        return read(path).config
    try:
        modelzip.check_directory(path)
        with zipfile.ZipFile(path) as archive:
            names = modelzip.check_members(path, archive, path.stat().st_size)
            if CONFIG not in names:
                raise ModelError(f"{path} is a zip file without {CONFIG}, so it is no Keras model")
            return parse(path, archive.read(CONFIG))
    except ModelError:
        raise
    except Exception as error:  # damaged archives raise nearly anything, even UnicodeDecodeError for a name
        raise hdf5.damaged(path, error) from error


def read_architecture(path: Path, weights: Path | None) -> ModelFile:
    """Check a `.json` file as `model.to_json()` gives it, and the file with its weights; None for random ones."""
    try:
        _no_pipe(path)
        if path.stat().st_size > modelzip.CONFIG_LIMIT:
            raise ModelError(f"{path} has a configuration of more than {modelzip.CONFIG_LIMIT:,} bytes; refused")
        config = parse(path, path.read_bytes())
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist; expected a .keras, .h5 or .json file, or keras:NAME") from None
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}") from error
    version = config.get("keras_version")
    stored = hdf5.Stored(_MOST_RANDOM, {}) if weights is None else read_weights(weights)
    return ModelFile(path, "json", config, stored, version if isinstance(version, str) else None, weights)


def read_weights(path: Path) -> hdf5.Stored:
    """Check a file of weights: a `.keras` archive, or an HDF5 file of any layout."""
    try:
        if path.suffix == ".keras":
            return read(path).stored
        with path.open("rb") as file:
            return hdf5.check(path, file, path.stat().st_size)
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}") from error


def digest(path: Path) -> str:
    """SHA-256 in hexadecimal: of a file, or of the names and contents of a folder's files in the order of names."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for inner in sorted(item for item in path.rglob("*") if item.is_file()):
        whole.update(f"{inner.relative_to(path).as_posix()}\0{digest(inner)}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def parse(path: Path, text: bytes | str) -> dict[str, Any]:
    """The configuration of a model from its JSON. Raises ModelError in one line for anything else."""
    if len(text) > modelzip.CONFIG_LIMIT:
        raise ModelError(f"{path} has a configuration of more than {modelzip.CONFIG_LIMIT:,} bytes; refused")
    encoded = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if sum(encoded.count(mark) for mark in (b",", b"[", b"{")) > _MOST_ITEMS:
        raise ModelError(f"{path} has a configuration of more than {_MOST_ITEMS:,} values; refused")
    try:
        config = json.loads(text)
    except RecursionError:
        raise ModelError(f"{path} has a configuration that is nested too deep to read; refused") from None
    except ValueError as error:
        raise ModelError(f"{path} has a configuration that is no valid JSON ({first_line(error)})") from error
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ModelError(f"{path} has a configuration that describes no Keras model (no 'class_name' in it)")
    return config


def _read_archive(path: Path, size: int) -> ModelFile:
    try:
        modelzip.check_directory(path)
        with zipfile.ZipFile(path) as archive:
            names = modelzip.check_members(path, archive, size)
            if CONFIG not in names:
                raise ModelError(f"{path} is a zip file without {CONFIG}, so it is no Keras model")
            if WEIGHTS not in names:
                raise ModelError(f"{path} holds no weights (no {WEIGHTS} in it); save the model again")
            broken = archive.testzip()
            if broken:
                raise ModelError(
                    f"{path} is damaged ({broken[:80]!r} in it has other bytes than were saved); copy it again"
                )
            config = parse(path, archive.read(CONFIG))
            with modelzip.seekable(archive, WEIGHTS) as weights:
                stored = hdf5.check(path, weights, archive.getinfo(WEIGHTS).file_size)
            version = _version(archive.read(_METADATA)) if _METADATA in names else None
    except ModelError:
        raise
    except Exception as error:  # damaged archives raise nearly anything, even UnicodeDecodeError for a name
        raise hdf5.damaged(path, error) from error
    return ModelFile(path, "keras", config, stored, version)


def _read_folder(path: Path) -> ModelFile:
    if not (path / CONFIG).is_file():
        raise ModelError(f"{path} is a folder without {CONFIG}; expected a .keras or .h5 file")
    if not (path / WEIGHTS).is_file():
        raise ModelError(f"{path} holds no weights (no {WEIGHTS} in it); save the model again")
    if (path / CONFIG).stat().st_size > modelzip.CONFIG_LIMIT:
        raise ModelError(f"{path} has a {CONFIG} of more than {modelzip.CONFIG_LIMIT:,} bytes; refused")
    config = parse(path, (path / CONFIG).read_bytes())
    with (path / WEIGHTS).open("rb") as weights:
        stored = hdf5.check(path, weights, (path / WEIGHTS).stat().st_size)
    metadata = path / _METADATA
    return ModelFile(path, "folder", config, stored, _version(metadata.read_bytes()) if metadata.is_file() else None)


def _read_h5(path: Path, size: int, *, weights: bool = True) -> ModelFile:
    """weights: also check and count them."""
    with path.open("rb") as file:
        stored = hdf5.check(path, file, size) if weights else hdf5.Stored(0, {})
        file.seek(0)
        text = hdf5.attribute(path, file, "model_config")
        file.seek(0)
        version = hdf5.attribute(path, file, "keras_version") if text else None
    if text is None:
        raise ModelError(
            f"{path} holds no model configuration: perhaps weights only; "
            "expected a whole model, saved with model.save('model.keras')"
        )
    return ModelFile(path, "h5", parse(path, text), stored, version)


def _version(metadata: bytes) -> str | None:
    try:
        version = json.loads(metadata[:100_000])["keras_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return version[:40] if isinstance(version, str) else None


def _has_config(path: Path) -> bool:
    """Whether a zip file holds a Keras model; PyTorch's models, .npz and many others are zip files as well."""
    try:
        modelzip.check_directory(path)
        with zipfile.ZipFile(path) as archive:
            return CONFIG in archive.namelist()
    except Exception:  # as in _read_archive
        return False


def _check_name(path: Path, endings: tuple[str, ...], what: str) -> None:
    if not path.name.endswith(endings):
        raise ModelError(f"{path} is {what}, but its name does not end in {endings[0]}; rename it so that it does")


def _foreign_hint(path: Path, start: bytes) -> str:
    known = {".onnx": "ONNX", ".pt": "PyTorch", ".pth": "PyTorch", ".tflite": "TensorFlow Lite", ".pb": "TensorFlow"}
    name = "TensorFlow Lite" if start[4:8] == b"TFL3" else known.get(path.suffix.lower())
    return f"; it looks like {name}, which tensorview can't read" if name else "; expected a Keras model file"
