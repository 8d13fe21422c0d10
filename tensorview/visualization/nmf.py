"""Non-negative matrix factorisation (Lee and Seung 2001)."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def nmf(values: Array, rank: int, *, seed: int = 0, steps: int = 200, tolerance: float = 1e-4) -> tuple[Array, Array]:
    """Non-negative (n, m) as the product of non-negative (n, rank) and (rank, m), by multiplicative updates that never
    raise the squared error. Rows of the second have length 1; factors come in falling order of what they add up to."""
    values = np.asarray(values, np.float64)
    random = np.random.default_rng(seed)
    level = np.sqrt(values.mean() / rank) if values.any() else 0.0
    left = level * np.abs(random.normal(size=(len(values), rank)))
    right = level * np.abs(random.normal(size=(rank, values.shape[1])))
    whole, before = np.square(values).sum(), np.inf
    for step in range(steps):
        right *= (left.T @ values) / (left.T @ left @ right + 1e-12)
        left *= (values @ right.T) / (left @ (right @ right.T) + 1e-12)
        if step % 10 == 9:
            error = np.square(values - left @ right).sum()
            if before - error < tolerance * whole:
                break
            before = error
    length = np.linalg.norm(right, axis=1)
    left, right = left * length, right / np.maximum(length, 1e-12)[:, None]
    order = np.argsort(-left.sum(0), kind="stable")
    return left[:, order].astype(np.float32), right[order].astype(np.float32)
