from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


@case("x + y, x * 2, -x", "x -> d -> add -> multiply -> negative\nx -> add", "negative")
def operators() -> Built:
    x = keras.Input((4,), name="x")
    return keras.Model(x, -((x + dense("d")(x)) * 2.0)), noise(2, 4)


@case("slices", "x -> get_item -> e\nx -> get_item~2 -> d", "d, e")
def slices() -> Built:
    x = keras.Input((6, 4), name="x")
    return keras.Model(x, [dense("d")(x[:, 0]), dense("e")(x[:, 1:4:2, ::-1])]), noise(2, 6, 4)


@case("keras.ops between layers", "x -> d -> reshape -> transpose -> softmax -> y", "y")
def functions() -> Built:
    x = keras.Input((4,), name="x")
    h = ops.transpose(ops.reshape(dense("d", 6)(x), (-1, 2, 3)), (0, 2, 1))
    return keras.Model(x, dense("y")(ops.softmax(h, axis=-1))), noise(2, 4)


@case("one operation with several results", "x -> split -> a, b -> sum", "sum")
def split() -> Built:
    x = keras.Input((6,), name="x")
    left, right = ops.split(x, 2, axis=-1)
    return keras.Model(x, layers.Add(name="sum")([dense("a")(left), dense("b")(right)])), noise(2, 6)


@case("a matrix product of two branches", "x -> q -> matmul\nx -> k -> transpose -> matmul -> y", "y")
def matmul() -> Built:
    x = keras.Input((5, 4), name="x")
    product = ops.matmul(dense("q")(x), ops.transpose(dense("k")(x), (0, 2, 1)))
    return keras.Model(x, dense("y")(product)), noise(2, 5, 4)


@case("comparisons and where", "x -> greater -> where\nx -> d -> where", "where, greater")
def where() -> Built:
    x = keras.Input((4,), name="x")
    large = ops.greater(x, 0.0)
    return keras.Model(x, [ops.where(large, dense("d")(x), 0.0), large]), noise(2, 4)


@case("norms over all axes and reductions", "x -> d -> sum -> y\nd -> max", "y, max")
def reductions() -> Built:
    x = keras.Input((5, 4), name="x")
    h = dense("d")(x)
    return keras.Model(x, [dense("y")(ops.sum(h, axis=1)), ops.max(h, axis=(1, 2))]), noise(2, 5, 4)


@case(
    "stack, concatenate, einsum",
    "x -> a -> stack -> einsum\nx -> b -> stack\na, b -> concatenate",
    "einsum, concatenate",
)
def joins() -> Built:
    x = keras.Input((4,), name="x")
    a, b = dense("a")(x), dense("b")(x)
    pair = ops.stack([a, b], axis=1)
    total = ops.einsum("bij,bij->bi", pair, pair)
    return keras.Model(x, [total, ops.concatenate([a, b], axis=-1)]), noise(2, 4)


@case("an operation in a nested model", "x -> inner/d -> inner/add -> y\nx -> inner/add", "y")
def inside() -> Built:
    p = keras.Input((4,))
    inner = keras.Model(p, dense("d")(p) + p, name="inner")
    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(inner(x))), noise(2, 4)


@case("tokens made one-hot", "x -> one_hot -> y", "y")
def one_hot() -> Built:
    x = keras.Input((3,), dtype="int32", name="x")
    return keras.Model(x, dense("y")(ops.one_hot(x, 5))), np.array([[0, 1, 2], [4, 3, 3]])


@case("a Lambda", "x -> double -> y", "y")
def lambda_layer() -> Built:
    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(layers.Lambda(lambda x: x * 2.0, name="double")(x))), noise(2, 4)


@case("the image operations", "x -> resize -> conv -> y", "y")
def image_operations() -> Built:
    x = keras.Input((6, 8, 3), name="x")
    h = layers.Conv2D(2, 3, name="conv")(ops.image.resize(x, (5, 5)))
    return keras.Model(x, layers.GlobalMaxPooling2D(name="y")(h)), noise(2, 6, 8, 3)
