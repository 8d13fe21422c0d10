"""Layers whose values follow from those of the layer before, so that one set of codes serves both.

A BatchNormalization in inference is a line for each channel (scale and zero change, codes stay), a ReLU cuts values
off, a Dropout does nothing. This is seen in the numbers, not in the class names, and holds within the same half step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensorview.quantise import LEVELS, Floats

_SLACK = 0.02
"""Share of a quantisation step that the line may miss a value by."""
_ROUNDING = 5e-7
"""The same as a share of the value itself: four units in the last place of float32."""


@dataclass(frozen=True, slots=True)
class Line:
    """y = slope * x + shift for each channel, float32 (C,). Areas keep it: the mean of y is the line of x's mean."""

    slope: Floats
    shift: Floats

    @property
    def same(self) -> bool:
        """y is x."""
        return bool((self.slope == 1).all() and (self.shift == 0).all())


@dataclass(frozen=True, slots=True)
class Clamp:
    """y = x cut off below `low` and above `high`. Means of areas don't keep it."""

    low: float
    high: float


Share = Line | Clamp


def share(x: Floats, y: Floats) -> Share | None:
    """How y (C, ...) follows from x of the same shape, or None where it doesn't."""
    if x.shape != y.shape or not x.size or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    return _clamp(x, y) or _line(x.reshape(len(x), -1), y.reshape(len(y), -1))


def _clamp(x: Floats, y: Floats) -> Share | None:
    if x is y or np.array_equal(x, y):
        return Line(np.ones(len(x), np.float32), np.zeros(len(x), np.float32))
    low, high = float(y.min()), float(y.max())
    # One end may be loose: a ReLU has no upper one.
    low = low if float(x.min()) < low else -np.inf
    high = high if float(x.max()) > high else np.inf
    return Clamp(low, high) if np.array_equal(np.clip(x, low, high), y) else None


def _line(x: Floats, y: Floats) -> Line | None:
    rows = np.arange(len(x))
    low, high = x.argmin(axis=1), x.argmax(axis=1)
    x_low, x_high = x[rows, low].astype(np.float64), x[rows, high].astype(np.float64)
    y_low, y_high = y[rows, low].astype(np.float64), y[rows, high].astype(np.float64)
    width = x_high - x_low
    flat = width <= 0
    slope = np.where(flat, 1.0, (y_high - y_low) / np.where(flat, 1.0, width))
    shift = y_low - slope * x_low
    slope32, shift32 = slope.astype(np.float32), shift.astype(np.float32)
    miss = np.abs(y - (slope32[:, None] * x + shift32[:, None])).max(axis=1)
    # A channel may be constant but for its last bits: there float32's own precision is the measure.
    own = _ROUNDING * np.maximum(np.abs(y_low), np.abs(y_high))
    allowed = np.maximum(_SLACK * np.abs(slope) * width / LEVELS, own)
    return Line(slope32, shift32) if bool((miss <= allowed).all()) else None
