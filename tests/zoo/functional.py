from __future__ import annotations

import keras
from keras import layers

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


@case("a residual block", "x -> a -> b -> sum -> relu\nx -> sum", "relu")
def residual() -> Built:
    x = keras.Input((4,), name="x")
    total = layers.Add(name="sum")([x, dense("b")(dense("a")(x))])
    return keras.Model(x, layers.ReLU(name="relu")(total)), noise(2, 4)


@case("branches that meet", "x -> a, b, c -> joined -> y", "y")
def branches() -> Built:
    x = keras.Input((4,), name="x")
    parts = [dense("a")(x), dense("b", 3)(x), dense("c", 2)(x)]
    return keras.Model(x, dense("y")(layers.Concatenate(name="joined")(parts))), noise(2, 4)


@case(
    "skips over many layers",
    "x -> d0 -> d1 -> d2 -> d3 -> d4 -> d5 -> d6 -> d7 -> joined\nx, d1, d4 -> joined",
    "joined",
)
def long_skips() -> Built:
    x = keras.Input((4,), name="x")
    seen = [x]
    for index in range(8):
        seen.append(dense(f"d{index}")(seen[-1]))
    return keras.Model(x, layers.Concatenate(name="joined")([seen[8], seen[0], seen[2], seen[5]])), noise(2, 4)


@case("every layer reads every one before it", "x -> a -> j1 -> b -> j2 -> c\nx -> j1\nx, a -> j2", "c")
def densely_connected() -> Built:
    x = keras.Input((4,), name="x")
    a = dense("a")(x)
    b = dense("b")(layers.Concatenate(name="j1")([x, a]))
    return keras.Model(x, dense("c")(layers.Concatenate(name="j2")([x, a, b]))), noise(2, 4)


@case("a layer given the same tensor twice", "x -> a -> sum", "sum")
def same_tensor_twice() -> Built:
    x = keras.Input((4,), name="x")
    a = dense("a")(x)
    return keras.Model(x, layers.Add(name="sum")([a, a])), noise(2, 4)


@case("a part of a larger model", "input -> b -> y", "y")
def cut_out() -> Built:
    x = keras.Input((4,), name="x")
    a = layers.Dense(4, name="a")(x)
    b = dense("b")(a)
    y = dense("y", 2)(b)
    keras.Model(x, y)
    return keras.Model(a, y), noise(2, 4)


@case("layers named like nothing else", "ein gang -> __proto__ -> <img src=x onerror=alert(1)> -> 層:a", "層:a")
def odd_names() -> Built:
    x = keras.Input((4,), name="ein gang")
    h = x
    for name in ("__proto__", "<img src=x onerror=alert(1)>", "層:a"):
        h = dense(name)(h)
    return keras.Model(x, h), noise(2, 4)


@case("a custom layer with weights of its own", "x -> scale -> y", "y")
def custom_layer() -> Built:
    class Scale(layers.Layer):
        def build(self, shape: tuple[int, ...]) -> None:
            self.factor = self.add_weight(shape=shape[-1:], name="factor", initializer="random_normal")

        def call(self, x: object) -> object:
            return x * self.factor  # type: ignore[operator]

    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(Scale(name="scale")(x))), noise(2, 4)
