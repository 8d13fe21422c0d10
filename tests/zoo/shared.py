from __future__ import annotations

import keras
from keras import layers

from zoo.case import Built, case, noise

FIFTY = " -> ".join(["x", "d", *(f"d#{call}" for call in range(1, 50))])


@case("fifty calls of one layer", FIFTY, "d#49")
def fifty_times() -> Built:
    x, shared = keras.Input((4,), name="x"), layers.Dense(4, activation="tanh", name="d")
    h = x
    for _ in range(50):
        h = shared(h)
    return keras.Model(x, h), noise(2, 4)


@case("one layer over three inputs", "a -> d -> y\nb -> d#1 -> y\nc -> d#2 -> y", "y")
def three_inputs() -> Built:
    inputs = [keras.Input((4,), name=name) for name in "abc"]
    shared = layers.Dense(3, name="d")
    model = keras.Model(inputs, layers.Average(name="y")([shared(x) for x in inputs]))
    return model, [noise(2, 4, seed=seed) for seed in range(3)]


@case("layers shared between two models of one", "x -> a/d -> a/e -> y\nx -> b/d -> b/f -> y", "y")
def across_models() -> Built:
    shared = layers.Dense(4, name="d")

    def branch(name: str, last: str) -> keras.Model:
        x = keras.Input((4,))
        return keras.Model(x, layers.Dense(4, name=last)(shared(x)), name=name)

    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Add(name="y")([branch("a", "e")(x), branch("b", "f")(x)])), noise(2, 4)


@case(
    "one block four times, each time inside another",
    "x -> block/d -> block/r -> y\nx -> outer/block/d -> outer/block/r -> outer/block#1/d -> outer/block#1/r -> y",
    "y",
)
def on_two_levels() -> Built:
    p = keras.Input((4,))
    block = keras.Model(p, layers.ReLU(name="r")(layers.Dense(4, name="d")(p)), name="block")
    q = keras.Input((4,))
    outer = keras.Model(q, block(block(q)), name="outer")
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Add(name="y")([block(x), outer(x)])), noise(2, 4)


@case("an embedding tied to the output", "x -> words -> mean -> y", "y")
def tied() -> Built:
    x = keras.Input((5,), dtype="int32", name="x")
    words = layers.Embedding(11, 4, name="words")
    h = layers.GlobalAveragePooling1D(name="mean")(words(x))

    class Tied(layers.Layer):
        def call(self, h: object) -> object:
            return keras.ops.matmul(h, keras.ops.transpose(words.embeddings))

    return keras.Model(x, Tied(name="y")(h)), noise(2, 5).astype("int32") % 11
