"""Summaries against NumPy's own histogram and moments, and against values worked out by hand."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from keras import layers

from tensorview.statistics import PIECE, parameters, summarize

RANDOM = np.random.default_rng(7)


def test_by_hand() -> None:
    found = summarize(np.array([[0.0, 1.0], [2.0, 5.0]], np.float32), bins=5)
    assert (found.count, found.min, found.max, found.mean) == (4, 0.0, 5.0, 2.0)
    assert found.std == pytest.approx(math.sqrt((4 + 1 + 0 + 9) / 4))
    assert found.zeros == 0.25
    assert found.histogram == (1, 1, 1, 0, 1), "an edge belongs to the bin above it, the maximum to the last"


@pytest.mark.parametrize(
    "values",
    [
        RANDOM.normal(size=3 * PIECE + 17).astype(np.float32),
        np.maximum(RANDOM.normal(size=(40, 50, 7)), 0).astype(np.float32),
        RANDOM.normal(size=(40, 50, 7)).astype(np.float32).transpose(2, 0, 1)[:, ::2],
        (RANDOM.normal(size=9999) * 1e-3 + 1000).astype(np.float64),
        RANDOM.normal(size=999).astype(np.float16),
        RANDOM.normal(size=999).astype(ml_dtypes.bfloat16),
        RANDOM.integers(-100, 1000, size=5000),
        RANDOM.integers(0, 256, size=5000).astype(np.uint8),
        RANDOM.random(500) > 0.3,
    ],
    ids=["float32", "relu", "strided", "far from zero", "float16", "bfloat16", "int64", "uint8", "bool"],
)
def test_equals_numpy_in_float64(values: np.ndarray) -> None:
    exact = values.astype(np.float64).ravel()
    found = summarize(values)
    assert found.count == values.size
    assert (found.min, found.max) == (exact.min(), exact.max())
    assert found.mean == pytest.approx(exact.mean(), rel=1e-12, abs=1e-12)
    assert found.std == pytest.approx(exact.std(), rel=1e-9)
    assert found.zeros == np.mean(exact == 0)
    assert found.histogram == tuple(np.histogram(exact, 32)[0])


def test_nan_and_infinity_are_counted_and_left_out() -> None:
    found = summarize(np.array([np.nan, 1, np.inf, -np.inf, 3, np.nan], np.float32), bins=2)
    assert (found.count, found.nan, found.inf) == (6, 2, 2)
    assert (found.min, found.max, found.mean, found.histogram) == (1.0, 3.0, 2.0, (1, 1))
    nothing = summarize(np.array([np.nan, np.inf], np.float32))
    assert (nothing.min, nothing.mean, nothing.nan, nothing.inf, sum(nothing.histogram)) == (None, None, 1, 1, 0)


def test_odd_types_and_sizes() -> None:
    assert summarize(np.array([3 + 4j, 0])).max == 5.0
    assert summarize(np.array(2.5, np.float32)).histogram[0] == 1
    constant = summarize(np.full((3, 3), -2.5, np.float32))
    assert (constant.min, constant.std, constant.histogram[0]) == (-2.5, 0.0, 9)
    empty = summarize(np.zeros((0, 4), np.float32))
    assert (empty.count, empty.min, empty.histogram) == (0, None, (0,) * 32)
    for text in (np.array(["a", "b"]), np.array([b"a", None], object)):
        assert (summarize(text).count, summarize(text).mean) == (2, None)


@pytest.mark.parametrize("factor", [1e-310, 1e-40, 1.7e308])
def test_extreme_ranges(factor: float) -> None:
    found = summarize(np.array([-1.0, 0.0, 1.0, 1.0]) * factor, bins=3)
    assert (found.min, found.max, found.histogram) == (-factor, factor, (1, 1, 2))
    assert found.mean == pytest.approx(factor / 4, rel=1e-6, abs=0)
    assert found.std == pytest.approx(factor * (math.sqrt(11) / 4), rel=1e-6, abs=0)


def test_parameters() -> None:
    norm = layers.BatchNormalization()
    norm.build((None, 5))
    assert parameters(norm) == (20, 10), "moving mean and variance are not trained"
    dropout = layers.Dropout(0.5)
    assert parameters(dropout) == (0, 0), "the state of a random generator is no weight"
    assert parameters(None) == (0, 0)
