from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from zoo.case import Built, case, noise


def typed(dtype: str) -> Built:
    """A small network in one data type."""
    x = keras.Input((6, 6, 2), name="x", dtype=dtype)
    h = layers.Conv2D(3, 3, name="conv", dtype=dtype)(x)
    h = layers.BatchNormalization(name="norm", dtype=dtype)(h)
    h = layers.GlobalAveragePooling2D(name="pool", dtype=dtype)(h)
    return keras.Model(x, layers.Dense(3, activation="softmax", name="y", dtype=dtype)(h)), noise(2, 6, 6, 2).astype(
        "float64" if dtype == "float64" else "float32"
    )


CHAIN = "x -> conv -> norm -> pool -> y"


@case("one number a sample", "x -> expand_dims -> y", "y")
def scalar_input() -> Built:
    x = keras.Input((), name="x")
    return keras.Model(x, layers.Dense(2, name="y")(ops.expand_dims(x, -1))), noise(3)


@case("a number of axes that only a run tells", "x -> odd -> y", "y")
def unknown_rank() -> Built:
    class Odd(layers.Layer):
        def call(self, x: Any) -> Any:
            shape = tf.where(
                tf.range(2 + tf.cast(tf.reduce_sum(x) > 1e9, tf.int32)) > 0, tf.shape(x)[1], tf.shape(x)[0]
            )
            return tf.reshape(x, shape)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.ReLU(name="y")(Odd(name="odd")(x))), noise(2, 4)


@case("float16", CHAIN, "y")
def float16() -> Built:
    return typed("float16")


@case("bfloat16", CHAIN, "y")
def bfloat16() -> Built:
    return typed("bfloat16")


@case("float64", CHAIN, "y")
def float64() -> Built:
    return typed("float64")


@case("mixed precision with float16", CHAIN, "y")
def mixed_float16() -> Built:
    return mixed("mixed_float16")


@case("mixed precision with bfloat16", CHAIN, "y")
def mixed_bfloat16() -> Built:
    return mixed("mixed_bfloat16")


def mixed(policy: str) -> Built:
    x = keras.Input((6, 6, 2), name="x")
    h = layers.Conv2D(3, 3, name="conv", dtype=policy)(x)
    h = layers.BatchNormalization(name="norm", dtype=policy)(h)
    h = layers.GlobalAveragePooling2D(name="pool", dtype=policy)(h)
    return keras.Model(x, layers.Dense(3, activation="softmax", name="y", dtype="float32")(h)), noise(2, 6, 6, 2)


@case(
    "mixed precision in attention",
    "x -> mha/query -> mha/scores\nx -> mha/key -> mha/scores -> mha/attention_output\n"
    "x -> mha/value -> mha/attention_output -> y",
    "y",
)
def mixed_attention() -> Built:
    x = keras.Input((5, 8), name="x")
    h = layers.MultiHeadAttention(2, 4, name="mha", dtype="mixed_float16")(x, x)
    return keras.Model(x, layers.LayerNormalization(name="y")(h)), noise(2, 5, 8)


class Own(layers.Layer):
    """Computes what it is told, and says a shape where Keras can't find one."""

    def __init__(self, compute: Any, name: str, shape: Any = None, dtype: str = "float32") -> None:
        super().__init__(name=name, autocast=False)
        self._compute, self._shape, self._type = compute, shape, dtype

    def call(self, x: Any) -> Any:
        return self._compute(x)

    def compute_output_spec(self, x: Any) -> Any:
        if self._shape is None:
            return super().compute_output_spec(x)
        return keras.KerasTensor((x.shape[0], *self._shape), self._type)


@case("whole numbers and booleans", "x -> greater -> cast -> sum\nx -> argmax", "sum, greater, argmax")
def whole_numbers() -> Built:
    x = keras.Input((5,), dtype="int32", name="x")
    large = ops.greater(x, 2)
    counted = ops.sum(ops.cast(large, "int64"), axis=-1, keepdims=True)
    return keras.Model(x, [counted, large, ops.argmax(x, axis=-1)]), np.array([[1, 2, 3, 4, 5], [5, 4, 0, -1, 9]])


@case("bytes of a picture", "x -> scale -> conv", "conv")
def bytes_of_a_picture() -> Built:
    x = keras.Input((8, 8, 3), dtype="uint8", name="x")
    h = layers.Rescaling(1 / 255, name="scale")(x)
    return keras.Model(x, layers.Conv2D(2, 3, name="conv")(h)), np.arange(192, dtype="uint8").reshape(1, 8, 8, 3)


@case("text in and out", "x -> upper -> look -> words", "upper, words")
def strings() -> Built:
    x = keras.Input((2,), dtype="string", name="x")
    h = Own(tf.strings.upper, "upper", (2,), "string")(x)
    found = layers.StringLookup(vocabulary=["A", "B"], name="look")(h)
    back = layers.StringLookup(vocabulary=["A", "B"], invert=True, name="words")(found)
    return keras.Model(x, [h, back]), np.array([["a", "c"], ["b", "ä"]])


@case("complex numbers", "x -> fft -> abs -> y\nfft -> back", "y, back")
def complex_numbers() -> Built:
    x = keras.Input((8,), name="x")
    h = Own(lambda x: tf.signal.fft(tf.cast(x, tf.complex64)), "fft", (8,), "complex64")(x)
    back = Own(tf.signal.ifft, "back", (8,), "complex64")(h)
    magnitude = Own(tf.abs, "abs", (8,))(h)
    return keras.Model(x, [layers.Dense(2, name="y")(magnitude), back]), noise(2, 8)


@case("a complex input", "x -> abs -> y", "y")
def complex_input() -> Built:
    x = keras.Input((4, 4, 1), dtype="complex64", name="x")
    size = Own(tf.abs, "abs", (4, 4, 1))(x)
    return keras.Model(x, layers.Conv2D(2, 3, name="y")(size)), noise(2, 4, 4, 1) + 1j * noise(2, 4, 4, 1)[::-1]


@case("a sparse input", "x -> y", "y")
def sparse_input() -> Built:
    x = keras.Input((5,), sparse=True, name="x")
    given = tf.sparse.from_dense(np.eye(5, dtype="float32")[[1, 3]])
    return keras.Model(x, layers.Dense(3, name="y")(x)), given


@case("a sparse tensor between layers", "x -> thin -> y", "y")
def sparse() -> Built:
    class Thin(layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.sparse.from_dense(tf.where(x > 0.5, x, 0.0))

        def compute_output_spec(self, x: Any) -> Any:
            return keras.KerasTensor(x.shape, x.dtype, sparse=True)

    x = keras.Input((5,), name="x")
    return keras.Model(x, layers.Dense(3, name="y")(Thin(name="thin")(x))), noise(2, 5)


@case("a sparse tensor handed on", "x -> thin -> same -> y\nthin -> z", "y, z")
def sparse_handed_on() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.thin, self.same = Own(tf.sparse.from_dense, "thin"), Own(lambda x: x, "same")
            self.y, self.z = (Own(tf.sparse.to_dense, name) for name in "yz")

        def call(self, given: Any) -> Any:
            thin = self.thin(given["x"])
            return self.y(self.same(thin)), self.z(thin)

    return Model(), {"x": noise(2, 5)}


@case("a sparse result of a lookup", "x -> hot -> y", "y")
def sparse_lookup() -> Built:
    x = keras.Input((2,), dtype="string", name="x")
    hot = layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot", sparse=True, name="hot")(x)
    return keras.Model(x, layers.Dense(2, name="y")(hot)), np.array([["a", "b"], ["c", "a"]])


@case("ragged text between layers", "input -> cut -> long", "long")
def ragged() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.cut = Own(tf.strings.split, "cut")
            self.long = Own(lambda words: tf.strings.length(words).to_tensor(), "long")

        def call(self, x: Any) -> Any:
            return self.long(self.cut(x))

    return Model(), np.array(["a bc def", "g"])


@case("a scalar for the whole batch", "x -> mean -> scale\nx -> scale", "mean, scale")
def scalar() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.mean = Own(tf.reduce_mean, "mean")
            self.scale = layers.Rescaling(2.0, name="scale")

        def call(self, x: Any) -> Any:
            mean = self.mean(x["x"])
            return mean, self.scale(x["x"] - mean)

    return Model(), {"x": noise(2, 5)}


@case("a scalar a sample", "x -> sum", "sum")
def scalar_a_sample() -> Built:
    x = keras.Input((5,), name="x")
    return keras.Model(x, ops.sum(x, axis=-1)), noise(2, 5)


@case("outputs without a single value", "x -> none -> empty -> y", "empty, y")
def zero_size() -> Built:
    x = keras.Input((4, 3), name="x")
    h = Own(lambda x: x[:, :0], "none", (0, 3))(x)
    h = layers.Dense(2, name="empty")(h)
    return keras.Model(x, [h, Own(lambda x: tf.reduce_sum(x, 1), "y", (2,))(h)]), noise(2, 4, 3)


@case("NaN and infinities", "x -> log -> root -> y", "log, root, y")
def not_numbers() -> Built:
    x = keras.Input((4,), name="x")
    log, root = ops.log(x), ops.sqrt(ops.log(x))
    log = Own(tf.math.log, "log", (4,))(x)
    root = Own(tf.math.sqrt, "root", (4,))(log)
    return keras.Model(x, [log, root, Own(tf.math.exp, "y", (4,))(root)]), np.array([[0, -1, 0.5, 2], [1e38, 1, 3, 0]])


@case("numbers at the ends of float32", "x -> huge -> tiny", "huge, tiny")
def extremes() -> Built:
    x = keras.Input((3,), name="x")
    huge = layers.Rescaling(1e30, name="huge")(x)
    return keras.Model(x, [huge, layers.Rescaling(1e-38, name="tiny")(huge)]), noise(2, 3)


@case("several tensors of different types", "x -> parts", "parts, parts, parts")
def several_types() -> Built:
    class Parts(layers.Layer):
        def call(self, x: Any) -> Any:
            return {"whole": ops.cast(x, "int32"), "large": x > 0, "half": ops.cast(x, "float16")}

    x = keras.Input((3,), name="x")
    return keras.Model(x, Parts(name="parts")(x)), noise(2, 3)


@case("a layer that returns nothing beside a tensor", "input -> pair -> y", "y")
def none_beside() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.pair = Own(lambda x: (x * 2.0, None), "pair")
            self.y = layers.Dense(2, name="y")

        def call(self, x: Any) -> Any:
            return self.y(self.pair(x)[0])

    return Model(), noise(2, 3)
