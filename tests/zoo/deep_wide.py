from __future__ import annotations

import keras
from keras import layers

from tensorview.deep import run_deep
from zoo.case import Built, case, noise


@case("1,000 layers", " -> ".join(["x", *(f"d{i}" for i in range(1000))]), "d999")
def thousand_deep() -> Built:
    def build() -> keras.Model:
        x = keras.Input((2,), name="x")
        h = x
        for index in range(1000):
            h = layers.ReLU(negative_slope=0.99, name=f"d{index}")(h)
        return keras.Model(x, h)

    return run_deep(build), noise(1, 2)  # Keras itself needs a deep stack to build it


@case("300 branches", f"x -> {', '.join(f'b{i}' for i in range(300))} -> sum", "sum")
def branches() -> Built:
    x = keras.Input((3,), name="x")
    return keras.Model(x, layers.Add(name="sum")([layers.Dense(2, name=f"b{i}")(x) for i in range(300)])), noise(1, 3)


@case(
    "a hundred outputs",
    f"x -> {', '.join(f'b{i}' for i in range(100))}",
    ", ".join(f"b{i}" for i in range(100)),
)
def outputs() -> Built:
    x = keras.Input((3,), name="x")
    return keras.Model(x, [layers.Dense(1, name=f"b{i}")(x) for i in range(100)]), noise(1, 3)


LEVELS = 30


@case(
    "30 models, each in the next",
    f"x -> {'/'.join(f'm{i}' for i in reversed(range(LEVELS)))}/d",
    "/".join([*(f"m{i}" for i in reversed(range(LEVELS))), "d"]),
)
def nested() -> Built:
    x = keras.Input((2,))
    model = keras.Model(x, layers.Dense(2, name="d")(x), name="m0")
    for index in range(1, LEVELS):
        x = keras.Input((2,))
        model = keras.Model(x, model(x), name=f"m{index}")
    x = keras.Input((2,), name="x")
    return keras.Model(x, model(x)), noise(1, 2)


@case(
    "60 residual blocks",
    "\n".join(
        f"{'x' if i == 0 else f's{i - 1}'} -> d{i} -> s{i}\n{'x' if i == 0 else f's{i - 1}'} -> s{i}" for i in range(60)
    ),
    "s59",
)
def residual() -> Built:
    x = keras.Input((4,), name="x")
    h = x
    for index in range(60):
        h = layers.Add(name=f"s{index}")([h, layers.Dense(4, name=f"d{index}", kernel_initializer="zeros")(h)])
    return keras.Model(x, h), noise(1, 4)
