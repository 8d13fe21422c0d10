from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


class Plain(keras.Model):
    """Holds layers by name; `call` is given."""

    def __init__(self, call: Any, **held: Any) -> None:
        super().__init__()
        for name, layer in held.items():
            setattr(self, name, layer)
        self._how = call

    def call(self, inputs: Any) -> Any:
        return self._how(self, inputs)


@case("a model of two layers", "input -> a -> b", "b")
def plain() -> Built:
    return Plain(lambda self, x: self.b(self.a(x)), a=dense("a"), b=dense("b")), noise(2, 4)


@case("raw TensorFlow between layers", "input -> a -> b -> c\na -> c", "c")
def raw_operations() -> Built:
    def call(self: Any, x: Any) -> Any:
        h = tf.nn.relu(self.a(x))
        return tf.reduce_sum(tf.stack([self.c(tf.concat([h, tf.math.square(self.b(h[:, :2]))], 1))]), 0)

    return Plain(call, a=dense("a"), b=dense("b"), c=dense("c")), noise(2, 4)


@case("keras.ops between layers, here raw operations", "input -> a -> b\na, b -> c", "c")
def raw_keras_operations() -> Built:
    def call(self: Any, x: Any) -> Any:
        h = keras.ops.relu(self.a(x))
        return self.c(keras.ops.concatenate([h, self.b(h) * 2], axis=-1))

    return Plain(call, a=dense("a"), b=dense("b"), c=dense("c")), noise(2, 4)


@case("layers in lists and dicts", "input -> s0 -> s1 -> s2 -> p, q", "p, q")
def containers() -> Built:
    def call(self: Any, x: Any) -> Any:
        for layer in self.steps:
            x = layer(x)
        return {name: head(x) for name, head in self.heads.items()}

    heads = {"one": dense("p"), "two": dense("q", 2)}
    return Plain(call, steps=[dense(f"s{i}") for i in range(3)], heads=heads), noise(2, 4)


@case(
    "a block called three times",
    "input -> block/d -> block/e -> block#1/d -> block#1/e -> block#2/d -> block#2/e\n"
    "input -> block#1/d\nblock/e -> block#2/d\ninput -> block#2/d",
    "block#2/e",
)
def repeated_block() -> Built:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="block")
            self.d, self.e = dense("d"), dense("e")

        def call(self, x: Any) -> Any:
            return x + self.e(self.d(x))

    def call(self: Any, x: Any) -> Any:
        return self.block(self.block(self.block(x)))

    return Plain(call, block=Block()), noise(2, 4)


@case("two inputs in a list", "input_0 -> a -> c\ninput_1 -> b -> c", "c")
def two_inputs() -> Built:
    def call(self: Any, pair: Any) -> Any:
        return self.c(self.a(pair[0]) + self.b(pair[1]))

    return Plain(call, a=dense("a"), b=dense("b"), c=dense("c")), [noise(2, 4), noise(2, 3)]


@case("inputs in a dict", "left -> a -> c\nright -> b -> c", "c")
def dict_inputs() -> Built:
    def call(self: Any, given: Any) -> Any:
        return self.c(self.a(given["left"]) * self.b(given["right"]))

    return Plain(call, a=dense("a"), b=dense("b"), c=dense("c")), {"left": noise(2, 4), "right": noise(2, 3)}


@case("a subclassed model in a Functional one", "x -> plain/a -> plain/b -> y", "y")
def in_functional() -> Built:
    inner = Plain(lambda self, x: self.b(self.a(x)), a=dense("a"), b=dense("b"))
    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(inner(x))), noise(2, 4)


@case("a Functional model in a subclassed one", "input -> f/a -> f/b -> y\nf/a -> y", "y")
def functional_inside() -> Built:
    p = keras.Input((4,))
    a = dense("a")(p)
    inner = keras.Model(p, [a, dense("b")(a)], name="f")

    def call(self: Any, x: Any) -> Any:
        first, second = self.f(x)
        return self.y(tf.maximum(first, second))

    return Plain(call, f=inner, y=dense("y")), noise(2, 4)


@case("a Python branch on the values", "input -> a -> y", "y", note="decides in Python by its values")
def branch() -> Built:
    def call(self: Any, x: Any) -> Any:
        return self.y(self.a(x) if tf.reduce_sum(x) > -1e6 else self.b(x))

    return Plain(call, a=dense("a"), b=dense("b"), y=dense("y")), noise(2, 4)


@case(
    "a Python loop as long as the values say",
    "input -> a -> a#1 -> a#2 -> y",
    "y",
    note="decides in Python by its values",
)
def loop() -> Built:
    def call(self: Any, x: Any) -> Any:
        for _ in range(int(tf.reduce_max(x[:, 0]))):
            x = self.a(x)
        return self.y(x)

    values = np.array([[3.0, 0.1, 0.2, 0.3], [1.0, 0.5, 0.5, 0.5]], "float32")
    return Plain(call, a=dense("a"), y=dense("y")), values


@case(
    "a data-dependent layer in a Functional model",
    "x -> d -> choice/a -> y",
    "y",
    note="decides in Python by its values",
)
def branch_in_functional() -> Built:
    class Choice(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="choice")
            self.a, self.b = dense("a"), dense("b")

        def build(self, shape: Any) -> None:
            self.a.build(shape)
            self.b.build(shape)

        def call(self, x: Any) -> Any:
            return self.a(x) if tf.reduce_sum(x) ** 2 >= 0 else self.b(x)

        def compute_output_spec(self, x: Any) -> Any:
            return keras.KerasTensor(x.shape, x.dtype)

    x = keras.Input((4,), name="x")
    return keras.Model(x, dense("y")(Choice()(dense("d")(x)))), noise(2, 4)


@case("an inner tf.function", "input -> a -> b", "b")
def inner_function() -> Built:
    @tf.function
    def both(self: Any, x: Any) -> Any:
        return self.b(self.a(x))

    return Plain(both, a=dense("a"), b=dense("b")), noise(2, 4)


@case("a layer under a RematScope", "input -> a -> b", "b")
def remat() -> Built:
    with keras.RematScope(mode="full"):
        first = dense("a")
    return Plain(lambda self, x: self.b(self.a(x)), a=first, b=dense("b")), noise(2, 4)


@case("dropout called with training", "input -> a -> fresh", "fresh")
def training_flag() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.drop = dense("a"), layers.Dropout(0.5, name="fresh")

        def call(self, x: Any, training: bool = False) -> Any:
            return self.drop(self.a(x), training=training)

    return Model(), noise(2, 4)


@case("a GAN of two models", "input -> g/d -> g/e -> c/d -> c/e", "c/e")
def gan() -> Built:
    def part(name: str) -> keras.Sequential:
        return keras.Sequential([dense("d"), dense("e")], name=name)

    return Plain(lambda self, z: self.critic(self.generator(z)), generator=part("g"), critic=part("c")), noise(2, 4)


@case(
    "a variational autoencoder, its noise drawn in training only",
    "input -> mean -> out\ninput -> spread",
    "out, mean, spread",
)
def autoencoder() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.mean, self.spread, self.out = dense("mean"), dense("spread"), dense("out")

        def call(self, x: Any, training: bool = False) -> Any:
            mean, spread = self.mean(x), self.spread(x)
            z = mean + tf.exp(spread) * tf.random.normal(tf.shape(mean)) if training else mean
            return self.out(z), mean, spread

    return Model(), noise(2, 4)


@case("a model that keeps what it computed", "input -> a -> b", "b")
def keeps_tensors() -> Built:
    def call(self: Any, x: Any) -> Any:
        self.last = self.a(x)
        self.add_loss(tf.reduce_sum(self.last))
        return self.b(self.last)

    return Plain(call, a=dense("a"), b=dense("b")), noise(2, 4)


@case("tokens looked up by tf.gather", "input -> y", "y")
def tokens() -> Built:
    def call(self: Any, x: Any) -> Any:
        return self.y(tf.gather(tf.eye(4), x))

    return Plain(call, y=dense("y")), np.array([[0, 1, 3], [2, 2, 1]])


@case("a call with keywords", "input -> a -> mixed\ninput -> mixed", "mixed")
def keywords() -> Built:
    class Mixed(layers.Layer):
        def call(self, *, left: Any, right: Any) -> Any:
            return left + right

    return Plain(lambda self, x: self.mixed(left=x, right=self.a(x)), a=dense("a"), mixed=Mixed(name="mixed")), noise(
        2, 4
    )
