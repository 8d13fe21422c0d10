"""What the page and the picture of a comparison both show: maps, captions, heights of curves."""

from __future__ import annotations

import numpy as np

from tensorview.comparison.compare import Comparison, Row
from tensorview.overlay import Look, overlay

_STRIP = 24
"""Pixels of height for the map of a signal, which has none."""


def given(comparison: Comparison, sample: int) -> np.ndarray | None:
    """A sample's picture as RGB; None where it is none."""
    pixels = comparison.pictures[sample]
    if pixels is None:
        return None
    return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels


def drawn(row: Row, comparison: Comparison, sample: int, look: Look) -> np.ndarray | None:
    """A method's map over the picture, uint8 RGB; None where it is none that can be drawn."""
    if row.values is None or row.values.ndim not in (2, 3):
        return None
    one = row.values[sample]
    sheet = np.repeat(one[None], _STRIP, axis=0) if one.ndim == 1 else one
    return overlay(sheet, comparison.pictures[sample], look)


def caption(row: Row, sample: int) -> str:
    """What the numbers say of a method's map of one sample."""
    if row.attribution is None:
        return "can't explain this"
    if row.attribution.blank[sample]:
        return "blank: nothing speaks for this"
    if row.curves is None:
        return ""
    return f"deletion {row.curves.deletion_area[sample]:.3f} · insertion {row.curves.insertion_area[sample]:.3f}"


def heights(answers: np.ndarray) -> np.ndarray:
    """Answers as heights 0..1: probabilities as they are, other scores by their own range."""
    finite = np.nan_to_num(answers, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(finite.min(initial=0.0))), max(1.0, float(finite.max(initial=0.0)))
    return np.asarray((finite - low) / (high - low))
