"""SmoothGrad and integrated gradients."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv

Array = np.ndarray[Any, Any]


def images(*shape: int) -> Array:
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def net(*, bias: bool = True, activation: str = "relu") -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([
        keras.Input((8, 7, 2)), layers.Conv2D(5, 3, activation=activation, use_bias=bias),
        layers.Conv2D(4, 3, activation=activation, use_bias=bias), layers.Flatten(),
        layers.Dense(3, activation="softmax", use_bias=bias),
    ])  # fmt: skip


def logits(model: keras.Model) -> keras.Model:
    head = layers.Dense(3, use_bias=model.layers[-1].use_bias)
    other = keras.Sequential([keras.Input(model.input_shape[1:]), *model.layers[:-1], head])
    head.set_weights(model.layers[-1].get_weights())
    return other


def gradient(model: keras.Model, x: Any, target: int) -> Array:
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = model(x, training=False)[:, target]
    return tape.gradient(score, x).numpy()


def test_smoothgrad_is_the_saliency_of_the_mean_gradient_at_noisy_copies() -> None:
    model, x = net(activation="tanh"), images(2, 8, 7, 2)
    result = tv.attribute(model, x, "smoothgrad", target=1, samples=7, noise=0.3, seed=5)
    plain, sums, squares = logits(model), 0.0, 0.0
    for copy in range(7):
        noise = tf.random.stateless_normal(x.shape[1:], (5, copy)).numpy()
        span = x.max((1, 2, 3), keepdims=True) - x.min((1, 2, 3), keepdims=True)
        found = gradient(plain, x + 0.3 * span * noise, 1).astype("float64")
        sums, squares = sums + found / 7, squares + found**2 / 7
    np.testing.assert_allclose(result.raw, sums, atol=1e-6)
    np.testing.assert_allclose(result.values, np.abs(sums).max(-1), atol=1e-6)
    square = tv.attribute(model, x, "smoothgrad", target=1, samples=7, noise=0.3, seed=5, statistic="square")
    np.testing.assert_allclose(square.raw, squares, atol=1e-6)
    var = tv.attribute(model, x, "smoothgrad", target=1, samples=7, noise=0.3, seed=5, statistic="var")
    np.testing.assert_allclose(var.raw, squares - sums**2, atol=1e-6)


def test_smoothgrad_without_noise_is_saliency_and_its_variance_zero() -> None:
    model, x = net(), images(2, 8, 7, 2)
    plain = tv.attribute(model, x, "saliency", target=2)
    smooth = tv.attribute(model, x, "smoothgrad", target=2, samples=3, noise=0.0)
    np.testing.assert_allclose(smooth.raw, plain.raw, atol=1e-7)
    np.testing.assert_allclose(smooth.values, plain.values, atol=1e-7)
    assert tv.attribute(model, x, "smoothgrad", target=2, samples=3, noise=0.0, statistic="var").raw.max() < 1e-10


def test_smoothgrad_depends_on_its_seed_alone() -> None:
    model, x = net(), images(1, 8, 7, 2)
    one, same, other = (tv.attribute(model, x, "smoothgrad", samples=4, seed=seed).raw for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("method", ["smoothgrad", "integrated_gradients"])
def test_the_size_of_a_pass_changes_nothing(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = net(), images(2, 8, 7, 2)
    whole = tv.attribute(model, x, method)
    monkeypatch.setattr("tensorview.attribution.probe.PASS_BYTES", 1)
    one_by_one = tv.attribute(model, x, method)
    np.testing.assert_allclose(one_by_one.raw, whole.raw, atol=1e-6)


@pytest.mark.parametrize("baseline", [0.0, 0.7])
def test_the_shares_of_integrated_gradients_add_up(baseline: float) -> None:
    model, x = net(activation="tanh"), images(3, 8, 7, 2)
    result = tv.attribute(model, x, "integrated_gradients", target=[0, 1, 2], baseline=baseline)
    plain = logits(model)
    gap = np.diag(plain(x).numpy() - plain(np.full_like(x, baseline)).numpy())
    np.testing.assert_allclose(result.raw.sum((1, 2, 3)), gap, atol=1e-5)
    np.testing.assert_allclose(result.values, result.raw.sum(-1), atol=1e-6)
    assert np.abs(result.delta).max() < 1e-5
    assert np.abs(tv.attribute(model, x, "integrated_gradients", target=0, steps=1).delta).max() > 1e-4


def test_a_relu_net_without_biases_is_exact_at_once_from_a_zero_baseline() -> None:
    """Such a net is linear along each ray from zero, so the gradient is the same on the whole way."""
    model, x = net(bias=False), images(3, 8, 7, 2)
    result = tv.attribute(model, x, "integrated_gradients", steps=10)
    np.testing.assert_allclose(result.raw.sum((1, 2, 3)), result.score, atol=1e-6)
    assert np.abs(result.delta).max() < 1e-6
    product = tv.attribute(model, x, "gradient_input")
    np.testing.assert_allclose(result.raw, product.raw, atol=1e-6)


def test_integrated_gradients_equal_a_fine_riemann_sum() -> None:
    model, x = net(activation="tanh"), images(1, 8, 7, 2)
    result = tv.attribute(model, x, "integrated_gradients", target=2, baseline=-0.5)
    places = (np.arange(2000, dtype="float32") + 0.5) / 2000
    points = -0.5 + places[:, None, None, None] * (x + 0.5)
    wanted = (x + 0.5) * gradient(logits(model), points, 2).astype("float64").mean(0)
    np.testing.assert_allclose(result.raw, wanted, atol=1e-6)


def text_model() -> keras.Model:
    keras.utils.set_random_seed(3)
    ids, extra = keras.Input((6,), dtype="int32", name="ids"), keras.Input((3,), name="extra")
    read = layers.GlobalAveragePooling1D()(layers.Dense(5, activation="tanh")(layers.Embedding(12, 4, name="e")(ids)))
    return keras.Model([ids, extra], layers.Dense(2)(layers.Concatenate()([read, extra])))


def test_integrated_gradients_of_token_ids_go_from_the_baseline_to_the_embeddings() -> None:
    model = text_model()
    inputs = {"ids": np.arange(12, dtype="int32").reshape(2, 6), "extra": images(2, 3)}
    result = tv.attribute(model, inputs, "integrated_gradients", target=1)
    assert result.values["ids"].shape == (2, 6)
    assert result.raw["ids"].shape == (2, 6, 4)
    total = result.raw["ids"].sum((1, 2)) + result.raw["extra"].sum(1)
    table = model.get_layer("e").get_weights()[0]
    model.get_layer("e").set_weights([np.zeros_like(table)])
    empty = np.asarray(model([inputs["ids"], np.zeros((2, 3), "float32")]))[:, 1]
    np.testing.assert_allclose(total, result.score - empty, atol=1e-5)
    np.testing.assert_allclose(result.delta, 0, atol=1e-5)


def test_smoothgrad_of_token_ids_puts_noise_on_the_embeddings() -> None:
    model = text_model()
    inputs = {"ids": np.arange(12, dtype="int32").reshape(2, 6), "extra": images(2, 3)}
    plain = tv.attribute(model, inputs, "saliency", target=0)
    smooth = tv.attribute(model, inputs, "smoothgrad", target=0, noise=5.0)
    assert smooth.values["ids"].shape == (2, 6)
    assert np.abs(smooth.raw["ids"] - plain.raw["ids"]).max() > 1e-4
    none = tv.attribute(model, inputs, "smoothgrad", target=0, noise=0.0, samples=2)
    np.testing.assert_allclose(none.raw["ids"], plain.raw["ids"], atol=1e-7)
