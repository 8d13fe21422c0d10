"""What deletion, insertion, average drop and the randomisation check say of maps known to be right or wrong."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tensorview.attribution import attribute
from tensorview.attribution.target import parse
from tensorview.faithfulness import Question, average_drop, curves, randomisation
from tensorview.faithfulness.randomisation import forgotten, similarity

SIDE = 8


@pytest.fixture(scope="module")
def looks_at_one_pixel() -> Any:
    """p(class 1) is near 1 where pixel (2, 5) is bright, near 0 else; nothing else counts."""
    inputs = keras.Input((SIDE, SIDE, 1), name="picture")
    outputs = keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    kernel = np.zeros((SIDE * SIDE, 1), np.float32)
    kernel[2 * SIDE + 5] = 40
    model.set_weights([kernel, np.array([-20], np.float32)])
    return model


@pytest.fixture(scope="module")
def bright() -> np.ndarray:
    images = np.full((2, SIDE, SIDE, 1), 0.1, np.float32)
    images[:, 2, 5] = 1
    return images


def perfect() -> np.ndarray:
    maps = np.zeros((2, SIDE, SIDE), np.float32)
    maps[:, 2, 5] = 1
    return maps


def test_a_perfect_map_deletes_at_once_and_inserts_at_once(looks_at_one_pixel: Any, bright: np.ndarray) -> None:
    question = Question(looks_at_one_pixel, bright, parse(1, 2))
    assert_allclose(question.answers.values, 1, atol=1e-6)
    assert "sigmoid" in question.answers.note
    found = curves(question, perfect(), "picture", steps=SIDE * SIDE, start="zero")
    assert_allclose(found.deletion[:, 1:], 0, atol=1e-6)
    assert_allclose(found.insertion[:, 1:], 1, atol=1e-6)
    assert_allclose(found.insertion_area, 1, atol=0.01)
    assert_allclose(found.deletion_area, 0, atol=0.01)


def test_the_worst_map_deletes_last(looks_at_one_pixel: Any, bright: np.ndarray) -> None:
    question = Question(looks_at_one_pixel, bright, parse(1, 2))
    found = curves(question, -perfect(), "picture", steps=SIDE * SIDE, start="zero")
    assert_allclose(found.deletion_area, 1, atol=0.01)
    assert_allclose(found.insertion_area, 0, atol=0.01)


def test_random_maps_score_as_chance(looks_at_one_pixel: Any, bright: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    images = np.repeat(bright[:1], 200, axis=0)
    question = Question(looks_at_one_pixel, images, parse(1, 200))
    found = curves(question, rng.random((200, SIDE, SIDE)), "picture", steps=16, start="zero")
    assert abs(found.deletion_area.mean() - 0.5) < 0.1
    assert abs(found.insertion_area.mean() - 0.5) < 0.1


def test_curves_of_a_model_that_adds_up_are_straight_lines() -> None:
    """With equal weights each share of the pixels takes its share of the score, whatever the order."""
    inputs = keras.Input((4, 4, 3), name="picture")
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    kernel = np.zeros((48, 2), np.float32)
    kernel[:, 1] = 1
    model.set_weights([kernel, np.zeros(2, np.float32)])
    question = Question(model, np.ones((1, 4, 4, 3), np.float32), parse(1, 1))
    found = curves(question, np.random.default_rng(1).random((1, 4, 4)), "picture", steps=16, start="zero")
    assert_allclose(found.deletion[0], 48 * (1 - found.shares), rtol=1e-6)
    assert_allclose(found.insertion[0], 48 * found.shares, rtol=1e-6)


def test_average_drop_is_nothing_for_a_perfect_map_and_all_for_a_blank_one(
    looks_at_one_pixel: Any, bright: np.ndarray
) -> None:
    question = Question(looks_at_one_pixel, bright, parse(1, 2))
    maps = perfect()
    maps[1] = 0
    found = average_drop(question, maps, "picture")
    assert_allclose(found.drop, [0, 1], atol=1e-6)
    assert not found.increase[1]


def test_an_increase_is_told() -> None:
    """A pixel that speaks against the class is hidden by the map: the answer rises."""
    inputs = keras.Input((2, 2, 1), name="picture")
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(inputs)))
    model.set_weights([np.array([[2], [-2], [0], [0]], np.float32), np.zeros(1, np.float32)])
    question = Question(model, np.ones((1, 2, 2, 1), np.float32), parse(1, 1))
    found = average_drop(question, np.array([[[1.0, 0.0], [0.0, 0.0]]]), "picture")
    assert found.increase.all()
    assert_array_equal(found.drop, 0)


def test_channels_first_and_one_dimensional_inputs(looks_at_one_pixel: Any) -> None:
    inputs = keras.Input((3, 5, 4), name="picture")
    pooled = keras.layers.GlobalAveragePooling2D(data_format="channels_first")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(pooled))
    x = np.random.default_rng(0).random((2, 3, 5, 4)).astype(np.float32)
    question = Question(model, x, parse(None, 2))
    assert "softmax" in question.answers.note
    assert_allclose(question.answers.values, np.asarray(model(x)).max(axis=1), rtol=1e-6)
    assert curves(question, x[:, 0], "picture", steps=4).deletion.shape == (2, 5)
    inputs = keras.Input((6, 2), name="picture")
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    question = Question(model, x.reshape(-1)[:24].reshape(2, 6, 2), parse(0, 2))
    found = curves(question, np.random.default_rng(2).random((2, 6)), "picture", steps=3, gone="mean")
    assert_allclose(found.deletion[:, 0], question.answers.values, rtol=1e-6)
    assert_allclose(found.insertion[:, -1], question.answers.values, rtol=1e-6)


def small_cnn() -> Any:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((12, 12, 1), name="picture"),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Conv2D(6, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3),
        ]
    )


def test_a_method_that_ignores_the_model_fails_the_randomisation_check() -> None:
    model = small_cnn()
    images = np.random.default_rng(0).random((2, 12, 12, 1)).astype(np.float32)
    question = Question(model, images, parse(1, 2))
    edges = randomisation(question, lambda: np.abs(np.gradient(images[..., 0], axis=1)))
    assert_allclose(edges.similarity, 1)
    saliency = randomisation(question, lambda: attribute(model, images, "saliency", 1).values)
    assert saliency.layers == (1, 2, 3)
    assert (saliency.similarity[-1] < 0.5).all()


def test_the_weights_are_back_after_the_check_and_after_an_error() -> None:
    model = small_cnn()
    before = [weight.numpy().copy() for weight in model.weights]
    images = np.random.default_rng(0).random((1, 12, 12, 1)).astype(np.float32)
    question = Question(model, images, parse(0, 1))
    calls = []

    def explain() -> np.ndarray:
        calls.append([weight.numpy().copy() for weight in model.weights])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return images[..., 0]

    with pytest.raises(KeyboardInterrupt):
        randomisation(question, explain)
    assert any(not np.array_equal(a, b) for a, b in zip(calls[0], calls[1], strict=True))
    for a, b in zip(before, model.weights, strict=True):
        assert_array_equal(a, b.numpy())


def test_what_was_forgotten_has_the_spread_that_it_had() -> None:
    model = small_cnn()
    kernel = model.layers[1].kernel
    before = kernel.numpy().copy()
    with forgotten([[kernel]], seed=1):
        now = kernel.numpy().copy()
        assert not np.allclose(now, before)
        assert abs(now.std() - before.std()) < 0.2 * before.std()


def test_similarity_is_spearmans() -> None:
    a = np.array([1.0, -2.0, 3.0, 4.0])
    assert similarity(a, np.exp(np.abs(a))) == pytest.approx(1)
    assert similarity(a, -1 / np.abs(a)) == pytest.approx(-1)
    assert np.isnan(similarity(a, np.ones(4)))
