"""Looks at a model file before Keras does, and refuses what is damaged, foreign or hostile in one clear line.

Nothing here imports Keras or runs anything from the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import IO, Any, Literal

from tensorview.errors import ModelError, first_line

Kind = Literal["keras", "h5"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_CONFIG_LIMIT = 256 * 1024 * 1024
_BLOAT = 100
"""A genuine archive stores weights as they are; far more declared than stored is a decompression bomb."""
_FLOOR = 256 * 1024 * 1024


def read_config(path: Path) -> tuple[Kind, dict[str, Any]]:
    """The kind of model file that `path` is, and the configuration of the model in it.

    Raises ModelError for what is missing, a folder, empty, damaged, of another format, or hostile.
    """
    try:
        if path.is_dir():
            raise ModelError(f"{path} is a folder; expected a .keras or .h5 file{_folder_hint(path)}")
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
        return "keras", _keras_config(path, size)
    if start == _HDF5:
        _check_name(path, (".h5", ".hdf5"), "an HDF5 file")
        return "h5", _h5_config(path, size)
    raise ModelError(f"{path} is neither a .keras archive nor an HDF5 file{_foreign_hint(path, start)}")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def saved_by(path: Path) -> str | None:
    """The version of Keras that wrote a model file, where the file says so."""
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                version = json.loads(archive.read("metadata.json")).get("keras_version")
        else:
            import h5py

            with h5py.File(path, "r") as opened:
                version = opened.attrs.get("keras_version")
    except (OSError, KeyError, ValueError, AttributeError, zipfile.BadZipFile):
        return None
    return str(version) if version else None


def _keras_config(path: Path, size: int) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = _check_members(path, archive, size)
            if "config.json" not in names:
                raise ModelError(f"{path} is a zip file without config.json, so it is no Keras model")
            broken = archive.testzip()
            if broken:
                raise ModelError(
                    f"{path} is damaged ({broken[:80]!r} in it has other bytes than were saved); copy it again"
                )
            config = _parse(path, archive.read("config.json"))
            if "model.weights.h5" in names:
                with archive.open("model.weights.h5") as weights:
                    check_hdf5(path, weights, archive.getinfo("model.weights.h5").file_size)
            elif "model.weights.npz" not in names:
                raise ModelError(f"{path} holds no weights (no model.weights.h5 in it); save the model again")
    except ModelError:
        raise
    except Exception as error:  # damaged archives raise nearly anything, even UnicodeDecodeError for a name
        raise _damaged(path, error) from error
    return config


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path} is damaged or cut short ({first_line(error)}); copy or download it again")


def _has_config(path: Path) -> bool:
    """Whether a zip file holds a Keras model; PyTorch's models, .npz and many others are zip files as well."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "config.json" in archive.namelist()
    except Exception:  # as in _keras_config
        return False


def _check_members(path: Path, archive: zipfile.ZipFile, size: int) -> set[str]:
    names: set[str] = set()
    total = 0
    for info in archive.infolist():
        parts = info.filename.replace("\\", "/").split("/")
        if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise ModelError(f"{path} holds a file with a path of its own ({info.filename[:80]!r}); refused")
        if info.filename in names:
            raise ModelError(f"{path} holds {info.filename[:80]!r} twice; refused")
        names.add(info.filename)
        total += info.file_size
        if info.file_size > _FLOOR and info.file_size > _BLOAT * max(info.compress_size, 1):
            raise ModelError(
                f"{path} declares {info.file_size:,} bytes for {info.filename[:80]!r} and stores "
                f"{info.compress_size:,}: a decompression bomb; refused"
            )
    if total > _FLOOR and total > _BLOAT * size:
        raise ModelError(f"{path} declares {total:,} bytes in a file of {size:,}: a decompression bomb; refused")
    if "config.json" in names and archive.getinfo("config.json").file_size > _CONFIG_LIMIT:
        raise ModelError(f"{path} has a config.json of more than {_CONFIG_LIMIT:,} bytes; refused")
    return names


def _h5_config(path: Path, size: int) -> dict[str, Any]:
    import h5py

    with path.open("rb") as file:
        check_hdf5(path, file, size)
        file.seek(0)
        try:
            with h5py.File(file, "r") as opened:
                text = opened.attrs.get("model_config")
        except Exception as error:
            raise _damaged(path, error) from error
    if text is None:
        raise ModelError(
            f"{path} holds no model configuration: perhaps weights only; "
            "expected a whole model, saved with model.save('model.keras')"
        )
    return _parse(path, text)


def check_hdf5(path: Path, file: IO[bytes], size: int) -> None:
    """Refuses an HDF5 file that is damaged, that refers to other files, or that declares far more than it stores."""
    import h5py

    total = 0
    try:
        with h5py.File(file, "r") as opened:
            groups, seen = [opened], {opened.id}
            while groups:
                group = groups.pop()
                for name in group:
                    link = group.get(name, getlink=True)
                    if not isinstance(link, h5py.HardLink):
                        raise ModelError(f"{path} holds a link to elsewhere ({name[:80]!r}) in its weights; refused")
                    item = group[name]
                    if item.id in seen:
                        raise ModelError(f"{path} holds {name[:80]!r} in its weights twice; refused")
                    seen.add(item.id)
                    if isinstance(item, h5py.Group):
                        groups.append(item)
                    elif isinstance(item, h5py.Dataset):
                        if item.external or item.is_virtual:
                            raise ModelError(f"{path} takes weights from other files ({name[:80]!r}); refused")
                        total += int(item.size or 0) * item.dtype.itemsize
    except ModelError:
        raise
    except Exception as error:
        raise _damaged(path, error) from error
    if total > _FLOOR and total > _BLOAT * size:
        raise ModelError(f"{path} declares {total:,} bytes of weights in {size:,} bytes of file; refused")


def _parse(path: Path, text: bytes | str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} has a configuration that is no valid JSON ({first_line(error)})") from error
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ModelError(f"{path} has a configuration that describes no Keras model (no 'class_name' in it)")
    return config


def _check_name(path: Path, endings: tuple[str, ...], what: str) -> None:
    if not path.name.endswith(endings):
        raise ModelError(f"{path} is {what}, but its name does not end in {endings[0]}; rename it so that it does")


def _folder_hint(path: Path) -> str:
    if (path / "saved_model.pb").is_file():
        return "; this is a TensorFlow SavedModel: load it where it was made and save it with model.save('model.keras')"
    return ""


def _foreign_hint(path: Path, start: bytes) -> str:
    known = {".onnx": "ONNX", ".pt": "PyTorch", ".pth": "PyTorch", ".tflite": "TensorFlow Lite", ".pb": "TensorFlow"}
    name = "TensorFlow Lite" if start[4:8] == b"TFL3" else known.get(path.suffix.lower())
    return f"; it looks like {name}, which tensorview can't read" if name else "; expected a Keras model file"
