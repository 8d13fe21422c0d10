from __future__ import annotations

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise

PICTURE, SIGNAL, VOLUME = noise(2, 12, 14, 3), noise(2, 20, 4), noise(2, 6, 7, 8, 2)


def chain(values: np.ndarray, *steps: layers.Layer) -> Built:
    return keras.Sequential([keras.Input(values.shape[1:], name="x"), *steps]), values


@case("a classic network", "x -> c1 -> p1 -> c2 -> p2 -> flat -> y", "y")
def classic() -> Built:
    return chain(
        PICTURE,
        layers.Conv2D(4, 3, activation="relu", padding="same", name="c1"),
        layers.MaxPooling2D(name="p1"),
        layers.Conv2D(6, 3, activation="relu", name="c2"),
        layers.AveragePooling2D(2, name="p2"),
        layers.Flatten(name="flat"),
        layers.Dense(3, activation="softmax", name="y"),
    )


@case("stride, dilation, groups, uneven kernels", "x -> stride -> dilated -> grouped", "grouped")
def settings() -> Built:
    return chain(
        noise(2, 20, 22, 3),
        layers.Conv2D(4, (5, 3), strides=(2, 1), name="stride"),
        layers.Conv2D(6, 3, dilation_rate=(1, 2), name="dilated"),
        layers.Conv2D(6, (1, 3), groups=3, use_bias=False, name="grouped"),
    )


@case("depthwise and separable", "x -> depth -> point -> separable", "separable")
def separable() -> Built:
    return chain(
        PICTURE,
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="depth"),
        layers.Conv2D(4, 1, name="point"),
        layers.SeparableConv2D(5, 3, depth_multiplier=2, name="separable"),
    )


@case("signals: causal, dilated, depthwise, separable", "x -> causal -> dilated -> depth -> separable -> pool", "pool")
def signals() -> Built:
    return chain(
        SIGNAL,
        layers.Conv1D(6, 3, padding="causal", name="causal"),
        layers.Conv1D(6, 3, dilation_rate=2, name="dilated"),
        layers.DepthwiseConv1D(3, name="depth"),
        layers.SeparableConv1D(5, 3, name="separable"),
        layers.GlobalMaxPooling1D(name="pool"),
    )


@case("volumes", "x -> conv -> pool -> up -> crop -> pad -> mean", "mean")
def volumes() -> Built:
    return chain(
        VOLUME,
        layers.Conv3D(4, 3, name="conv"),
        layers.MaxPooling3D(name="pool"),
        layers.UpSampling3D(name="up"),
        layers.Cropping3D(((1, 0), (0, 1), (1, 1)), name="crop"),
        layers.ZeroPadding3D(1, name="pad"),
        layers.GlobalAveragePooling3D(name="mean"),
    )


@case("transposed in one, two and three dimensions", "a -> one\nb -> two\nc -> three", "one, two, three")
def transposed() -> Built:
    a, b, c = (keras.Input(shape, name=name) for shape, name in (((6, 2), "a"), ((5, 4, 2), "b"), ((3, 3, 3, 2), "c")))
    outputs = [
        layers.Conv1DTranspose(3, 3, strides=2, name="one")(a),
        layers.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1, name="two")(b),
        layers.Conv3DTranspose(2, 2, strides=2, name="three")(c),
    ]
    return keras.Model([a, b, c], outputs), [noise(2, 6, 2), noise(2, 5, 4, 2), noise(2, 3, 3, 3, 2)]


@case("channels first", "x -> conv -> norm -> relu -> pool -> up -> pad -> mean", "mean")
def channels_first() -> Built:
    first = {"data_format": "channels_first"}
    return chain(
        noise(2, 3, 12, 14),
        layers.Conv2D(4, 3, name="conv", **first),
        layers.BatchNormalization(axis=1, name="norm"),
        layers.ReLU(name="relu"),
        layers.MaxPooling2D(name="pool", **first),
        layers.UpSampling2D(name="up", **first),
        layers.ZeroPadding2D(name="pad", **first),
        layers.GlobalAveragePooling2D(name="mean", **first),
    )


@case("resampling of pictures", "x -> nearest -> bilinear -> crop -> pad", "pad")
def resampling() -> Built:
    return chain(
        PICTURE,
        layers.UpSampling2D((2, 3), name="nearest"),
        layers.UpSampling2D(2, interpolation="bilinear", name="bilinear"),
        layers.Cropping2D(((1, 2), (3, 4)), name="crop"),
        layers.ZeroPadding2D(((0, 1), (2, 0)), name="pad"),
    )


@case("adaptive pooling", "x -> mean, max", "mean, max")
def adaptive() -> Built:
    x = keras.Input((12, 14, 3), name="x")
    made = [layers.AdaptiveAveragePooling2D((5, 3), name="mean")(x), layers.AdaptiveMaxPooling2D(2, name="max")(x)]
    return keras.Model(x, made), PICTURE


@case("one filter, one pixel, one channel", "x -> a -> b", "b")
def ones() -> Built:
    return chain(noise(2, 1, 1, 1), layers.Conv2D(1, 1, name="a"), layers.Conv2D(1, 3, padding="same", name="b"))


@case("a picture far from square", "x -> conv -> pool", "pool")
def far_from_square() -> Built:
    return chain(noise(1, 3, 90, 1), layers.Conv2D(2, 3, name="conv"), layers.MaxPooling2D((1, 4), name="pool"))


@case("a fully convolutional network of any size", "x -> a -> b -> c", "c")
def any_size() -> Built:
    x = keras.Input((None, None, 3), name="x")
    h = layers.Conv2D(4, 3, strides=2, padding="same", name="a")(x)
    h = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="b")(h)
    return keras.Model(x, layers.Conv2D(1, 1, name="c")(h)), noise(1, 10, 16, 3)
