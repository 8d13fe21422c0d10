"""Illnesses that are planted are found, and healthy layers are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import layers

from tensorview.health import health
from tensorview.layers import describe
from tensorview.manifest import Health

RANDOM = np.random.default_rng(3)


def judge(layer: Any, values: np.ndarray, least: float | None = None) -> dict[str, Health]:
    known = describe(layer, type(layer).__name__, values.shape)
    return {item.kind: item for item in health(known, values, least)}


def maps(samples: int, *shape: int) -> np.ndarray:
    return RANDOM.normal(size=(samples, *shape)).astype(np.float32)


def test_healthy_layers_have_no_illness() -> None:
    assert judge(layers.Conv2D(8, 3), maps(2, 5, 5, 8)) == {}
    relu = np.clip(maps(4, 5, 5, 8), 0, 6)
    assert (relu == 0).mean() > 0.4
    assert judge(layers.ReLU(6.0), relu) == {}, "zeros of a ReLU6 are no illness"
    assert judge(layers.Dense(10, activation="softmax"), np.eye(10, dtype=np.float32)) == {}


def test_dead_channels() -> None:
    values = maps(12, 5, 5, 8)
    values[..., :3] = 0
    found = judge(layers.Conv2D(8, 3), values)["dead"]
    assert found.share == 3 / 8
    assert found.text == "3 of 8 channels are zero everywhere, for every input of this run"
    first = layers.Conv2D(8, 3, data_format="channels_first")
    assert judge(first, np.moveaxis(values, -1, 1))["dead"].share == 3 / 8
    assert judge(layers.Dense(8), values.reshape(-1, 8))["dead"].share == 3 / 8


def test_a_channel_that_wakes_for_one_input_is_not_dead() -> None:
    values = np.zeros((12, 5, 5, 2), np.float32)
    values[7, 2, 2] = 1
    assert judge(layers.ReLU(), values) == {}


def test_a_resting_layer_needs_more_than_one_input_to_be_ill() -> None:
    values = maps(1, 7, 7, 10)
    values[..., :7] = 0
    assert judge(layers.ReLU(), values) == {}
    assert judge(layers.ReLU(), values, least=0.0)["dead"].share == 0.7
    values[...] = 0
    assert judge(layers.ReLU(), values)["dead"].text.startswith("all 10 channels are zero")


def test_too_few_values_are_not_judged() -> None:
    assert judge(layers.Dense(5, activation="relu"), np.zeros((7, 5), np.float32)) == {}
    assert "dead" in judge(layers.Dense(5, activation="relu"), np.zeros((8, 5), np.float32))


def test_constant_channels() -> None:
    values = maps(12, 4, 4, 2)
    values[..., 1] = 6
    found = judge(layers.ReLU(6.0), values)["constant"]
    assert (found.share, found.text) == (
        0.5, "1 of 2 channels is the same value everywhere, for every input of this run",
    )  # fmt: skip


@pytest.mark.parametrize(("activation", "low", "high"), [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)])
def test_saturated_units(activation: str, low: float, high: float) -> None:
    values = RANDOM.uniform(low, high, size=(20, 4)).astype(np.float32)
    values[:, 1] = np.where(np.arange(20) % 2, low + 0.001, high - 0.001)
    found = judge(layers.Dense(4, activation=activation), values)["saturated"]
    assert found.share == 0.25
    assert f"limits of {activation}" in found.text
    assert judge(layers.Dense(4), values) == {}, "without the activation those are but values"


def test_nan_and_infinity() -> None:
    values = maps(1, 4, 4, 2)
    values[0, 0, 0, 0], values[0, 1, :, 1] = np.nan, np.inf
    found = judge(layers.Add(), values)
    assert (found["nan"].share, found["inf"].share) == (1 / 32, 4 / 32)
    assert found["nan"].text == "1 of 32 values are not a number (NaN)"


def test_what_hands_on_is_not_blamed() -> None:
    nothing = np.zeros((12, 4, 4, 3), np.float32)
    for layer in (layers.Dropout(0.2), layers.MaxPooling2D(), layers.Flatten(), layers.Add(), None):
        assert judge(layer, nothing) == {}, layer


def test_odd_values() -> None:
    assert judge(layers.StringLookup(), np.array([["a"]])) == {}
    assert judge(layers.Dense(3), np.zeros((9, 0), np.float32)) == {}
    assert "dead" in judge(layers.Embedding(5, 2), np.zeros((2, 6, 2), np.float16))
