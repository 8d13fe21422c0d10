"""Heat maps as pictures: the map laid over the greyed input, so that both can be read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorview import images
from tensorview.errors import InputError, OptionError
from tensorview.files import whole_file
from tensorview.inputs import Batch

_STOPS = ("271125", "8c1737", "e14d28", "fcaa2b", "fef4b6")
_LONGEST = 1600
_STRIP = 48
"""Pixels of height for the map of a signal, which has none."""


def write(values: Any, batch: Batch, sources: Sequence[str], path: Path, *, force: bool) -> list[Path]:
    """Write an attribution's values: a `.npy` (one input), a `.npz` (by input name), or a `.png` for each sample.

    Several samples become NAME-1.png, NAME-2.png and so on. Pictures are drawn in the size of the file that was given.
    """
    suffix = path.suffix.lower()
    if suffix == ".png":
        return _write_pictures(values, batch, sources, path, force)
    buffer = io.BytesIO()
    if suffix == ".npy":
        if isinstance(values, dict) and len(values) > 1:
            raise OptionError(
                f"the model has several inputs ({', '.join(values)}); write an .npz, which holds them by name"
            )
        np.save(buffer, next(iter(values.values())) if isinstance(values, dict) else values)
    else:
        np.savez(buffer, **(values if isinstance(values, dict) else {"values": values}))
    with whole_file(path, force=force) as file:
        file.write(buffer.getbuffer())
    return [path]


def overlay(values: np.ndarray, picture: np.ndarray | None) -> np.ndarray:
    """A map (H, W) over a picture uint8 (h, w, 1|3), as uint8 RGB in the picture's size.

    The map is divided by its maximum; the picture is mostly desaturated and darkened, and the heat takes its light
    from it, so that edges stay visible. Without a picture, the map alone.
    """
    top = float(np.nanmax(values, initial=0.0))
    heat = np.nan_to_num(np.clip(values / top, 0, 1) if top > 0 else np.zeros_like(values), nan=0.0)
    if picture is None:
        return _coloured(heat).astype(np.uint8)
    height, width = picture.shape[:2]
    heat = _resized(heat, height, width)
    rgb = np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
    rgb = rgb.astype(np.float32)
    light = (rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32))[..., None]
    ground = (0.75 * light + 0.25 * rgb) * 0.62
    t = np.clip((heat - 0.08) / 0.54, 0, 1)
    strength = (0.92 * t * t * (3 - 2 * t))[..., None]
    glow = _coloured(heat) * (0.72 + 0.48 * light / 255)
    return np.clip(np.rint(ground * (1 - strength) + glow * strength), 0, 255).astype(np.uint8)


def _write_pictures(values: Any, batch: Batch, sources: Sequence[str], path: Path, force: bool) -> list[Path]:
    from PIL import Image

    name, maps = next(iter(values.items())) if isinstance(values, dict) else (batch.inputs[0].name, values)
    if maps.ndim not in (2, 3):
        raise InputError(f"a map of shape {maps.shape[1:]} is no picture; write it as .npy")
    files = [path] if len(maps) == 1 else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(len(maps))]
    for i, (file, one) in enumerate(zip(files, maps, strict=True)):
        sheet = np.repeat(one[None], _STRIP, axis=0) if one.ndim == 1 else one
        buffer = io.BytesIO()
        Image.fromarray(overlay(sheet, _picture(batch, sources, i, name))).save(buffer, "PNG")
        with whole_file(file, force=force) as out:
            out.write(buffer.getbuffer())
    return files


def _picture(batch: Batch, sources: Sequence[str], sample: int, name: str) -> np.ndarray | None:
    """The file's own pixels where one image is one sample, else what the model was given."""
    seen = batch.pictures[sample].get(name)
    if seen is None or len(sources) != len(batch.names) or Path(sources[sample]).suffix.lower() in (".npy", ".npz"):
        return seen
    pixels = images.read(sources[sample], seen.shape[-1])
    scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
    return images.resize(pixels, max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale)))


def _resized(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear with half-pixel centres, so that a hot cell in the middle stays in the middle."""
    from PIL import Image

    image = Image.fromarray(heat.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _coloured(heat: np.ndarray) -> np.ndarray:
    """Values 0..1 as float RGB 0..255, (H, W, 3)."""
    table = _table()
    position = np.clip(heat, 0, 1) * (len(table) - 1)
    return np.asarray(table[np.rint(position).astype(np.int64)])


def _table() -> np.ndarray:
    """The heat map's colours, 256 steps between the stops, straight lines in OKLab."""
    stops = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in _STOPS], np.float64) / 255
    linear = np.where(stops <= 0.04045, stops / 12.92, ((stops + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    at = np.linspace(0, len(stops) - 1, 256)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), lab[:, i]) for i in range(3)], axis=1)
    back = np.clip((mixed @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    srgb = np.where(back <= 0.0031308, back * 12.92, 1.055 * back ** (1 / 2.4) - 0.055)
    return np.asarray(srgb * 255)


# Björn Ottosson's OKLab: linear sRGB to cone responses, and their cube roots to lightness and two colour axes.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
