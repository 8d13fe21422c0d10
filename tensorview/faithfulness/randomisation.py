"""The model parameter randomisation test of Adebayo et al. 2018, Sanity Checks for Saliency Maps, arXiv 1810.03292."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorview.faithfulness.answers import Question

SHARES = (0.0, 0.5, 1.0)
"""Of the layers, counted from the output, whose weights are drawn anew; 0 stands for the last layer alone."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Randomisation:
    """layers: how many layers from the output down were drawn anew, at each stage. similarity: (stages, N), Spearman's
    rank correlation of the map's absolute values with those of the trained model: near 1 where the method doesn't care
    what the model has learned, which is a fault. NaN where a map is the same everywhere."""

    layers: tuple[int, ...]
    similarity: np.ndarray


def randomisation(
    question: Question, explain: Callable[[], np.ndarray], shares: Sequence[float] = SHARES, seed: int = 0
) -> Randomisation:
    """How much a method's maps change when the model forgets, from its output down.

    explain: makes the maps (N, ...) of the model as it is now, for the same class each time. Kernels are drawn from a
    normal distribution of their own mean and standard deviation. Meanwhile the model's weights are others; afterwards
    they are what they were, bit for bit, also after an error or Ctrl-C.
    """
    before = explain()
    counts, found = [], []
    for share in shares:
        count = max(1, round(share * len(question.kernels))) if question.kernels else 0
        with forgotten(question.kernels[len(question.kernels) - count :], seed):
            now = explain()
        counts.append(count)
        found.append([similarity(a, b) for a, b in zip(before, now, strict=True)])
    return Randomisation(layers=tuple(counts), similarity=np.array(found))


@contextlib.contextmanager
def forgotten(layers: Sequence[Sequence[Any]], seed: int) -> Iterator[None]:
    """Within this context the kernels of these layers are random; afterwards they are what they were."""
    rng = np.random.default_rng(seed)
    distinct = {id(kernel): kernel for kernels in layers for kernel in kernels}
    with _one_at_a_time:
        kept = [(kernel, np.array(kernel.numpy())) for kernel in distinct.values()]
        try:
            for kernel, values in kept:
                plain = values.astype(np.float64)
                kernel.assign(rng.normal(plain.mean(), plain.std(), values.shape).astype(values.dtype))
            yield
        finally:
            for kernel, values in kept:
                kernel.assign(values)


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two maps' absolute values; NaN where one of them is the same everywhere."""
    from scipy.stats import rankdata

    ranks = [rankdata(np.abs(one).ravel()) for one in (a, b)]
    away = [rank - rank.mean() for rank in ranks]
    length = float(np.sqrt((away[0] ** 2).sum() * (away[1] ** 2).sum()))
    return float(away[0] @ away[1]) / length if length else float("nan")
