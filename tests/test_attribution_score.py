"""The score is what stands before the last softmax or sigmoid, however that was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tensorview.attribution import attribute
from tensorview.attribution.export import explanations

UNITS, CLASSES = 5, 3
X = np.random.default_rng(0).normal(size=(4, UNITS)).astype("float32")


def logits_of(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """By hand, from the weights of the layer called `logits`."""
    kernel, bias = weights_of(model)
    return x @ kernel + bias


def weights_of(model: keras.Model) -> list[np.ndarray]:
    return next(layer for layer in model._flatten_layers() if layer.name == "logits").get_weights()


def dense(units: int = CLASSES, **kwargs: Any) -> layers.Dense:
    return layers.Dense(units, name="logits", bias_initializer="normal", kernel_initializer="normal", **kwargs)


def sequential(*after: Any, **kwargs: Any) -> keras.Model:
    return keras.Sequential([keras.Input((UNITS,)), dense(**kwargs), *after])


def functional(end: Callable[[Any], Any], units: int = CLASSES) -> keras.Model:
    x = keras.Input((UNITS,))
    return keras.Model(x, end(dense(units)(x)))


class Subclassed(keras.Model):
    def __init__(self, last: Callable[[Any], Any]) -> None:
        super().__init__()
        self.logits, self.last = dense(), last

    def call(self, x: Any) -> Any:
        return self.last(self.logits(x))


class InnerFunction(keras.Model):
    """Its whole call is a tf.function of its own, so the logits lie in an inner graph."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = dense()

    @tf.function
    def call(self, x: Any) -> Any:
        return tf.nn.softmax(self.logits(x))


def nested() -> keras.Model:
    inner = sequential(layers.Softmax())
    x = keras.Input((UNITS,))
    return keras.Model(x, keras.Sequential([inner, layers.Dropout(0.5)])(x))


def time_distributed() -> keras.Model:
    x = keras.Input((UNITS,))
    steps = layers.Reshape((1, UNITS))(x)
    return keras.Model(x, layers.TimeDistributed(sequential(activation="softmax"))(steps))


def stacked() -> keras.Model:
    """Two branches that agree: seen through Pack and Reshape."""
    x = keras.Input((UNITS,))
    p = ops.softmax(dense()(x))
    return keras.Model(x, ops.squeeze(ops.stack([p], axis=1), 1))


SEEN_THROUGH: dict[str, tuple[Callable[[], keras.Model], str]] = {
    "activation argument": (lambda: sequential(activation="softmax"), "softmax"),
    "Activation layer": (lambda: sequential(layers.Activation("softmax")), "softmax"),
    "Softmax layer": (lambda: sequential(layers.Softmax()), "softmax"),
    "log_softmax": (lambda: sequential(activation="log_softmax"), "log_softmax"),
    "keras.ops.softmax": (lambda: functional(ops.softmax), "softmax"),
    "keras.ops.log_softmax": (lambda: functional(ops.log_softmax), "log_softmax"),
    "keras.ops.sigmoid": (lambda: functional(ops.sigmoid), "sigmoid"),
    "sigmoid argument": (lambda: sequential(activation="sigmoid"), "sigmoid"),
    "Lambda": (lambda: functional(layers.Lambda(tf.nn.softmax)), "softmax"),
    "nested with a Dropout behind": (nested, "softmax"),
    "trailing Dropout": (lambda: sequential(layers.Softmax(), layers.Dropout(0.5)), "softmax"),
    "trailing Reshape": (
        lambda: sequential(layers.Softmax(), layers.Reshape((CLASSES, 1)), layers.Flatten()),
        "softmax",
    ),
    "trailing cast": (
        lambda: functional(lambda t: ops.cast(ops.cast(ops.softmax(t), "float16"), "float32")),
        "softmax",
    ),
    "softmax over axis 1 of 3": (
        lambda: functional(lambda t: ops.squeeze(ops.softmax(ops.expand_dims(t, 2), axis=1), 2)),
        "softmax",
    ),
    "subclassed": (lambda: Subclassed(tf.nn.softmax), "softmax"),
    "subclassed, transposed twice": (
        lambda: Subclassed(lambda t: tf.transpose(tf.nn.softmax(tf.transpose(t), axis=0))),
        "softmax",
    ),
    "inner tf.function": (InnerFunction, "softmax"),
    "TimeDistributed": (time_distributed, "softmax"),
    "stack": (stacked, "softmax"),
    "concatenation of agreeing branches": (
        lambda: functional(lambda t: ops.concatenate([ops.sigmoid(t[:, :1]), ops.sigmoid(t[:, 1:])], 1)),
        "sigmoid",
    ),
}


@pytest.mark.parametrize("name", SEEN_THROUGH)
def test_score_is_taken_before_the_last_activation(name: str) -> None:
    make, activation = SEEN_THROUGH[name]
    model = make()
    probabilities = np.asarray(model(X)).reshape(4, CLASSES)
    logits = logits_of(model, X)
    assert np.abs(logits - probabilities).max() > 0.05, "the test could not tell the two apart"

    outputs = explanations(model, X, methods=()).outputs
    result = attribute(model, X, "saliency")

    assert [o.activation for o in outputs] == [activation]
    np.testing.assert_allclose(outputs[0].scores, logits, atol=1e-5)
    np.testing.assert_array_equal(result.target, logits.argmax(1))
    np.testing.assert_allclose(result.score, logits.max(1), atol=1e-5)
    assert result.activation == activation
    assert result.score_note.startswith(f"before the last {activation}")
    kernel = weights_of(model)[0]
    np.testing.assert_allclose(result.raw, kernel[:, result.target].T, atol=1e-6)


NOT_SEEN_THROUGH: dict[str, Callable[[Any], Any]] = {
    "a power": lambda t: ops.softmax(t) ** 0.5,
    "one minus": lambda t: 1.0 - ops.sigmoid(t),
    "a clip": lambda t: ops.clip(ops.softmax(t), 1e-6, 1.0),
    "branches that disagree": lambda t: ops.concatenate([ops.sigmoid(t[:, :1]), ops.softmax(t[:, 1:])], 1),
    "hard_sigmoid": ops.hard_sigmoid,
    "relu": ops.relu,
    "no activation": lambda t: t * 2.0,
}


@pytest.mark.parametrize("name", NOT_SEEN_THROUGH)
def test_anything_else_is_explained_as_it_is_and_says_so(name: str) -> None:
    model = functional(NOT_SEEN_THROUGH[name])
    result = attribute(model, X, "saliency")
    np.testing.assert_allclose(result.score, np.asarray(model(X)).max(1), atol=1e-6)
    assert result.activation == "none"
    assert result.score_note.startswith("the output itself")


def test_mixed_float16_scores_come_before_the_softmax_in_float32() -> None:
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    model = keras.Sequential([
        keras.Input((UNITS,)), dense(dtype=policy), layers.Activation("softmax", dtype="float32"),
    ])  # fmt: skip
    result = attribute(model, X, "saliency")
    assert {result.score.dtype, result.raw.dtype, result.values.dtype} == {np.dtype("float32")}
    np.testing.assert_allclose(result.score, logits_of(model, X).max(1), rtol=5e-3, atol=5e-3)
    assert result.activation == "softmax"


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_softmax_map_sums_its_class_over_positions(data_format: str) -> None:
    first = data_format == "channels_first"
    axis = 1 if first else -1
    x = keras.Input((2, 6, 5) if first else (6, 5, 2))
    conv = layers.Conv2D(CLASSES, 1, data_format=data_format, bias_initializer="normal", name="logits")
    model = keras.Model(x, layers.Softmax(axis=axis)(conv(x)))
    images = np.random.default_rng(1).normal(size=(2, *x.shape[1:])).astype("float32")
    kernel, bias = conv.get_weights()
    maps = np.einsum("ncyx,ck->nkyx" if first else "nyxc,ck->nkyx", images, kernel[0, 0]) + bias[:, None, None]
    result = attribute(model, images, "saliency")
    np.testing.assert_array_equal(result.target, maps.sum((2, 3)).argmax(1))
    np.testing.assert_allclose(result.score, maps.sum((2, 3)).max(1), rtol=1e-5)
    assert "summed over positions" in result.score_note


def test_one_sigmoid_unit_has_two_classes() -> None:
    model = functional(ops.sigmoid, units=1)
    z = logits_of(model, X)[:, 0]
    assert z.min() < 0 < z.max()
    result = attribute(model, X, "saliency")
    np.testing.assert_array_equal(result.target, z > 0)
    np.testing.assert_allclose(result.score, np.abs(z), atol=1e-6)
    for_class = [attribute(model, X, "saliency", target=c) for c in (0, 1)]
    np.testing.assert_allclose(for_class[1].score, z, atol=1e-6)
    np.testing.assert_allclose(for_class[0].score, -z, atol=1e-6)
    np.testing.assert_allclose(for_class[0].raw, -for_class[1].raw, atol=1e-7)


def test_a_map_of_one_sigmoid_unit_explains_what_it_marks() -> None:
    x = keras.Input((4, 4, 1))
    bias = keras.initializers.Constant(-3)
    model = keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=bias)(x))
    result = attribute(model, np.zeros((1, 4, 4, 1), "float32"), "saliency")
    assert result.target == [1]
    assert result.score == pytest.approx(-3 * 16)


def test_regression_explains_the_output_itself() -> None:
    model = functional(lambda t: t, units=1)
    result = attribute(model, X, "saliency")
    np.testing.assert_allclose(result.score, logits_of(model, X)[:, 0], atol=1e-6)
    assert (result.target == 0).all()
    assert result.activation == "none"
