"""Grad-CAM: the seven steps, on every kind of model, and which layer is looked at."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tensorview as tv
from tensorview.attribution.export import explanations
from tensorview.errors import OptionError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return rng(seed).normal(size=shape).astype("float32")


def oracle(features: keras.Model, head: keras.Model, x: np.ndarray, target: int) -> np.ndarray:
    """Grad-CAM by its definition, before ReLU: two models and a tape, nothing of tensorview."""
    maps = features(x, training=False)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        score = head(maps, training=False)[:, target]
    weights = tape.gradient(score, maps).numpy().mean(axis=tuple(range(1, maps.ndim - 1)))
    return np.einsum("n...c,nc->n...", maps.numpy(), weights)


def parts(*shape: int) -> tuple[keras.Model, keras.Model, keras.Model]:
    """A model with a softmax, its part up to the last convolution's activation, and the rest up to the logits."""
    keras.utils.set_random_seed(5)
    dims = len(shape) - 1
    conv = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}[dims]
    # TensorFlow itself shares a gradient among equal maxima in 3-D pooling in one way eagerly and in another in graphs.
    pool = {1: layers.MaxPooling1D, 2: layers.MaxPooling2D, 3: layers.AveragePooling3D}[dims]
    features = keras.Sequential([
        keras.Input(shape), conv(4, 3, activation="relu"), conv(5, 2), layers.BatchNormalization(),
        layers.ReLU(max_value=6.0),
    ])  # fmt: skip
    head = keras.Sequential([keras.Input(features.output_shape[1:]), pool(2), layers.Flatten(), layers.Dense(3)])
    x = keras.Input(shape)
    return keras.Model(x, ops.softmax(head(features(x)))), features, head


@pytest.mark.parametrize("shape", [(20, 2), (12, 11, 3), (8, 7, 6, 2)], ids=["1-D", "2-D", "3-D"])
def test_it_equals_the_definition(shape: tuple[int, ...]) -> None:
    model, features, head = parts(*shape)
    x = images(3, *shape)
    for target in range(3):
        result = tv.attribute(model, x, "grad_cam", target=target)
        wanted = oracle(features, head, x, target)
        np.testing.assert_allclose(result.raw, wanted, atol=1e-5 * np.abs(wanted).max())
        assert result.layer == f"{features.name}/{features.layers[-1].name}"
        assert result.values.shape == x.shape[:-1]
        assert result.values.max() <= 1
        assert result.weights.shape == (3, 5)


def test_on_pooling_and_dense_it_is_cam() -> None:
    """With global average pooling and one dense layer the class activation map is Z times Grad-CAM's, before ReLU."""
    keras.utils.set_random_seed(2)
    model = keras.Sequential([
        keras.Input((10, 8, 3)), layers.Conv2D(7, 3, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    x = images(2, 10, 8, 3)
    maps = model.layers[0](x).numpy()
    kernel, bias = model.layers[-1].get_weights()
    positions = maps.shape[1] * maps.shape[2]
    for target in range(4):
        result = tv.attribute(model, x, "grad_cam", target=target)
        cam = maps @ kernel[:, target]
        np.testing.assert_allclose(result.raw * positions, cam, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(result.weights * positions, np.stack([kernel[:, target]] * 2), atol=1e-6)
        np.testing.assert_allclose(result.score, cam.mean((1, 2)) + bias[target], atol=1e-6)


def test_values_are_relu_then_over_the_maximum_then_resized() -> None:
    model, _, _ = parts(12, 11, 3)
    result = tv.attribute(model, images(2, 12, 11, 3), "grad_cam", target=1)
    positive = np.maximum(result.raw, 0)
    shown = positive / positive.max(axis=(1, 2), keepdims=True)
    wanted = tf.image.resize(shown[..., None], (12, 11))[..., 0].numpy()
    np.testing.assert_allclose(result.values, wanted, atol=1e-6)
    assert result.steps == ("ReLU", "divided by its maximum", "bilinear to the input's size")


def test_the_counterfactual_turns_the_sign_of_the_weights() -> None:
    model, _, _ = parts(12, 11, 3)
    x = images(1, 12, 11, 3)
    plain, against = (tv.attribute(model, x, target=0, counterfactual=flag) for flag in (False, True))
    np.testing.assert_allclose(against.weights, -plain.weights, atol=1e-7)
    np.testing.assert_allclose(against.raw, -plain.raw, atol=1e-6)
    assert against.parameters == {"counterfactual": True}


def test_a_hot_cell_in_the_middle_stays_in_the_middle() -> None:
    model = keras.Sequential([
        keras.Input((35, 35, 1)), layers.AveragePooling2D(5), layers.Conv2D(1, 1, use_bias=False),
        layers.GlobalAveragePooling2D(), layers.Dense(1, use_bias=False),
    ])  # fmt: skip
    for layer in (model.layers[1], model.layers[3]):
        layer.set_weights([np.ones_like(layer.get_weights()[0])])
    x = np.zeros((1, 35, 35, 1), "float32")
    x[0, 15:20, 15:20] = 1
    values = tv.attribute(model, x).values[0]
    assert np.unravel_index(values.argmax(), values.shape) == (17, 17)
    np.testing.assert_allclose(values, values[::-1, ::-1], atol=1e-6)
    np.testing.assert_allclose(values, values.T, atol=1e-6)


def test_nothing_that_speaks_for_the_class_is_blank_not_nan() -> None:
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(2, 3, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(2, kernel_initializer=keras.initializers.Constant(-1.0)),
    ])  # fmt: skip
    x = np.stack([np.ones((8, 8, 1)), np.zeros((8, 8, 1))]).astype("float32")
    result = tv.attribute(model, x, target=1)
    np.testing.assert_array_equal(result.values, 0)
    np.testing.assert_array_equal(result.blank, [True, True])
    assert tv.attribute(model, x, "saliency", target=1).blank.shape == (2,)


def test_channels_first_gives_the_same_maps() -> None:
    keras.utils.set_random_seed(4)

    def net(data_format: str) -> keras.Model:
        first = data_format == "channels_first"
        return keras.Sequential([
            keras.Input((3, 9, 8) if first else (9, 8, 3)),
            layers.Conv2D(4, 3, data_format=data_format),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(data_format=data_format),
            layers.Dense(3),
        ])  # fmt: skip

    last, first = net("channels_last"), net("channels_first")
    first.set_weights(last.get_weights())
    x = images(2, 9, 8, 3)
    wanted = tv.attribute(last, x, target=2)
    got = tv.attribute(first, x.transpose(0, 3, 1, 2), target=2)
    np.testing.assert_allclose(got.raw, wanted.raw, atol=1e-6)
    np.testing.assert_allclose(got.values, wanted.values, atol=1e-5)
    assert got.layer == first.layers[1].name


# Which layer ---------------------------------------------------------------------------------------------------------


def classifier(x: Any, end: Any) -> keras.Model:
    return keras.Model(x, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(end)))


def plain() -> keras.Model:
    x = keras.Input((12, 12, 3))
    y = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu", name="expected")(x))
    return classifier(x, y)


def normalised() -> keras.Model:
    x = keras.Input((12, 12, 3))
    y = layers.BatchNormalization()(layers.Conv2D(4, 3)(x))
    return classifier(x, layers.Dropout(0.5)(layers.Activation("swish", name="expected")(y)))


def residual() -> keras.Model:
    x = keras.Input((12, 12, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    z = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
    return classifier(x, layers.ReLU(name="expected")(layers.Add()([y, z])))


def one_position() -> keras.Model:
    """A classifier of 1x1 convolutions after global pooling: those have no space to look at."""
    x = keras.Input((12, 12, 3))
    y = layers.GlobalAveragePooling2D(keepdims=True)(layers.Conv2D(4, 3, name="expected")(x))
    return keras.Model(x, layers.Flatten()(layers.Conv2D(3, 1)(layers.Conv2D(8, 1, activation="relu")(y))))


def segmentation() -> keras.Model:
    x = keras.Input((12, 12, 1))
    y = layers.ReLU(name="expected")(layers.Conv2D(4, 3, padding="same")(x))
    return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(y))


def segmentation_of_classes() -> keras.Model:
    x = keras.Input((12, 12, 1))
    y = layers.Conv2D(4, 3, name="expected", activation="relu")(x)
    return keras.Model(x, layers.Softmax()(layers.Conv2D(3, 1)(y)))


class Residual(keras.Model):
    """Raw operations between layers."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = layers.Conv2D(4, 3, padding="same"), layers.Conv2D(4, 3, padding="same")
        self.act, self.head = layers.Activation("relu", name="expected"), layers.Dense(3)

    def call(self, x: Any) -> Any:
        y = self.one(x)
        return tf.nn.softmax(self.head(tf.reduce_mean(self.act(y + self.two(tf.nn.relu(y))), (1, 2))))


class OwnConvolution(keras.layers.Layer):
    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(3, 3, shape[-1], 4), initializer="glorot_uniform")

    def call(self, x: Any) -> Any:
        return tf.nn.conv2d(x, self.kernel, 1, "SAME")


def own_layer() -> keras.Model:
    x = keras.Input((12, 12, 3))
    return classifier(x, OwnConvolution(name="expected")(layers.MaxPooling2D()(x)))


class Scale(keras.layers.Layer):
    def build(self, shape: Any) -> None:
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x: Any) -> Any:
        return x * self.gamma


def dense_over_maps() -> keras.Model:
    """As in ConvNeXt: dense layers for convolutions of one position, scaled by a layer of one's own, then added."""
    x = keras.Input((12, 12, 3))
    y = layers.Conv2D(4, 3)(x)
    z = Scale()(layers.Dense(4)(layers.Dense(8, activation="gelu")(y)))
    return classifier(x, layers.Add(name="expected")([y, z]))


def only_a_head() -> keras.Model:
    x = keras.Input((12, 12, 3))
    return keras.Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1, name="expected")(x)))


LAST = [
    plain, normalised, residual, one_position, segmentation, segmentation_of_classes, Residual, own_layer,
    dense_over_maps, only_a_head,
]  # fmt: skip


@pytest.mark.parametrize("make", LAST, ids=lambda make: make.__name__)
def test_the_last_convolutions_maps_are_found(make: Any) -> None:
    keras.utils.set_random_seed(0)
    model = make()
    channels = model.input_shape[-1] if model.built else 3
    result = tv.attribute(model, images(2, 12, 12, channels))
    assert result.layer == "expected"
    assert result.values.shape == (2, 12, 12)
    assert np.abs(result.raw).max() > 0


def test_layers_can_be_named_in_every_way() -> None:
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    x = keras.Input((8, 8, 3))
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 3, name="inside")], name="inner")
    model = classifier(x, inner(shared(layers.ReLU()(shared(x)))))
    data = images(1, 8, 8, 3)
    first, second = (tv.attribute(model, data, layer=name) for name in ("shared", "shared#1"))
    assert (first.layer, second.layer) == ("shared", "shared#1")
    assert np.abs(first.raw - second.raw).max() > 1e-6
    assert tv.attribute(model, data, layer=shared).layer == "shared"
    assert tv.attribute(model, data, layer="inner/inside").layer == "inner/inside"
    assert tv.attribute(model, data, layer="inside").layer == "inner/inside"
    assert tv.attribute(model, data, layer="inner").layer == "inner/inside"


def test_every_output_has_the_last_convolution_that_leads_to_it() -> None:
    x = keras.Input((12, 12, 3))
    trunk = layers.Conv2D(4, 3, activation="relu", name="trunk")(x)
    late = layers.Conv2D(4, 3, activation="relu", name="late")(trunk)
    early_head = layers.Dense(2, activation="softmax", name="early")(layers.GlobalMaxPooling2D()(trunk))
    late_head = layers.Dense(3, activation="softmax", name="final")(layers.GlobalMaxPooling2D()(late))
    model = keras.Model(x, [early_head, late_head])
    data = images(1, 12, 12, 3)
    assert tv.attribute(model, data).layer == "trunk"
    last = tv.attribute(model, data, target=("final", 2))
    assert (last.layer, last.output, last.target.tolist()) == ("late", "final", [2])
    assert tv.attribute(model, data, target=(1, None)).layer == "late"
    with pytest.raises(OptionError, match="does not depend on 'late'"):
        tv.attribute(model, data, layer="late")


def test_a_base_inside_a_sequential_is_looked_into() -> None:
    keras.utils.set_random_seed(1)
    base = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.35)
    model = keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax")])
    x = images(2, 64, 64, 3)
    result = tv.attribute(model, x, target=3)
    assert result.layer == f"{base.name}/out_relu"
    maps = base(x, training=False).numpy()
    wanted = maps @ model.layers[-1].get_weights()[0][:, 3] / 4
    np.testing.assert_allclose(result.raw, wanted, atol=1e-5 * np.abs(wanted).max())


def test_of_several_inputs_those_with_the_maps_axes_get_one() -> None:
    image, vector = keras.Input((8, 7, 1), name="image"), keras.Input((4,), name="vector")
    y = layers.GlobalMaxPooling2D()(layers.Conv2D(3, 3, activation="relu")(image))
    model = keras.Model([image, vector], layers.Dense(2)(layers.Concatenate()([y, vector])))
    result = tv.attribute(model, [images(2, 8, 7, 1), images(2, 4)])
    assert {name: values.shape for name, values in result.values.items()} == {"image": (2, 8, 7)}
    assert result.raw.shape == (2, 6, 5)


def test_a_map_that_fits_no_input_stays_at_its_layers_size() -> None:
    x = keras.Input((6,))
    y = layers.Reshape((4, 4, 2))(layers.Dense(32, activation="relu")(x))
    model = keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(
        layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")(y)
    ))  # fmt: skip
    result = tv.attribute(model, images(2, 6))
    assert result.values.shape == result.raw.shape == (2, 8, 8)
    assert "bilinear" not in " ".join(result.steps)
    cams = [item for item in explanations(model, images(2, 6)).items if item.method == "grad_cam"]
    assert cams
    assert all(item.values == {} for item in cams)
    assert cams[0].layers[-1].raw.shape == (8, 8)
