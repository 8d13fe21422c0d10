"""The benchmark of attribution measures what it says: ours is the public function, and the baseline the same maps."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))
from libraries import Bare, Tensorview


@pytest.fixture(scope="module")
def context() -> Any:
    keras.utils.set_random_seed(2)
    x = keras.Input((16, 16, 3))
    y = layers.Conv2D(5, 3, activation="relu", name="maps")(layers.MaxPooling2D()(layers.Conv2D(4, 3)(x)))
    model = keras.Model(x, layers.Dense(6)(layers.GlobalAveragePooling2D()(y)))
    return SimpleNamespace(model=model, layer="maps", n_samples=4)


METHODS = {"gradcam": "grad_cam", "saliency": "saliency", "scorecam": "score_cam", "every_layer": "grad_cam"}


@pytest.mark.parametrize("method", METHODS)
def test_ours_is_what_attribute_returns(method: str, context: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    found = getattr(Tensorview(), method)(context)(x, [1, 4])
    np.testing.assert_array_equal(found, tv.attribute(context.model, x, METHODS[method], target=[1, 4]).values)


@pytest.mark.parametrize("method", ["gradcam", "saliency", "scorecam"])
def test_the_baseline_makes_the_same_maps(method: str, context: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    ours, bare = (getattr(kind(), method)(context)(x, [1, 4]) for kind in (Tensorview, Bare))
    scale = bare.max((1, 2), keepdims=True) if method != "saliency" else 1.0
    np.testing.assert_allclose(
        ours * scale / (1.0 if method == "saliency" else ours.max((1, 2), keepdims=True)), bare, atol=1e-5
    )


def test_smoothgrad_takes_as_many_copies(context: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    for kind in (Tensorview, Bare):
        assert kind().smoothgrad(context)(x, [1, 4]).shape == (2, 16, 16)
