"""Values as 8-bit codes, and maps as area means: the two ways in which a bundle is smaller than the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 252
"""Codes 0..252 are values; 253 is NaN, 254 +Inf, 255 -Inf."""

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]


def quantise(values: Floats, *, reach: float | None = None) -> tuple[Codes, Floats, Floats]:
    """Codes of the same shape, and scale and zero for each entry of the first axis.

    values: float32 (C, ...). `zero[c] + scale[c] * code` is within half a step (scale / 2) of each finite value, and
    0.0 is met exactly where a channel's values lie on both sides of it or touch it. reach: the codes span -reach to
    reach, 0.0 in their middle, whatever the values are; else each channel's own least to largest.
    """
    count = len(values)
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(count, -1)
    if flat.shape[1] == 0:
        return np.zeros(values.shape, np.uint8), np.ones(count, np.float32), np.zeros(count, np.float32)
    low, high = flat.min(axis=1), flat.max(axis=1)
    finite = bool(np.isfinite(low).all() and np.isfinite(high).all())
    wild = None if finite else ~np.isfinite(flat)
    if wild is not None:
        low = np.where(wild, np.inf, flat).min(axis=1)
        high = np.where(wild, -np.inf, flat).max(axis=1)
        low, high = np.where(np.isfinite(low), low, 0), np.where(np.isfinite(high), high, 0)
    if reach is not None:
        low, high = np.full(count, -reach, np.float32), np.full(count, reach, np.float32)
    # float64 for the grid: a channel may span nearly all of float32's range.
    wide_low, wide_high = low.astype(np.float64), high.astype(np.float64)
    step = (wide_high - wide_low) / LEVELS
    scale = np.where(step > 0, step, 1.0)
    crosses = (wide_low <= 0) & (wide_high >= 0)
    zero = np.where(crosses, -np.round(-wide_low / scale) * scale, wide_low)
    scale32, zero32 = scale.astype(np.float32), zero.astype(np.float32)
    # A subnormal step is no step at all in float32.
    scale32 = np.where(scale32 > 0, scale32, np.float32(1))
    wide = bool((np.abs(low) > 1e38).any() or (np.abs(high) > 1e38).any())
    codes = flat.astype(np.float64) - zero32[:, None] if wide else flat - zero32[:, None]
    codes /= scale32[:, None]
    np.rint(codes, out=codes)
    np.clip(codes, 0, LEVELS, out=codes)
    if wild is not None:
        codes[np.isnan(flat)], codes[flat == np.inf], codes[flat == -np.inf] = 253, 254, 255
    return codes.astype(np.uint8).reshape(values.shape), scale32, zero32


def dequantise(codes: Codes, scale: Floats, zero: Floats) -> Floats:
    """The values that codes stand for, float32 of the codes' shape."""
    column = (-1,) + (1,) * (codes.ndim - 1)
    wide = np.float64 if len(scale) and np.abs(scale).max() > 1e35 else np.float32
    steps: NDArray[Any] = scale.reshape(column).astype(wide)
    values: Floats = (zero.reshape(column) + steps * codes).astype(np.float32)
    for code, special in ((253, np.nan), (254, np.inf), (255, -np.inf)):
        values[codes == code] = special
    return values


def area_mean(values: Floats, sizes: tuple[int, ...]) -> Floats:
    """Reduce the last `len(sizes)` axes to `sizes`, each new cell being the mean of the area that it covers.

    A cell that touches a NaN or infinity is that.
    """
    axes = range(values.ndim - len(sizes), values.ndim)
    if all(values.shape[axis] == size for axis, size in zip(axes, sizes, strict=True)):
        return values
    wild = not np.isfinite(values).all()
    mean = np.where(np.isfinite(values), values, np.float32(0)) if wild else values
    for axis, size in zip(axes, sizes, strict=True):
        mean = _along(mean, axis, size)
    if wild:
        mean = mean.copy()
        for special, found in (
            (np.inf, values == np.inf), (-np.inf, values == -np.inf), (np.nan, np.isnan(values)),
        ):  # fmt: skip
            share = found.astype(np.float32)
            for axis, size in zip(axes, sizes, strict=True):
                share = _along(share, axis, size)
            mean[share > 0] = special
    return mean


def _along(values: Floats, axis: int, size: int) -> Floats:
    """Reduce one axis, by sums of strided or gathered slices: a matrix product would wake BLAS's own threads, which
    then get in the way of those that store other layers."""
    old = values.shape[axis]
    if old == size:
        return values
    if old % size == 0:
        step = old // size
        return _sum(values[_at(axis, slice(first, None, step))] for first in range(step)) / np.float32(step)
    ratio = old / size
    edges = np.arange(size) * ratio
    return _sum(_taps(values, axis, edges, ratio)) / np.float32(ratio)


def _taps(values: Floats, axis: int, edges: NDArray[np.float64], ratio: float) -> Iterator[Floats]:
    """The old cells under each new one, one after the other, times how much of each it covers."""
    old = values.shape[axis]
    shape = (-1,) + (1,) * (values.ndim - 1 - axis)
    for tap in range(int(np.ceil(ratio)) + 1):
        cell = np.floor(edges) + tap
        share = np.clip(np.minimum(edges + ratio, cell + 1) - np.maximum(edges, cell), 0, None)
        share[cell >= old] = 0
        place = np.minimum(cell, old - 1).astype(np.intp)
        yield np.take(values, place, axis=axis) * share.astype(np.float32).reshape(shape)


def _at(axis: int, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, part)


def _sum(parts: Iterable[Floats]) -> Floats:
    total: Floats | None = None
    for part in parts:
        if total is None:
            total = part.astype(np.float32)
        else:
            total += part
    assert total is not None
    return total
