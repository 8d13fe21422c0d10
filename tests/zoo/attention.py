from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise

PARTS = """
    {q} -> {m}/query -> {m}/{s}
    {kv} -> {m}/key -> {m}/{s} -> {m}/attention_output
    {kv} -> {m}/value -> {m}/attention_output
"""


def inside(attention: str, query: str = "x", key: str = "", scores: str = "scores") -> str:
    """What is inside a call of MultiHeadAttention."""
    return PARTS.format(m=attention, q=query, kv=key or query, s=scores)


@case("self-attention", inside("mha") + "mha/attention_output -> sum\nx -> sum", "sum")
def to_itself() -> Built:
    x = keras.Input((5, 8), name="x")
    return keras.Model(x, layers.Add(name="sum")([x, layers.MultiHeadAttention(2, 4, name="mha")(x, x)])), noise(
        2, 5, 8
    )


@case("causal", inside("mha"), "mha/attention_output")
def causal() -> Built:
    x = keras.Input((5, 8), name="x")
    return keras.Model(x, layers.MultiHeadAttention(2, 4, name="mha")(x, x, use_causal_mask=True)), noise(2, 5, 8)


@case("cross attention by keyword", inside("mha", "x", "y"), "mha/attention_output")
def cross() -> Built:
    x, y = keras.Input((5, 8), name="x"), keras.Input((7, 6), name="y")
    made = layers.MultiHeadAttention(2, 4, value_dim=3, name="mha")(query=x, value=y, key=y)
    return keras.Model([x, y], made), [noise(2, 5, 8), noise(2, 7, 6)]


@case("a mask that is given", inside("mha") + "mask -> mha/scores", "mha/attention_output")
def given_mask() -> Built:
    x, mask = keras.Input((5, 8), name="x"), keras.Input((5, 5), dtype="bool", name="mask")
    made = layers.MultiHeadAttention(2, 4, name="mha")(x, x, attention_mask=mask)
    return keras.Model([x, mask], made), [noise(2, 5, 8), np.tril(np.ones((2, 5, 5), bool))]


@case("scores returned by Keras", inside("mha", scores="softmax"), "mha/attention_output, mha/softmax")
def scores_returned() -> Built:
    x = keras.Input((5, 8), name="x")
    return keras.Model(x, layers.MultiHeadAttention(2, 4, name="mha")(x, x, return_attention_scores=True)), noise(
        2, 5, 8
    )


@case("over the two axes of a picture", inside("mha", scores="softmax"), "mha/attention_output")
def two_axes() -> Built:
    x = keras.Input((3, 4, 8), name="x")
    return keras.Model(x, layers.MultiHeadAttention(2, 4, attention_axes=(1, 2), name="mha")(x, x)), noise(2, 3, 4, 8)


@case("grouped queries", inside("gqa"), "gqa/attention_output")
def grouped() -> Built:
    x = keras.Input((5, 8), name="x")
    return keras.Model(x, layers.GroupQueryAttention(4, 4, 2, name="gqa")(x, x)), noise(2, 5, 8)


@case("dot-product attention", "x, y -> dot/scores -> dot\ny -> dot", "dot")
def dot_product() -> Built:
    x, y = keras.Input((5, 8), name="x"), keras.Input((6, 8), name="y")
    return keras.Model([x, y], layers.Attention(name="dot")([x, y])), [noise(2, 5, 8), noise(2, 6, 8)]


@case("additive attention", "x, y -> add/scores -> add\ny -> add", "add")
def additive() -> Built:
    x, y = keras.Input((5, 8), name="x"), keras.Input((6, 8), name="y")
    return keras.Model([x, y], layers.AdditiveAttention(name="add")([x, y])), [noise(2, 5, 8), noise(2, 6, 8)]


@case("one attention called twice", inside("mha") + inside("mha#1", "mha/attention_output"), "mha#1/attention_output")
def shared() -> Built:
    x, attention = keras.Input((5, 8), name="x"), layers.MultiHeadAttention(2, 4, name="mha")
    h = attention(x, x)
    return keras.Model(x, attention(h, h)), noise(2, 5, 8)


@case(
    "written by hand in a layer",
    "x -> own/q -> own/scores\nx -> own/k -> own/scores -> own/o\nx -> own/v -> own/o",
    "own/o",
)
def by_hand() -> Built:
    class Attend(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.q, self.k, self.v, self.o = (layers.Dense(8, name=name) for name in "qkvo")

        def build(self, shape: Any) -> None:
            for layer in (self.q, self.k, self.v, self.o):
                layer.build(shape)

        def call(self, x: Any) -> Any:
            def heads(h: Any) -> Any:
                return keras.ops.transpose(keras.ops.reshape(h, (-1, 5, 2, 4)), (0, 2, 1, 3))

            q, k, v = heads(self.q(x)), heads(self.k(x)), heads(self.v(x))
            scores = keras.ops.softmax(keras.ops.matmul(q, keras.ops.swapaxes(k, 2, 3)) / 2.0)
            mixed = keras.ops.transpose(keras.ops.matmul(scores, v), (0, 2, 1, 3))
            return self.o(keras.ops.reshape(mixed, (-1, 5, 8)))

    x = keras.Input((5, 8), name="x")
    return keras.Model(x, Attend()(x)), noise(2, 5, 8)


@case(
    "padding masked for a self-attention",
    inside("mha", "words") + "x -> words\nx -> mha/scores",
    "mha/attention_output",
)
def padded() -> Built:
    x = keras.Input((5,), dtype="int32", name="x")
    h = layers.Embedding(9, 8, mask_zero=True, name="words")(x)
    return keras.Model(x, layers.MultiHeadAttention(2, 4, name="mha")(h, h)), np.array(
        [[3, 1, 0, 0, 0], [1, 2, 3, 4, 5]]
    )


@case(
    "a mask made of a shape alone",
    "x -> own/first -> own/second -> own/scores\nx -> own/second",
    "own/scores",
)
def mask_of_a_shape() -> Built:
    class Looks(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.first, self.second = layers.Dense(4, name="first"), layers.Dense(4, name="second")
            self.soft = layers.Softmax(name="scores")

        def build(self, shape: Any) -> None:
            self.first.build(shape)
            self.second.build(shape)

        def call(self, x: Any) -> Any:
            h = x + self.first(x)
            size = keras.ops.shape(h)[1]
            places = keras.ops.arange(size)
            k = self.second(h)
            return self.soft(keras.ops.matmul(k, keras.ops.swapaxes(k, 1, 2)), places[:, None] >= places)

        def compute_output_shape(self, shape: Any) -> Any:
            return (*shape[:2], shape[1])

    x = keras.Input((None, 4), name="x")
    return keras.Model(x, Looks()(x)), noise(2, 5, 4)
