"""Class activation maps beside Grad-CAM: each held to its definition in NumPy, on maps and gradients of a tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.attribution.export import explanations
from tensorview.errors import OptionError

Array = np.ndarray[Any, Any]


def images(*shape: int) -> Array:
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def net(shape: tuple[int, ...] = (12, 11, 3)) -> tuple[keras.Model, keras.Model, keras.Model]:
    """A model, its part up to the last ReLU, and the rest up to the logits."""
    keras.utils.set_random_seed(5)
    conv = {2: layers.Conv1D, 3: layers.Conv2D}[len(shape)]
    pool = {2: layers.AveragePooling1D, 3: layers.AveragePooling2D}[len(shape)]
    features = keras.Sequential([
        keras.Input(shape), conv(4, 3, activation="relu"), conv(6, 2, activation="relu", name="last"),
    ])  # fmt: skip
    head = keras.Sequential([
        keras.Input(features.output_shape[1:]), pool(2), layers.Flatten(), layers.Dense(7, activation="tanh"),
        layers.Dense(3),
    ])  # fmt: skip
    x = keras.Input(shape)
    return keras.Model(x, layers.Softmax()(head(features(x)))), features, head


def maps_and_gradient(features: Any, head: Any, x: Array, target: int) -> tuple[Array, Array]:
    maps = features(x, training=False)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        score = head(maps, training=False)[:, target]
    return maps.numpy().astype("float64"), tape.gradient(score, maps).numpy().astype("float64")


def plus_plus(maps: Array, gradient: Array) -> Array:
    space = tuple(range(1, maps.ndim - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha = gradient**2 / (2 * gradient**2 + maps.sum(space, keepdims=True) * gradient**3)
    weights = (np.where(gradient > 0, alpha, 0) * np.maximum(gradient, 0)).sum(space, keepdims=True)
    return (weights * maps).sum(-1)


def xgrad(maps: Array, gradient: Array) -> Array:
    space = tuple(range(1, maps.ndim - 1))
    share = maps / (maps.sum(space, keepdims=True) + 1e-30)
    return ((share * gradient).sum(space, keepdims=True) * maps).sum(-1)


def eigen(maps: Array, gradient: Array) -> Array:
    found = []
    for one in maps:
        u, s, _ = np.linalg.svd(one.reshape(-1, one.shape[-1]), full_matrices=False)
        projection = u[:, 0] * s[0]
        found.append((projection * np.sign(projection.sum())).reshape(one.shape[:-1]))
    return np.stack(found)


DEFINITIONS: dict[str, Callable[[Array, Array], Array]] = {
    "grad_cam_plus_plus": plus_plus,
    "hires_cam": lambda maps, gradient: (maps * gradient).sum(-1),
    "layer_cam": lambda maps, gradient: (maps * np.maximum(gradient, 0)).sum(-1),
    "xgrad_cam": xgrad,
    "eigen_cam": eigen,
}


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("shape", [(20, 2), (12, 11, 3)], ids=["1-D", "2-D"])
def test_each_equals_its_definition(name: str, shape: tuple[int, ...]) -> None:
    model, features, head = net(shape)
    x = images(3, *shape)
    for target in range(3):
        wanted = DEFINITIONS[name](*maps_and_gradient(features, head, x, target))
        result = tv.attribute(model, x, name, target=target)
        np.testing.assert_allclose(result.raw, wanted, atol=2e-6 * np.abs(wanted).max())
        positive = np.maximum(result.raw, 0)
        assert result.values.shape == x.shape[:-1]
        assert result.values.max() <= 1
        assert (result.blank == ~positive.reshape(3, -1).any(1)).all()


@pytest.mark.parametrize("name", [*DEFINITIONS, "grad_cam"])
def test_channels_first_gives_the_same(name: str) -> None:
    keras.utils.set_random_seed(3)
    last = [layers.Conv2D(5, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(3)]
    first = [
        layers.Conv2D(5, 3, activation="relu", data_format="channels_first"),
        layers.GlobalAveragePooling2D(data_format="channels_first"), layers.Dense(3),
    ]  # fmt: skip
    one, other = keras.Sequential([keras.Input((9, 8, 2)), *last]), keras.Sequential([keras.Input((2, 9, 8)), *first])
    other.set_weights(one.get_weights())
    x = images(2, 9, 8, 2)
    a = tv.attribute(one, x, name, target=1)
    b = tv.attribute(other, np.moveaxis(x, -1, 1), name, target=1)
    np.testing.assert_allclose(a.raw, b.raw, atol=2e-6)
    np.testing.assert_allclose(a.values, b.values, atol=1e-5)


def test_on_pooling_and_dense_all_linear_cams_agree_and_cam_adds_up_to_the_score() -> None:
    keras.utils.set_random_seed(2)
    model = keras.Sequential([
        keras.Input((10, 8, 3)), layers.Conv2D(7, 3, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dropout(0.5), layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    model.layers[-1].set_weights([model.layers[-1].get_weights()[0], np.arange(4, dtype="float32")])
    x = images(2, 10, 8, 3)
    maps, kernel = model.layers[0](x).numpy(), model.layers[-1].get_weights()[0]
    for target in range(4):
        cam = tv.attribute(model, x, "cam", target=target)
        np.testing.assert_allclose(cam.raw, maps @ kernel[:, target], atol=1e-5)
        np.testing.assert_allclose(cam.weights, [kernel[:, target]] * 2, atol=1e-6)
        np.testing.assert_allclose(cam.raw.mean((1, 2)) + target, cam.score, atol=1e-5)
        for name in ("grad_cam", "hires_cam", "xgrad_cam"):
            other = tv.attribute(model, x, name, target=target).raw * cam.raw[0].size
            np.testing.assert_allclose(other, cam.raw, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "head",
    [
        lambda: [layers.Flatten(), layers.Dense(3)],
        lambda: [layers.GlobalMaxPooling2D(), layers.Dense(3)],
        lambda: [layers.GlobalAveragePooling2D(), layers.Dense(4), layers.Dense(3)],
        lambda: [layers.GlobalAveragePooling2D(), layers.ReLU(), layers.Dense(3)],
    ],
)
def test_cam_says_which_models_it_is_for(head: Any) -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), *head()])
    with pytest.raises(OptionError, match="global average pooling and one dense layer"):
        tv.attribute(model, images(1, 8, 8, 3), "cam")


def test_hires_cam_is_what_a_linear_head_adds_up_while_grad_cam_is_not() -> None:
    model = keras.Sequential([
        keras.Input((9, 9, 2)), layers.Conv2D(5, 3, activation="relu"), layers.Flatten(), layers.Dense(3),
    ])  # fmt: skip
    x = images(2, 9, 9, 2)
    hires, grad = (tv.attribute(model, x, name, target=2) for name in ("hires_cam", "grad_cam"))
    np.testing.assert_allclose(hires.raw.sum((1, 2)), hires.score, atol=1e-5)
    assert np.abs(grad.raw.sum((1, 2)) - grad.score).max() > 1e-2


def test_guided_grad_cam_is_the_product_of_both() -> None:
    model, _, _ = net()
    x = images(2, 12, 11, 3)
    for layer in (None, "last"):
        product = tv.attribute(model, x, "guided_grad_cam", target=1, layer=layer)
        coarse = tv.attribute(model, x, "grad_cam", target=1, layer=layer)
        fine = tv.attribute(model, x, "guided_backprop", target=1)
        np.testing.assert_allclose(product.raw, fine.raw * coarse.values[..., None], atol=1e-7)
        np.testing.assert_allclose(product.values, np.abs(product.raw).max(-1), atol=1e-7)
        assert product.layer == coarse.layer


def test_all_layers_at_once_are_each_layer_by_itself() -> None:
    model, _, _ = net()
    x = images(2, 12, 11, 3)
    names = ("layer_cam", "eigen_cam", "grad_cam_plus_plus", "guided_grad_cam")
    found = explanations(model, x, [0], names)
    assert not found.notes
    assert {item.method for item in found.items} == set(names)
    for item in found.items:
        for layer in item.layers:
            alone = tv.attribute(model, x, item.method, target=0, layer=layer.node)
            np.testing.assert_allclose(layer.raw, alone.raw[item.sample], atol=1e-6)
