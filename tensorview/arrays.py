"""`.npy` and `.npz` files -> arrays, without pickles."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from tensorview.errors import InputError, first_line

_MOST_BYTES = 4 * 2**30


def read(path: str | Path) -> dict[str | None, np.ndarray]:
    """The arrays of a file: those of an .npz by name, that of an .npy under None. Raises InputError."""
    path = Path(path)
    try:
        if path.suffix.lower() == ".npz":
            return _npz(path)
        with path.open("rb") as file:
            if not file.read(6).startswith((b"\x93NUMPY", b"PK\x03\x04")):
                raise InputError(f"{path} could not be read as a NumPy file: it doesn't begin like one")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):  # an .npz archive under another name
            array.close()
            raise InputError(f"{path} is an .npz archive by another name; rename it so that it ends in .npz")
        return {None: _plain(path, np.asarray(array))}
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; expected an image, .npy or .npz file") from None
    except Exception as error:  # NumPy parses headers as Python text, so damaged ones raise nearly anything
        if "allow_pickle" in str(error) or "Python objects" in str(error) or "Object arrays" in str(error):
            raise InputError(
                f"{path} holds Python objects, which would run code on loading; expected numbers"
            ) from None
        reason = getattr(error, "strerror", None) or first_line(error)
        raise InputError(f"{path} could not be read as a NumPy file: {reason}") from error


def _npz(path: Path) -> dict[str | None, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        declared = sum(info.file_size for info in archive.infolist())
    if declared > _MOST_BYTES:
        raise InputError(f"{path} declares {declared:,} bytes of arrays, more than the {_MOST_BYTES:,} that are read")
    with np.load(path, allow_pickle=False) as opened:
        found: dict[str | None, np.ndarray] = {name: _plain(path, opened[name]) for name in opened.files}
    if not found:
        raise InputError(f"{path} holds no arrays")
    return found


def _plain(path: Path, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biufUS":
        raise InputError(f"{path} holds values of type {array.dtype}; expected numbers")
    return array
