"""Writes attribution maps: as numbers, as pictures over the input, as one contact sheet."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorview import images
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
    """
    if path.suffix.lower() == ".png":
        drawn = pictures(values, batch, sources, look)
        files = [path] if len(drawn) == 1 else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(len(drawn))]
        for file, pixels in zip(files, drawn, strict=True):
            _write(file, png(pixels), force)
        return files
    buffer = io.BytesIO()
    if path.suffix.lower() == ".npy":
        if isinstance(values, dict) and len(values) > 1:
            raise OptionError(
                f"the model has several inputs ({', '.join(values)}); write an .npz, which holds them by name"
            )
        np.save(buffer, next(iter(values.values())) if isinstance(values, dict) else values)
    else:
        np.savez(buffer, **(values if isinstance(values, dict) else {"values": values}))
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
        overlay(np.repeat(one[None], _STRIP, axis=0) if one.ndim == 1 else one, seen(batch, sources, i, name), look)
        for i, one in enumerate(maps)
    ]


def seen(batch: Batch, sources: Sequence[str], sample: int, name: str) -> np.ndarray | None:
    """The file's own pixels where one image is one sample, else what the model was given; None for no picture."""
    shown = batch.pictures[sample].get(name)
    if shown is None or len(sources) != len(batch.names) or Path(sources[sample]).suffix.lower() in (".npy", ".npz"):
        return shown
    pixels = images.read(sources[sample], shown.shape[-1])
    scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
    return images.resize(pixels, max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale)))


def _write(path: Path, data: bytes, force: bool) -> None:
    with whole_file(path, force=force) as file:
        file.write(data)
