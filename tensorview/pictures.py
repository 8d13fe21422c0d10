"""Arrays -> pictures: what a person recognises of an input that came as numbers."""

from __future__ import annotations

import numpy as np

from tensorview.signature import ImageShape


def value_range(values: np.ndarray) -> tuple[float, float, str]:
    """The range (low, high) that values most likely live in, and its name.

    Raw 0..255 for integers, else the narrowest of 0..1, -1..1 and 0..255 that holds all; else their own extremes.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        return 0.0, 1.0, "0..1"
    low, high = float(finite.min()), float(finite.max())
    if values.dtype == np.uint8:
        return 0.0, 255.0, "0..255"
    for bottom, top, name in ((0.0, 1.0, "0..1"), (-1.0, 1.0, "-1..1"), (0.0, 255.0, "0..255")):
        if low >= bottom - 1e-3 and high <= top + 1e-3:
            return bottom, top, name
    return low, high, f"its own range {low:.3g}..{high:.3g}"


def to_pixels(values: np.ndarray, shape: ImageShape, low: float, high: float) -> np.ndarray:
    """One sample of an image input as uint8 (H, W, 1|3), `low` black and `high` white. NaN is black."""
    if shape.bare:
        values = values[..., None]
    elif shape.first:
        values = np.moveaxis(values, 0, -1)
    span = (high - low) or 1.0
    scaled = np.nan_to_num((values[..., :3].astype(np.float32) - low) * (255.0 / span), nan=0.0)
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)
