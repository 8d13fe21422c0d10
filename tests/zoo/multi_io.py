from __future__ import annotations

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


def two() -> list[np.ndarray]:
    return [noise(2, 4), noise(2, 3)]


@case("two inputs, three outputs", "a -> p -> y\nb -> q -> y\ny -> z", "p, y, z")
def several() -> Built:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    p, q = dense("p")(a), dense("q")(b)
    y = layers.Add(name="y")([p, q])
    return keras.Model([a, b], [p, y, dense("z", 1)(y)]), two()


@case("inputs and outputs in dicts", "a -> p\nb -> q", "p, q")
def dicts() -> Built:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    model = keras.Model({"a": a, "b": b}, {"first": dense("p")(a), "second": dense("q")(b)})
    return model, dict(zip("ab", two(), strict=True))


@case("a dict of lists of tensors in and out", "a -> p\nb -> p -> q\none -> q", "q, p")
def nested_structures() -> Built:
    a, b, c = (keras.Input((4,), name=name) for name in ("a", "b", "one"))
    p = layers.Add(name="p")([a, b])
    q = layers.Multiply(name="q")([p, c])
    model = keras.Model({"pair": [a, b], "one": c}, {"sum": [p], "all": {"product": q}})
    return model, {"pair": [noise(2, 4), noise(2, 4, seed=1)], "one": noise(2, 4, seed=2)}


@case("a tuple of inputs and of outputs", "a -> p\nb -> q", "q, p")
def tuples() -> Built:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    p, q = dense("p")(a), dense("q")(b)
    return keras.Model((a, b), (q, p)), tuple(two())


@case("an input that is an output", "x -> h", "x, h")
def input_is_output() -> Built:
    x = keras.Input((4,), name="x")
    return keras.Model(x, [x, dense("h")(x)]), noise(2, 4)


@case("nothing but an input", "x", "x")
def only_input() -> Built:
    x = keras.Input((4,), name="x")
    return keras.Model(x, x), noise(2, 4)


@case("the same output twice", "x -> h", "h, h")
def output_twice() -> Built:
    x = keras.Input((4,), name="x")
    h = dense("h")(x)
    return keras.Model(x, [h, h]), noise(2, 4)


@case("an input that nothing reads", "a -> p\nb", "p")
def unused_input() -> Built:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    return keras.Model([a, b], dense("p")(a)), two()


@case("two islands without a link", "a -> p -> q\nb -> r", "q, r")
def islands() -> Built:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    return keras.Model([a, b], [dense("q")(dense("p")(a)), dense("r")(b)]), two()


@case("an output inside a nested model", "x -> inner/d -> inner/r -> y", "inner/d, y")
def inner_output() -> Built:
    p = keras.Input((4,))
    d = dense("d")(p)
    inner = keras.Model(p, [d, layers.ReLU(name="r")(d)], name="inner")
    x = keras.Input((4,), name="x")
    first, second = inner(x)
    return keras.Model(x, [first, dense("y")(second)]), noise(2, 4)


@case("an image and a table", "image -> conv -> pool -> joined\ntable -> d -> joined -> y", "y")
def image_and_table() -> Built:
    image, table = keras.Input((8, 8, 3), name="image"), keras.Input((5,), name="table")
    seen = layers.GlobalMaxPooling2D(name="pool")(layers.Conv2D(4, 3, name="conv")(image))
    joined = layers.Concatenate(name="joined")([seen, dense("d")(table)])
    return keras.Model([image, table], dense("y", 2)(joined)), [noise(2, 8, 8, 3), noise(2, 5)]


@case("an optional input that is not given", "a -> y", "y")
def optional_input() -> Built:
    class Maybe(layers.Layer):
        def call(self, a: object, b: object = None) -> object:
            return a if b is None else a + b  # type: ignore[operator]

        def compute_output_shape(self, a_shape: object, b_shape: object = None) -> object:
            return a_shape

    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b", optional=True)
    return keras.Model([a, b], Maybe(name="y")(a, b)), [noise(2, 4), None]


@case("dict keys that sort otherwise than they came", "z -> p\na -> q", "q, p")
def unsorted_keys() -> Built:
    z, a = keras.Input((4,), name="z"), keras.Input((3,), name="a")
    model = keras.Model({"z": z, "a": a}, {"second": dense("p")(z), "first": dense("q")(a)})
    return model, {"z": noise(2, 4), "a": noise(2, 3)}
