"""Filters of a layer that are nearly the same: each costs as much as the first and adds nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorview.kernels import filters

NEAR = 0.01
"""By how much of their length two filters may differ and still be the same."""
FEWEST = 4
"""Values that a filter needs, to be unlike others by more than chance."""
_AXES = 16


def duplicates(layer: Any) -> tuple[int, int]:
    """(how many filters of a layer's kernel are nearly those before them, how many there are).

    Filters of a convolution, units of a dense layer; (0, 0) for other layers. Filters of nothing but zeros are not
    counted as each other's double: they are dead.
    """
    rows = filters(layer)
    if rows is None or rows.shape[1] < FEWEST or len(rows) < 2:
        return 0, 0
    lengths = np.linalg.norm(rows, axis=1)
    alive = np.flatnonzero(np.isfinite(lengths) & (lengths > 1e-12))
    if len(alive) < 2:
        return 0, len(rows)
    return len({max(pair) for pair in _pairs(rows[alive], lengths[alive])}), len(rows)


def _pairs(rows: np.ndarray, lengths: np.ndarray) -> list[tuple[int, int]]:
    """The pairs of rows that differ by less than NEAR of their length.

    Projected to a few axes nothing moves apart, so pairs that are far there need no look at all their values.
    """
    from scipy.spatial import cKDTree

    flat = rows
    if rows.shape[1] > _AXES:
        basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(rows.shape[1], _AXES)))
        flat = rows @ basis.astype(rows.dtype)
    flat = flat / lengths[:, None]
    found = []
    for a, b in cKDTree(flat).query_pairs(NEAR):
        if np.linalg.norm(rows[a] - rows[b]) <= NEAR * max(lengths[a], lengths[b]):
            found.append((a, b))
    return found
