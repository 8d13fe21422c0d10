"""Checks an HDF5 file before Keras reads weights from it, and counts the numbers in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tensorview.errors import ModelError, first_line

_BLOAT = 50
"""Keras stores weights as they are; a dataset that is far larger than what is stored of it is a bomb."""
_FLOOR = 64 * 1024 * 1024
_MOST = 200_000
"""Groups and datasets in one file. A model of a thousand layers has some five thousand."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file of weights holds: how many numbers in all, and the shape of each dataset by its path."""

    numbers: int
    shapes: dict[str, tuple[int, ...]]


def check(path: Path, file: IO[bytes], size: int) -> Stored:
    """Refuses an HDF5 file that is damaged, that refers to other files, or that declares far more than it stores.

    path: what messages call the file. file: the file itself, of `size` bytes, perhaps one inside an archive.
    """
    import h5py

    try:
        with h5py.File(file, "r") as opened:
            shapes = {}
            total = numbers = 0
            for name, item in _items(path, opened):
                if isinstance(item, h5py.Dataset):
                    count = int(item.size or 0)
                    total += _declared(path, name, item)
                    numbers += count
                    shapes[name] = tuple(int(n) for n in item.shape or ())
    except ModelError:
        raise
    except Exception as error:  # damaged files raise nearly anything
        raise damaged(path, error) from error
    if total > _FLOOR and total > _BLOAT * size:
        raise ModelError(f"{path} declares {total:,} bytes of weights in {size:,} bytes of file; refused")
    return Stored(numbers, shapes)


def attribute(path: Path, file: IO[bytes], name: str) -> str | None:
    """A text that is attached to an HDF5 file as a whole, or None where there is none."""
    import h5py

    try:
        with h5py.File(file, "r") as opened:
            if name not in opened.attrs:
                return None
            _check_attributes(path, opened)
            value: Any = opened.attrs[name]
    except ModelError:
        raise
    except Exception as error:
        raise damaged(path, error) from error
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise ModelError(f"{path} has a {name} that is no text; save the model again")
    return text


def damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path} is damaged or cut short ({first_line(error)}); copy or download it again")


def _items(path: Path, opened: Any) -> Iterator[tuple[str, Any]]:
    """Every group and dataset with its path, the file's own links only."""
    import h5py

    groups, seen = [opened], {opened.id}
    _check_attributes(path, opened)
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
            if len(seen) > _MOST:
                raise ModelError(f"{path} holds more than {_MOST:,} groups and arrays; refused")
            _check_attributes(path, item)
            if isinstance(item, h5py.Group):
                groups.append(item)
            yield f"{group.name.rstrip('/')}/{name}".lstrip("/"), item


def _declared(path: Path, name: str, item: Any) -> int:
    """The bytes that reading a dataset takes."""
    name = repr(name[-80:])
    if item.external or item.is_virtual:
        raise ModelError(f"{path} takes weights from other files ({name}); refused")
    # A chunk is unpacked whole, and may be larger than the dataset that it belongs to.
    declared = max(int(item.size or 0), math.prod(item.chunks or ())) * int(item.dtype.itemsize)
    stored = int(item.id.get_storage_size())
    if declared > _FLOOR and declared > _BLOAT * max(stored, 1):
        raise ModelError(
            f"{path} declares {declared:,} bytes for {name} in its weights and stores {stored:,}: "
            "a decompression bomb; refused"
        )
    return declared


def _check_attributes(path: Path, item: Any) -> None:
    """Refuses an attribute whose declared size no list of names comes to."""
    for name in item.attrs:
        found = item.attrs.get_id(name)
        count = math.prod(found.shape or ())
        if count > _MOST or count * found.dtype.itemsize > _FLOOR:
            raise ModelError(f"{path} has an attribute {name[:80]!r} of {count:,} texts or numbers; refused")
