from __future__ import annotations

import keras
from keras import layers

from zoo.case import Built, case, noise


@case("with an Input", "x -> a -> b", "b")
def with_input() -> Built:
    return keras.Sequential([keras.Input((5,), name="x"), layers.Dense(4, name="a"), layers.ReLU(name="b")]), noise(
        2, 5
    )


@case("without an Input, not built", "input_layer -> a -> b", "b")
def not_built() -> Built:
    return keras.Sequential([layers.Dense(4, name="a"), layers.ReLU(name="b")]), noise(2, 5)


@case("without an Input, built by hand", "input_layer -> a -> b", "b")
def built_by_hand() -> Built:
    model = keras.Sequential([layers.Dense(4, name="a"), layers.ReLU(name="b")])
    model.build((None, 5))
    return model, noise(2, 5)


@case("one layer alone", "x -> a", "a")
def one_layer() -> Built:
    return keras.Sequential([keras.Input((3,), name="x"), layers.Dense(2, name="a")]), noise(2, 3)


@case("Sequential in Sequential in Sequential", "x -> outer/inner/a -> outer/inner/b -> outer/c -> d", "d")
def nested() -> Built:
    inner = keras.Sequential([layers.Dense(4, name="a"), layers.ReLU(name="b")], name="inner")
    outer = keras.Sequential([inner, layers.Dense(3, name="c")], name="outer")
    return keras.Sequential([keras.Input((5,), name="x"), outer, layers.Dense(2, name="d")]), noise(2, 5)


@case("the same layer twice in a row", "x -> a -> b -> a#1", "a#1")
def layer_twice() -> Built:
    twice = layers.Dense(4, name="a")
    x = keras.Input((4,), name="x")
    return keras.Model(x, twice(layers.ReLU(name="b")(twice(x)))), noise(2, 4)


@case("layers that hand on what they are given", "x -> drop -> same -> flat -> a", "a")
def hands_on() -> Built:
    rest = [layers.Dropout(0.5, name="drop"), layers.Identity(name="same"), layers.Flatten(name="flat")]
    return keras.Sequential([keras.Input((4,), name="x"), *rest, layers.Dense(2, name="a")]), noise(2, 4)


@case("any size in height and width", "x -> conv -> pool -> y", "y")
def any_size() -> Built:
    inner = [layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D(name="pool"), layers.Dense(2, name="y")]
    return keras.Sequential([keras.Input((None, None, 3), name="x"), *inner]), noise(2, 9, 13, 3)


@case("a fixed batch", "x -> a", "a")
def fixed_batch() -> Built:
    return keras.Sequential([keras.Input(batch_shape=(3, 5), name="x"), layers.Dense(2, name="a")]), noise(3, 5)
