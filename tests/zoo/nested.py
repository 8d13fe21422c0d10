from __future__ import annotations

from typing import Any

import keras
from keras import layers

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


def two(name: str) -> keras.Model:
    """A model of two layers, d and r."""
    x = keras.Input((4,))
    return keras.Model(x, layers.ReLU(name="r")(dense("d")(x)), name=name)


@case("a model in a model", "x -> inner/d -> inner/r -> y", "y")
def once() -> Built:
    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(two("inner")(x))), noise(2, 4)


@case("five models deep", "x -> m4/m3/m2/m1/m0/d -> m4/m3/m2/m1/m0/r -> y", "y")
def five_deep() -> Built:
    inner = two("m0")
    for index in range(1, 5):
        x = keras.Input((4,))
        inner = keras.Model(x, inner(x), name=f"m{index}")
    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(inner(x))), noise(2, 4)


@case(
    "one model twice in a row",
    "x -> inner/d -> inner/r -> inner#1/d -> inner#1/r -> y",
    "y",
)
def nested_and_shared() -> Built:
    x, inner = keras.Input((4,), name="x"), two("inner")
    return keras.Model(x, dense("y")(inner(inner(x)))), noise(2, 4)


@case(
    "a Siamese pair",
    "a -> twin/d -> twin/r -> gap\nb -> twin#1/d -> twin#1/r -> gap",
    "gap",
)
def siamese() -> Built:
    a, b, twin = keras.Input((4,), name="a"), keras.Input((4,), name="b"), two("twin")
    return keras.Model([a, b], layers.Subtract(name="gap")([twin(a), twin(b)])), [noise(2, 4), noise(2, 4, seed=8)]


@case(
    "a model with two inputs and outputs inside",
    "x -> a -> pair/l -> y\nx -> b -> pair/r -> z\npair/l -> pair/both\npair/r -> pair/both\npair/both -> z",
    "y, z",
)
def several_ports() -> Built:
    p, q = keras.Input((4,)), keras.Input((4,))
    left, right = dense("l")(p), dense("r")(q)
    both = layers.Add(name="both")([left, right])
    pair = keras.Model([p, q], [left, right, both], name="pair")
    x = keras.Input((4,), name="x")
    one, other, total = pair([dense("a")(x), dense("b")(x)])
    return keras.Model(x, [dense("y")(one), layers.Concatenate(name="z")([other, total])]), noise(2, 4)


@case("a model that hands its input on", "x -> a -> y\nx -> y\nx -> inner/d", "y")
def hands_input_on() -> Built:
    p = keras.Input((4,))
    inner = keras.Model(p, [p, dense("d")(p)], name="inner")
    x = keras.Input((4,), name="x")
    same, _ = inner(x)
    return keras.Model(x, layers.Add(name="y")([same, dense("a")(x)])), noise(2, 4)


@case("Functional in Sequential in Functional", "x -> stack/inner/d -> stack/inner/r -> stack/e -> y", "y")
def alternating() -> Built:
    stack = keras.Sequential([two("inner"), dense("e")], name="stack")
    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(stack(x))), noise(2, 4)


@case("the same names on two levels", "d -> inner/d -> inner/r -> r", "r")
def same_names() -> Built:
    x = keras.Input((4,), name="d")
    return keras.Model(x, layers.ReLU(name="r")(two("inner")(x))), noise(2, 4)


@case(
    "a model called by a layer of one's own",
    "x -> block/inner/d -> block/inner/r -> y\nx -> y",
    "y",
)
def model_in_layer() -> Built:
    class Block(layers.Layer):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.inner = two("inner")

        def call(self, x: Any) -> Any:
            return x + self.inner(x)

    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(Block(name="block")(x))), noise(2, 4)
