"""Guided backpropagation, rectified gradients and gradient x input: the rules at ReLUs, wherever these stand."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv


class Raw(keras.Model):
    """A subclassed model whose ReLUs are TensorFlow's own."""

    def __init__(self, relu: Any) -> None:
        super().__init__()
        self.first, self.second, self.relu = layers.Conv2D(4, 3), layers.Conv2D(3, 3), relu
        self.head = layers.Dense(2)

    def call(self, x: Any) -> Any:
        x = self.relu(self.second(self.relu(self.first(x))))
        return self.head(tf.reduce_mean(x, [1, 2]))


class Inner(layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.nn.relu(x)


SITES = {
    "activation layer": lambda: layers.Activation("relu"),
    "relu layer": layers.ReLU,
    "relu layer with a maximum": lambda: layers.ReLU(max_value=1.5),
    "relu6": lambda: layers.ReLU(max_value=6.0),
    "relu layer with a slope": lambda: layers.ReLU(negative_slope=0.1),
    "slope and maximum": lambda: layers.ReLU(negative_slope=0.1, max_value=1.5),
    "threshold": lambda: layers.ReLU(threshold=0.05),
    "argument": lambda: "relu",
    "raw": Inner,
}


def net(site: Any) -> keras.Model:
    keras.utils.set_random_seed(4)
    inside = isinstance(site(), str)
    model = keras.Sequential([keras.Input((9, 8, 2))])
    for channels in (6, 5):
        model.add(layers.Conv2D(channels, 3, activation="relu" if inside else None))
        if not inside:
            model.add(site())
    model.add(layers.Flatten())
    model.add(layers.Dense(3, activation="softmax"))
    return model


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def by_hand(model: keras.Model, x: np.ndarray, target: int, unit: tuple[float, float, float] | None) -> Any:
    """The modified gradient by definition: layer after layer from the top, in NumPy. `unit`: the slope, maximum and
    threshold of the ReLUs for guided backpropagation, None for rectified gradients of plain ReLUs."""
    slope, cap, low = unit or (0.0, np.inf, 0.0)
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]

    def relu(z: Any) -> Any:
        return np.where(z > low, np.minimum(z, cap), slope * (z - low)).astype("float32")

    given, before = [x], []
    for layer in convolutions:
        kernel, bias = layer.get_weights()
        before.append(tf.nn.conv2d(given[-1], kernel, 1, "VALID").numpy() + bias)
        given.append(relu(before[-1]))
    gradient = np.broadcast_to(model.layers[-1].get_weights()[0][:, target], (len(x), given[-1][0].size))
    gradient = gradient.reshape(given[-1].shape)
    for layer, z, inputs in zip(convolutions[::-1], before[::-1], given[-2::-1], strict=True):
        gradient = np.maximum(gradient, 0)
        if unit:
            gradient = gradient * np.where(z > low, z < cap, slope)
        gradient = tf.nn.conv2d_transpose(gradient, layer.get_weights()[0], inputs.shape, 1, "VALID").numpy()
    return gradient


@pytest.mark.parametrize(
    ("site", "slope", "cap", "low"),
    [
        ("activation layer", 0, np.inf, 0), ("relu layer", 0, np.inf, 0), ("argument", 0, np.inf, 0),
        ("raw", 0, np.inf, 0), ("relu layer with a maximum", 0, 1.5, 0), ("relu layer with a slope", 0.1, np.inf, 0),
        ("slope and maximum", 0.1, 1.5, 0), ("threshold", 0, np.inf, 0.05),
    ],
)  # fmt: skip
def test_guided_backprop_equals_its_definition(site: str, slope: float, cap: float, low: float) -> None:
    model, x = net(SITES[site]), images(2, 9, 8, 2)
    for target in range(3):
        result = tv.attribute(model, x, "guided_backprop", target=target)
        wanted = by_hand(model, x, target, (slope, cap, low))
        np.testing.assert_allclose(result.raw, wanted, atol=1e-6 * np.abs(wanted).max())
        np.testing.assert_allclose(result.values, np.abs(wanted).max(-1), atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("site", ["activation layer", "relu layer", "argument", "raw"])
def test_rectified_equals_its_definition(site: str) -> None:
    model, x = net(SITES[site]), images(2, 9, 8, 2)
    result = tv.attribute(model, x, "rectified", target=1)
    wanted = by_hand(model, x, 1, None)
    np.testing.assert_allclose(result.raw, wanted, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("site", SITES)
def test_the_rules_change_the_gradient_wherever_the_relu_stands(site: str) -> None:
    model, x = net(SITES[site]), images(1, 9, 8, 2)
    plain = tv.attribute(model, x, "saliency", target=0).raw
    for method in ("guided_backprop", "rectified"):
        assert np.abs(tv.attribute(model, x, method, target=0).raw - plain).max() > 0.1 * np.abs(plain).max()
    again = tv.attribute(model, x, "saliency", target=0).raw
    np.testing.assert_array_equal(again, plain)


@pytest.mark.parametrize("relu", [tf.nn.relu, tf.nn.relu6, keras.ops.relu])
def test_raw_relus_of_a_subclassed_model_follow_the_rules(relu: Any) -> None:
    keras.utils.set_random_seed(2)
    model, x = Raw(relu), images(1, 9, 9, 3)
    plain, guided = (tv.attribute(model, x, name, target=0).raw for name in ("saliency", "guided_backprop"))
    assert np.abs(plain - guided).max() > 0.1 * np.abs(plain).max()


@pytest.mark.parametrize(
    ("method", "wanted"), [("saliency", [0, 0, -1, 1]), ("guided_backprop", [0, 0, 0, 1]), ("rectified", [0, 1, 0, 1])]
)
def test_the_four_cases_of_sign(method: str, wanted: list[float]) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.ReLU(), layers.Dense(1, use_bias=False)])
    model.layers[-1].set_weights([np.array([[-1], [1], [-1], [1]], "float32")])
    x = np.array([[-2, -2, 2, 2]], "float32")
    np.testing.assert_array_equal(tv.attribute(model, x, method, target=0).raw[0], wanted)


def test_relu6_beyond_six_passes_nothing_in_guided_backprop() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.ReLU(6.0), layers.Dense(1, use_bias=False)])
    model.layers[-1].set_weights([np.ones((3, 1), "float32")])
    raw = tv.attribute(model, np.array([[-1, 5, 7]], "float32"), "guided_backprop").raw
    np.testing.assert_array_equal(raw, [[0, 1, 0]])


@pytest.mark.parametrize(
    "piece", [lambda: layers.PReLU(alpha_initializer="ones"), lambda: layers.Activation("hard_sigmoid")]
)
def test_relus_that_are_pieces_of_something_else_keep_their_gradient(piece: Any) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(3, 3), piece(), layers.Flatten(), layers.Dense(2)])
    x = images(1, 6, 6, 1)
    np.testing.assert_array_equal(
        tv.attribute(model, x, "guided_backprop", target=0).raw, tv.attribute(model, x, "saliency", target=0).raw
    )


def test_a_relu_of_both_signs_side_by_side_are_two_relus() -> None:
    x = keras.Input((4,))
    both = layers.Concatenate()([keras.ops.relu(x), keras.ops.relu(-x)])
    model = keras.Model(x, layers.Dense(1, use_bias=False)(both))
    model.layers[-1].set_weights([np.array([[1], [-1]] * 4, "float32")])
    raw = tv.attribute(model, np.array([[1, 1, -1, -1]], "float32"), "guided_backprop").raw
    np.testing.assert_array_equal(raw, [[1, 0, -1, 0]])


@pytest.mark.parametrize("compiled", [False, True])
def test_a_relu_in_an_inner_function_follows_the_rule_or_that_it_does_not_is_told(compiled: bool) -> None:
    class Hiding(layers.Layer):
        @tf.function(jit_compile=compiled)
        def inside(self, x: Any) -> Any:
            return tf.nn.relu(x)

        def call(self, x: Any) -> Any:
            return self.inside(x)

    model = keras.Sequential([keras.Input((4,)), Hiding(), layers.Dense(1, use_bias=False)])
    model.layers[-1].set_weights([-np.ones((4, 1), "float32")])
    result = tv.attribute(model, np.ones((1, 4), "float32"), "guided_backprop")
    np.testing.assert_array_equal(result.raw, -np.ones((1, 4)) if compiled else np.zeros((1, 4)))
    assert (result.steps[-1] == "1 ReLU inside a tf.function kept its own gradient") is compiled


def test_gradient_times_input_adds_up_to_the_score_of_a_linear_model() -> None:
    model = keras.Sequential([
        keras.Input((6, 5, 3)), layers.Conv2D(4, 3, use_bias=False), layers.Flatten(),
        layers.Dense(3, activation="softmax", use_bias=False),
    ])  # fmt: skip
    result = tv.attribute(model, images(3, 6, 5, 3), "gradient_input", target=[0, 1, 2])
    np.testing.assert_allclose(result.raw.sum((1, 2, 3)), result.score, atol=1e-5)
    np.testing.assert_allclose(result.values, result.raw.sum(-1), atol=1e-6)
    assert result.values.min() < 0 < result.values.max()
