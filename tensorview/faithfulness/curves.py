"""Deletion and insertion after Petsiuk et al. 2018, RISE, arXiv 1806.07421."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tensorview.faithfulness.answers import Question
from tensorview.faithfulness.pixels import Fill, filled, spread

STEPS = 32
"""Runs for each curve and sample beside the first; each takes an equal share of the pixels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """shares: (steps + 1,), of the pixels that are gone or there. deletion, insertion: the model's answer at each,
    (N, steps + 1). A faithful map's deletion falls fast (a small area), its insertion rises fast (a large one)."""

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> np.ndarray:
        """(N,), the mean height of each deletion curve: less is better."""
        return _area(self.shares, self.deletion)

    @property
    def insertion_area(self) -> np.ndarray:
        """(N,), the mean height of each insertion curve: more is better."""
        return _area(self.shares, self.insertion)


def curves(
    question: Question, values: np.ndarray, name: str, steps: int = STEPS, *, gone: Fill = "zero", start: Fill = "blur"
) -> Curves:
    """Take the pixels of input `name` away in the order of a map, highest first, and bring them back in that order.

    values: maps (N, ...) over that input. gone: what deleted pixels become. start: what insertion begins with.
    Pixels of equal height keep their order in the picture.
    """
    samples = question.inputs()[name]
    shares = np.linspace(0.0, 1.0, min(steps, values[0].size) + 1) if len(values) else np.zeros(1)
    down, up = [], []
    for i, (sample, one) in enumerate(zip(samples, values, strict=True)):
        down.append(question.of(i, name, _replaced(sample, filled(sample, one, gone), one, shares)))
        up.append(question.of(i, name, _replaced(filled(sample, one, start), sample, one, shares)))
    return Curves(shares=shares, deletion=np.stack(down), insertion=np.stack(up))


def _replaced(begin: np.ndarray, end: np.ndarray, values: np.ndarray, shares: np.ndarray) -> Iterator[np.ndarray]:
    """`begin` with a growing share of its pixels from `end`, those of the highest values first."""
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=None, kind="stable")
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    rank = spread(rank.reshape(values.shape), begin)
    for share in shares:
        yield np.where(rank < round(share * order.size), end, begin)


def _area(shares: np.ndarray, heights: np.ndarray) -> np.ndarray:
    return np.asarray(((heights[:, 1:] + heights[:, :-1]) / 2 * np.diff(shares)).sum(axis=1))
