"""One activation as a bundle keeps it: the tensor, and the small pictures of it that the first frame is drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tensorview.blobs import BlobWriter
from tensorview.manifest import Form, TensorRef
from tensorview.quantise import Codes, Floats, area_mean

SHEETS = 28
"""Runs of channels that a box's side and top show."""
THUMB = 64
"""Longest side of a thumbnail in pixels."""
MOSAIC_CELLS = 32_768
"""Values of a thumbnail that shows all channels."""
SIGNAL = 4
"""Sequences of up to so many channels are drawn as curves over time."""
STEPS = 2048
"""Steps of a thumbnail of curves."""
EXACT = 65_536
"""Vectors up to this length keep their exact values; longer ones are cut to it."""

Closed = Literal["mosaic", "mean"]
"""What a closed box's face shows: all channels, or the mean of |activation| over them. One choice for each model."""


def spatial(form: Form, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes in a stored shape that may be reduced to area means."""
    if form in ("planes", "image", "volume"):
        return shape[1:]
    if form == "sequence":
        return shape[1:]
    return ()


def capped(form: Form, shape: tuple[int, ...], cap: int | None, floor: int = 16) -> tuple[int, ...]:
    """The stored shape once its longest spatial side is at most `cap`; no side goes below min(its own size, floor).

    A sequence keeps sixteen times as many steps as a map keeps pixels a side.
    """
    sizes = spatial(form, shape)
    if cap is None or not sizes:
        return shape
    if form == "sequence":
        cap, floor = cap * 16, floor * 16
    factor = min(1.0, cap / max(sizes))
    return (shape[0], *(max(min(size, floor), round(size * factor)) for size in sizes))


def write_tensor(writer: BlobWriter, form: Form, values: Floats, cap: int | None) -> tuple[TensorRef, Floats]:
    """Write stored-order values within `cap`; the reference to them, and the values as they were reduced."""
    if form in ("row", "scalar"):
        flat = values.reshape(-1)
        if flat.size > EXACT:
            return writer.floats(flat[:EXACT], flat.shape), flat[:EXACT]
        return writer.floats(flat), flat
    target = capped(form, values.shape, cap)
    sizes = spatial(form, target)
    reduced = area_mean(values, sizes) if sizes else values
    if not sizes and reduced.size > EXACT * 16:
        reduced = reduced[:, : max(1, EXACT * 16 // max(1, math.prod(reduced.shape[:1] + reduced.shape[2:])))]
    source = values.shape if reduced.shape != values.shape else None
    return writer.quantised(reduced, source), reduced


@dataclass(frozen=True, slots=True)
class Look:
    """How a closed box looks: the thumbnail (K, h, w) on its face, the brightness of its side and its top."""

    thumb: Floats | None
    edges: tuple[Codes, Codes] | None

    def write(self, writer: BlobWriter) -> tuple[TensorRef | None, TensorRef | None, TensorRef | None]:
        """The thumbnail, the side and the top."""
        thumb = None if self.thumb is None else writer.quantised(self.thumb)
        if self.edges is None:
            return thumb, None, None
        side, top = map(writer.codes, self.edges)
        return thumb, side, top


def look(form: Form, values: Floats, closed: Closed) -> Look:
    """How stored-order values look from without."""
    return Look(_thumb(form, values, closed) if values.size else None, _edges(form, values))


def _thumb(form: Form, values: Floats, closed: Closed) -> Floats:
    if form in ("row", "scalar"):
        return values.reshape(1, 1, -1)[:, :, :4096]
    if form == "generic":
        return _shrink(values[None], THUMB)
    if form == "sequence" and len(values) <= SIGNAL:
        return _cut(values.T[None], STEPS)  # drawn as curves, which a mean over steps would flatten
    if form == "sequence":
        return _cut(values.T[None], THUMB)  # a sheet: time down, channels across
    if form == "matrix":
        return _shrink(values, 32)
    if form == "volume":
        values = values.mean(axis=1, dtype=np.float32)
    side = int(math.sqrt(MOSAIC_CELLS / max(1, len(values))))
    if form == "image" or (closed == "mosaic" and side >= 4):
        return _shrink(values, min(THUMB, side) if form != "image" else THUMB)
    return _shrink(np.abs(values).mean(axis=0, dtype=np.float32)[None], THUMB)


def _shrink(values: Floats, longest: int) -> Floats:
    height, width = values.shape[-2:]
    factor = min(1.0, longest / max(height, width, 1))
    return area_mean(values, (max(1, round(height * factor)), max(1, round(width * factor))))


def _cut(values: Floats, longest: int) -> Floats:
    """Each side for itself: of a sheet neither is a place in a picture."""
    return area_mean(values, (min(longest, values.shape[1]), min(longest, values.shape[2])))


def _edges(form: Form, values: Floats) -> tuple[Codes, Codes] | None:
    """The brightness of a box's side (S, h) and top (S, w): means of |activation| over runs of channels."""
    if form not in ("volume", "planes") or not values.size:
        return None
    if form == "volume":
        values = values.mean(axis=1, dtype=np.float32)
    magnitude = np.abs(_shrink(values, THUMB))
    runs = np.linspace(0, len(magnitude), min(SHEETS, len(magnitude)) + 1).astype(int)
    sheets = np.add.reduceat(magnitude, runs[:-1], axis=0) / np.diff(runs)[:, None, None].astype(np.float32)
    return _brightness(sheets.mean(axis=2)), _brightness(sheets.mean(axis=1))


def _brightness(values: Floats) -> Codes:
    finite = np.where(np.isfinite(values), values, np.float32(0))
    strongest = float(finite.max(initial=0.0))
    if strongest <= 0:
        return np.zeros(values.shape, np.uint8)
    return np.rint(finite * np.float32(252.0 / strongest)).astype(np.uint8)
