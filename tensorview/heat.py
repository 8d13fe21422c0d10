"""Writes attribution maps: as numbers, as pictures over the input, as one contact sheet."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorview import images
from tensorview.attribution.result import LayerMaps
from tensorview.errors import InputError, OptionError
from tensorview.files import whole_file
from tensorview.inputs import Batch
from tensorview.overlay import PLAIN, Look, overlay
from tensorview.sheet import contact_sheet, png

_LONGEST = 1600
_STRIP = 48
"""Pixels of height for the map of a signal, which has none."""


def write(
    values: Any, batch: Batch, sources: Sequence[str], path: Path, *, force: bool, look: Look = PLAIN
) -> list[Path]:
    """Write an attribution's values: a `.npy` (one input), a `.npz` (by input name), or a `.png` for each sample.

    Several samples become NAME-1.png, NAME-2.png and so on. Pictures are drawn in the size of the file that was given.
    values may be LayerMaps by node id: then an `.npz` has these names, and a `.png` is a contact sheet of all layers.
    """
    layers = isinstance(values, dict) and any(isinstance(one, LayerMaps) for one in values.values())
    if layers:
        values = {name: one.values for name, one in values.items()}
    if path.suffix.lower() == ".png":
        drawn = _sheets(values, batch, sources, look) if layers else pictures(values, batch, sources, look)
        files = [path] if len(drawn) == 1 else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(len(drawn))]
        for file, pixels in zip(files, drawn, strict=True):
            _write(file, png(pixels), force)
        return files
    buffer = io.BytesIO()
    if path.suffix.lower() == ".npy":
        if isinstance(values, dict) and len(values) > 1:
            raise OptionError(
                f"there are several maps ({', '.join(list(values)[:8])}); write an .npz, which holds them by name"
            )
        np.save(buffer, next(iter(values.values())) if isinstance(values, dict) else values)
    else:
        with zipfile.ZipFile(buffer, "w") as archive:  # np.savez takes no array that is named "file"
            for name, array in (values if isinstance(values, dict) else {"values": values}).items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    _write(path, buffer.getvalue(), force)
    return [path]


def write_sheet(
    values: Any, batch: Batch, sources: Sequence[str], captions: Sequence[str], path: Path, *, force: bool, look: Look
) -> None:
    """Write all samples' maps as one contact sheet, a `.png`."""
    write_tiles(list(zip(pictures(values, batch, sources, look), captions, strict=True)), path, force=force)


def write_tiles(tiles: Sequence[tuple[np.ndarray, str]], path: Path, *, force: bool) -> None:
    """Write pictures and their captions as one contact sheet, about as wide as high, at most 8 in a row."""
    _write(path, png(contact_sheet(tiles, columns=max(1, min(8, math.ceil(math.sqrt(len(tiles))))))), force)


def pictures(values: Any, batch: Batch, sources: Sequence[str], look: Look = PLAIN) -> list[np.ndarray]:
    """Each sample's map over its picture, uint8 RGB. Raises InputError for maps that are no pictures."""
    name, maps = next(iter(values.items())) if isinstance(values, dict) else (batch.inputs[0].name, values)
    if maps.ndim not in (2, 3):
        raise InputError(f"a map of shape {maps.shape[1:]} is no picture; write it as .npy")
    return [
        overlay(_strip(one) if one.ndim == 1 else one, seen(batch, sources, i, name), look)
        for i, one in enumerate(maps)
    ]


def _sheets(values: dict[str, Any], batch: Batch, sources: Sequence[str], look: Look) -> list[np.ndarray]:
    """For each sample a contact sheet of its maps, each over the picture that it has the axes of."""
    sheets = []
    for sample in range(len(batch.names)):
        shown = {name: seen(batch, sources, sample, name) for name in batch.pictures[sample]}
        picture = next((pixels for pixels in shown.values() if pixels is not None), None)
        tiles = [
            (overlay(one[sample], picture, look) if one.ndim == 3 else overlay(_strip(one[sample]), None, look), name)
            for name, one in values.items()
            if one.ndim in (2, 3)
        ]
        if not tiles:
            raise InputError("no layer's map is a picture; write them as .npz")
        sheets.append(contact_sheet(tiles, columns=max(1, min(8, math.ceil(math.sqrt(len(tiles)))))))
    return sheets


def seen(batch: Batch, sources: Sequence[str], sample: int, name: str) -> np.ndarray | None:
    """The file's own pixels where one image is one sample, else what the model was given; None for no picture."""
    shown = batch.pictures[sample].get(name)
    if shown is None or len(sources) != len(batch.names) or Path(sources[sample]).suffix.lower() in (".npy", ".npz"):
        return shown
    pixels = images.read(sources[sample], shown.shape[-1])
    scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
    return images.resize(pixels, max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale)))


def _strip(one: np.ndarray) -> np.ndarray:
    return np.repeat(one[None], _STRIP, axis=0)


def _write(path: Path, data: bytes, force: bool) -> None:
    with whole_file(path, force=force) as file:
        file.write(data)
