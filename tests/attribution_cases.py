"""Small models of every kind that attribution has to work on, with inputs and what can't be asked of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

Array = np.ndarray[Any, Any]
NO_CAM = {"cam": "global average pooling"}
NO_ATTENTION = {"attention_rollout": "no attention"}


@dataclass(frozen=True)
class Case:
    """build: makes the model, always the same. inputs: makes `n` samples. missing: of the methods that can't explain it
    a word of the reason. tolerance: how far two runs of the same may lie apart, of the largest value."""

    build: Callable[[], keras.Model]
    inputs: Callable[[int], Any]
    missing: dict[str, str] = field(default_factory=dict)
    classes: int = 3
    tolerance: float = 1e-5


def images(n: int, *shape: int) -> Array:
    return np.random.default_rng(n).normal(size=(n, *(shape or (9, 8, 2)))).astype("float32")


def head(y: Any, classes: int = 3) -> Any:
    return layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(y))


def nested() -> keras.Model:
    inner = keras.Sequential([
        keras.Input((9, 8, 2)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU(),
    ])  # fmt: skip
    x = keras.Input((9, 8, 2))
    return keras.Model(x, head(layers.Dropout(0.2)(layers.MaxPooling2D()(inner(x)))))


def shared() -> keras.Model:
    x = keras.Input((9, 8, 2))
    y = layers.Conv2D(4, 1, activation="relu")(x)
    conv = layers.Conv2D(4, 3, padding="same", activation="relu")
    y = layers.MaxPooling2D()(conv(y))
    return keras.Model(x, head(conv(y)))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = layers.Conv2D(4, 3), layers.Conv2D(5, 3), layers.Dense(3)
        self.seen: list[int] = []

    def call(self, x: Any) -> Any:
        self.seen.append(1)
        x = tf.nn.relu(self.second(tf.nn.relu(self.first(x))))
        return tf.nn.softmax(self.head(tf.reduce_mean(x, [1, 2])))


def subclassed() -> keras.Model:
    model = Subclassed()
    model(images(1))
    return model


def operations() -> keras.Model:
    x = keras.Input((9, 8, 2))
    y = ops.relu(layers.Conv2D(4, 3)(x * 2.0 - 0.1))
    y = ops.concatenate([y, ops.max(y, axis=-1, keepdims=True)], -1)
    y = ops.relu(layers.Conv2D(4, 2)(y))
    return keras.Model(x, ops.softmax(layers.Dense(3)(ops.mean(y, axis=(1, 2)))))


def channels_first() -> keras.Model:
    first: Any = {"data_format": "channels_first"}
    x = keras.Input((2, 9, 8))
    y = layers.MaxPooling2D(**first)(layers.Conv2D(4, 3, activation="relu", **first)(x))
    y = layers.Conv2D(5, 2, activation="relu", **first)(y)
    return keras.Model(x, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D(**first)(y)))


def mixed() -> keras.Model:
    kept = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        x = keras.Input((9, 8, 2))
        y = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(x))
        y = layers.GlobalAveragePooling2D()(layers.Conv2D(5, 2, activation="relu")(y))
        return keras.Model(x, layers.Dense(3, activation="softmax", dtype="float32")(y))
    finally:
        keras.mixed_precision.set_dtype_policy(kept)


def several() -> keras.Model:
    left, right = keras.Input((9, 8, 2), name="left"), keras.Input((6, 6, 1), name="right")
    a = layers.Conv2D(4, 3, activation="relu")(left)
    b = layers.Conv2D(4, 3, activation="relu")(right)
    pooled = [layers.GlobalAveragePooling2D()(y) for y in (a, b)]
    return keras.Model({"left": left, "right": right}, layers.Dense(3)(layers.Concatenate()(pooled)))


def signal() -> keras.Model:
    x = keras.Input((16, 2))
    y = layers.MaxPooling1D()(layers.Conv1D(4, 3, activation="relu")(x))
    y = layers.GlobalAveragePooling1D()(layers.Conv1D(5, 3, activation="relu")(y))
    return keras.Model(x, layers.Dense(3, activation="softmax")(y))


def tokens() -> keras.Model:
    ids = keras.Input((6,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4)(ids)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 2)(x, x))
    x = layers.Dense(4, activation="relu")(x)
    return keras.Model(ids, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def segmentation() -> keras.Model:
    x = keras.Input((8, 8, 1))
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    z = layers.Conv2D(5, 3, padding="same", activation="relu")(layers.MaxPooling2D()(y))
    y = layers.Concatenate()([y, layers.Conv2DTranspose(4, 2, 2)(z)])
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(y)
    return keras.Model(x, layers.Conv2D(3, 1, activation="softmax")(y))


CASES = {
    "nested": Case(nested, images, NO_CAM | NO_ATTENTION),
    "shared": Case(shared, images, NO_ATTENTION),
    "subclassed with tf.nn.relu": Case(subclassed, images, NO_CAM | NO_ATTENTION),
    "functional operations": Case(operations, images, NO_ATTENTION),
    "channels_first": Case(channels_first, lambda n: images(n, 2, 9, 8), NO_ATTENTION),
    "mixed_float16": Case(mixed, images, NO_ATTENTION, tolerance=2e-2),
    "several inputs": Case(
        several, lambda n: {"left": images(n), "right": images(n, 6, 6, 1)}, NO_CAM | NO_ATTENTION
    ),
    "a signal": Case(signal, lambda n: images(n, 16, 2), NO_ATTENTION),
    "token ids": Case(tokens, lambda n: np.random.default_rng(n).integers(0, 9, (n, 6)), NO_CAM),
    "a segmentation": Case(segmentation, lambda n: images(n, 8, 8, 1), NO_CAM | NO_ATTENTION),
}  # fmt: skip


def made(name: str) -> tuple[keras.Model, Case]:
    keras.utils.set_random_seed(11)
    case = CASES[name]
    return case.build(), case


def state(model: keras.Model) -> dict[str, Any]:
    """All that a caller could see of a model: attributes of every layer and what their containers hold, weights,
    states, configuration; and of the graph that was current and the call that Keras thinks is going on."""
    from keras.src.backend.common import global_state

    def content(value: Any) -> Any:
        return [id(one) for one in value] if isinstance(value, list | tuple | set) else sorted(map(str, value))

    attributes = {
        (i, name): (id(value), content(value) if isinstance(value, list | dict | set | tuple) else None)
        for i, layer in enumerate(model._flatten_layers())
        for name, value in vars(layer).items()
    }
    return {
        "attributes": attributes,
        "weights": [weight.numpy() for weight in model.weights],
        "trainable": [weight.trainable for weight in model.weights],
        "config": None if isinstance(model, Subclassed) else model.to_json(),
        "graph": id(tf.compat.v1.get_default_graph()) if not tf.executing_eagerly() else "eager",
        "call": global_state.get_global_attribute("current_call_ctx"),
    }


def assert_unchanged(model: keras.Model, before: dict[str, Any]) -> None:
    after = state(model)
    for key in before.keys() - {"weights"}:
        assert after[key] == before[key], key
    for new, old in zip(after["weights"], before["weights"], strict=True):
        np.testing.assert_array_equal(new, old)
