"""Saliency: the maximum over channels of the absolute gradient of the score by the input."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tensorview as tv
from tensorview.errors import OptionError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_linear_model_shows_its_weights() -> None:
    model = keras.Sequential([keras.Input((6, 5, 3)), layers.Flatten(), layers.Dense(4, activation="softmax")])
    images = rng().normal(size=(2, 6, 5, 3)).astype("float32")
    weights = model.layers[-1].get_weights()[0].reshape(6, 5, 3, 4)
    for target in range(4):
        result = tv.attribute(model, images, "saliency", target=target)
        np.testing.assert_allclose(result.raw, np.stack([weights[..., target]] * 2), atol=1e-7)
        np.testing.assert_allclose(result.values[1], np.abs(weights[..., target]).max(-1), atol=1e-7)


def test_it_equals_a_tape_over_the_whole_model() -> None:
    keras.utils.set_random_seed(1)
    x = keras.Input((9, 9, 3))
    y = layers.LeakyReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3)(x)))
    logits = layers.Dense(3)(layers.Flatten()(y))
    model = keras.Model(x, ops.softmax(logits))
    without = keras.Model(x, logits)
    images = tf.constant(rng(2).normal(size=(2, 9, 9, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(images)
        score = without(images, training=False)[:, 1]
    wanted = tape.gradient(score, images).numpy()
    result = tv.attribute(model, images, "saliency", target=1)
    np.testing.assert_allclose(result.raw, wanted, atol=1e-6)
    np.testing.assert_allclose(result.values, np.abs(wanted).max(-1), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "shown"),
    [((20, 2), (20,)), ((7,), (7,)), ((4, 5, 6, 2), (4, 5, 6))],
    ids=["signal", "vector", "volume"],
)
def test_inputs_that_are_no_images(shape: tuple[int, ...], shown: tuple[int, ...]) -> None:
    conv = {2: layers.Conv1D, 4: layers.Conv3D}.get(len(shape))
    model = keras.Sequential([
        keras.Input(shape), *([conv(3, 3, padding="same")] if conv else []), layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    result = tv.attribute(model, rng().normal(size=(2, *shape)).astype("float32"), "saliency")
    assert result.values.shape == (2, *shown)
    assert result.raw.shape == (2, *shape)


def test_a_grid_without_channels_keeps_both_axes() -> None:
    model = keras.Sequential([keras.Input((8, 6)), layers.Rescaling(0.5), layers.Flatten(), layers.Dense(3)])
    result = tv.attribute(model, rng().normal(size=(1, 8, 6)).astype("float32"), "saliency", target=2)
    weights = model.layers[-1].get_weights()[0][:, 2].reshape(8, 6)
    np.testing.assert_allclose(result.values[0], 0.5 * np.abs(weights), atol=1e-7)


def test_channels_first_takes_the_maximum_over_the_first_axis() -> None:
    model = keras.Sequential([
        keras.Input((2, 8, 7)), layers.Conv2D(3, 3, data_format="channels_first"), layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    result = tv.attribute(model, rng().normal(size=(2, 2, 8, 7)).astype("float32"), "saliency")
    assert result.values.shape == (2, 8, 7)
    np.testing.assert_array_equal(result.values, np.abs(result.raw).max(1))


def test_several_inputs_come_by_name() -> None:
    image, vector = keras.Input((6, 6, 1), name="image"), keras.Input((4,), name="vector")
    joined = layers.Concatenate()([layers.Flatten()(image), vector])
    model = keras.Model({"image": image, "vector": vector}, layers.Dense(2)(joined))
    inputs = {"image": rng().normal(size=(3, 6, 6, 1)), "vector": rng().normal(size=(3, 4))}
    result = tv.attribute(model, inputs, "saliency", target=1)
    weights = model.layers[-1].get_weights()[0][:, 1]
    assert set(result.values) == set(result.raw) == {"image", "vector"}
    np.testing.assert_allclose(result.values["image"][0], np.abs(weights[:36]).reshape(6, 6), atol=1e-7)
    np.testing.assert_allclose(result.values["vector"][0], np.abs(weights[36:]), atol=1e-7)


def test_token_ids_are_explained_at_their_embeddings() -> None:
    model = keras.Sequential([
        keras.Input((5,), dtype="int32"), layers.Embedding(10, 4), layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    result = tv.attribute(model, np.arange(5, dtype="int32")[None], "saliency", target=1)
    weights = model.layers[-1].get_weights()[0][:, 1].reshape(5, 4)
    np.testing.assert_allclose(result.raw[0], weights, atol=1e-7)
    np.testing.assert_allclose(result.values[0], np.abs(weights).max(-1), atol=1e-7)


def test_whole_numbers_without_an_embedding_have_no_gradient_and_that_is_said() -> None:
    model = keras.Sequential([keras.Input((5,), dtype="int32"), layers.Rescaling(0.5), layers.Dense(2)])
    with pytest.raises(OptionError, match="int32"):
        tv.attribute(model, np.ones((1, 5), "int32"), "saliency")
