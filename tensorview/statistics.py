"""Numbers about tensors: range, moments, histogram; numbers about layers: parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorview.manifest import Summary

PIECE = 1 << 15
"""Values worked on at a time: 256 kB as float64, so that the passes over a piece stay in the processor's cache."""


def summarize(values: np.ndarray, bins: int = 32) -> Summary:
    """Statistics of an array of any shape and type.

    Whole numbers and booleans count as numbers, complex numbers by their absolute value; text has a count and nothing
    else. NaN and infinite values are counted and left out of the rest. `histogram` holds exact counts in `bins` equal
    bins from min to max (a value on an edge belongs to the bin above it, the maximum to the last one); where all
    values are equal, they are in the first one. Range and moments are computed in float64.
    """
    count = int(values.size)
    empty = Summary(
        count=count, min=None, max=None, mean=None, std=None, zeros=0.0, nan=0, inf=0, histogram=(0,) * bins
    )
    flat = as_numbers(values)
    if flat is None or not count:
        return empty
    flat = flat.ravel(order="K")
    low, high = float(flat.min()), float(flat.max())
    nan = inf = 0
    if not (math.isfinite(low) and math.isfinite(high)):
        finite = np.isfinite(flat)
        nan = int(np.count_nonzero(np.isnan(flat)))
        inf = count - int(np.count_nonzero(finite)) - nan
        flat = flat[finite]
        if not flat.size:
            return Summary(
                count=count, min=None, max=None, mean=None, std=None, zeros=0.0, nan=nan, inf=inf, histogram=(0,) * bins
            )
        low, high = float(flat.min()), float(flat.max())
    mean, std, zeros, histogram = _moments(flat, low, high, bins)
    return Summary(
        count=count, min=low, max=high, mean=mean, std=std, zeros=zeros / count, nan=nan, inf=inf, histogram=histogram
    )


def as_numbers(values: np.ndarray) -> np.ndarray | None:
    """Real numbers that NumPy can reckon with, a copy only where the type asks for it; None for text and objects.

    bfloat16, float8 and int4 come from TensorFlow as types of their own: they become float32, exactly.
    """
    kind = values.dtype.kind
    if kind == "c":
        return np.asarray(np.abs(values))
    if kind == "b":
        return values.view(np.uint8)
    if kind == "f":
        return values.astype(np.float32) if values.dtype.itemsize == 2 else values
    if kind in "iu":
        return values
    if kind == "V" and values.dtype.names is None:
        return values.astype(np.float32)
    return None


def _moments(flat: np.ndarray, low: float, high: float, bins: int) -> tuple[float, float, int, tuple[int, ...]]:
    """Mean, standard deviation, number of zeros and histogram of finite values whose range is known."""
    unit = _unit(high - low)
    span = high * unit - low * unit
    if not span:
        return low, 0.0, flat.size if low == 0 else 0, (flat.size, *(0,) * (bins - 1))
    scale = bins / span
    counts = np.zeros(bins + 1, np.int64)
    zeros, total, squares = 0, 0.0, 0.0
    buffer = np.empty(min(PIECE, flat.size), np.float64)
    places = np.empty(buffer.size, np.intp)
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        if low <= 0 <= high:
            zeros += int(np.count_nonzero(piece == 0))
        work, place = buffer[: piece.size], places[: piece.size]
        np.copyto(work, piece)
        if unit != 1:
            work *= unit
        work -= low * unit
        work *= scale
        total += float(work.sum())
        squares += float(np.einsum("i,i->", work, work))  # not dot: a BLAS would wake its threads for each piece
        np.copyto(place, work, casting="unsafe")  # towards zero, and no value is below zero
        counts += np.bincount(place, minlength=bins + 1)
    counts[bins - 1] += counts[bins]
    mean = total / flat.size
    variance = max(squares / flat.size - mean * mean, 0.0)
    histogram = tuple(int(number) for number in counts[:bins])
    middle = (mean / scale + low * unit) / unit
    return min(max(middle, low), high), math.sqrt(variance) / scale / unit, zeros, histogram


def _unit(span: float) -> float:
    """A power of two that brings a range that float64 can hardly hold to where one can reckon with it."""
    if span > 1e300:
        return 2.0**-64
    return 2.0**200 if 0 < span < 1e-250 else 1.0


def parameters(layer: Any) -> tuple[int, int]:
    """How many numbers a layer or model holds as weights, and how many of them are trained; (0, 0) for no layer.

    Each weight counts once, however often it is shared. States and seeds of random generators are no weights.
    """
    counted = {id(weight): weight for weight in getattr(layer, "weights", ())}
    sizes = [(math.prod(weight.shape), weight.trainable) for weight in counted.values()]
    return sum(size for size, _ in sizes), sum(size for size, trainable in sizes if trainable)
