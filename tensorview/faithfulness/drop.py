"""Average drop and increase in confidence after Chattopadhyay et al. 2018, Grad-CAM++, arXiv 1710.11063."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensorview.faithfulness.answers import Question
from tensorview.faithfulness.pixels import spread


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drop:
    """Of the model's answer when it sees only what the map shows. drop: (N,), the share of the answer that is lost,
    0..1: less is better. increase: bool (N,), whether the answer rose. Their means are the paper's figures. drop is NaN
    where the answer was not above zero, of which no share can be lost."""

    drop: np.ndarray
    increase: np.ndarray


def average_drop(question: Question, values: np.ndarray, name: str) -> Drop:
    """Multiply input `name` by each map, from 0 to 1 by its own maximum, and ask again. values: maps (N, ...)."""
    samples = question.inputs()[name]
    before = question.answers.values
    after = np.array(
        [question.of(i, name, [_shown(*pair)])[0] for i, pair in enumerate(zip(samples, values, strict=True))]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        drop = np.where(before > 0, np.maximum(0.0, before - after) / before, np.nan)
    return Drop(drop=drop, increase=after > before)


def _shown(sample: np.ndarray, values: np.ndarray) -> np.ndarray:
    positive = np.maximum(np.nan_to_num(values, nan=0.0), 0)
    peak = positive.max(initial=0)
    return np.asarray(sample * spread(positive / peak if peak > 0 else positive, sample)).astype(sample.dtype)
