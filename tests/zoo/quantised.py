from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise

LINE = "x -> a -> relu -> b"


def quantised(mode: str, **lora: int) -> Built:
    first, second = layers.Dense(8, name="a", **lora), layers.Dense(3, name="b")
    model = keras.Sequential([keras.Input((6,), name="x"), first, layers.ReLU(name="relu"), second])
    factors(first)
    quantise(model, mode)
    return model, noise(2, 6)


def quantise(model: Any, mode: str) -> None:
    """As `Model.quantize`, which warns of each layer that has no weights to quantise."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.Dense | layers.EinsumDense | layers.Embedding):
            layer.quantize(mode)


def factors(*adapted: Any) -> None:
    """LoRA begins with a factor of zeros, which changes nothing: give it values."""
    for layer in adapted:
        if layer.lora_enabled:
            name = "embeddings" if isinstance(layer, layers.Embedding) else "kernel"
            variable = getattr(layer, f"lora_{name}_b")
            variable.assign(noise(*variable.shape) / 4)


@case("int8", LINE, "b")
def int8() -> Built:
    return quantised("int8")


@case("int4", LINE, "b")
def int4() -> Built:
    return quantised("int4")


@case("float8", LINE, "b")
def float8() -> Built:
    return quantised("float8")


@case("LoRA", LINE, "b")
def lora() -> Built:
    first = layers.Dense(8, lora_rank=2, name="a")
    steps = [first, layers.ReLU(name="relu"), layers.Dense(3, name="b")]
    model = keras.Sequential([keras.Input((6,), name="x"), *steps])
    factors(first)
    return model, noise(2, 6)


@case("LoRA over int8", LINE, "b")
def lora_int8() -> Built:
    return quantised("int8", lora_rank=2)


@case("a convolution with LoRA", "x -> conv -> pool", "pool")
def lora_conv() -> Built:
    conv = layers.Conv2D(4, 3, lora_rank=2, name="conv")
    model = keras.Sequential([keras.Input((6, 7, 3), name="x"), conv, layers.GlobalMaxPooling2D(name="pool")])
    factors(conv)
    return model, noise(2, 6, 7, 3)


@case("embeddings and einsum in int8, with LoRA", "x -> words -> mix -> y", "y")
def embedding() -> Built:
    words = layers.Embedding(9, 4, lora_rank=2, name="words")
    mix = layers.EinsumDense("abc,cd->abd", output_shape=(None, 6), lora_rank=2, bias_axes="d", name="mix")
    steps = [words, mix, layers.GlobalAveragePooling1D(name="y")]
    model = keras.Sequential([keras.Input((5,), dtype="int32", name="x"), *steps])
    factors(words, mix)
    quantise(model, "int8")
    return model, np.array([[1, 2, 3, 4, 5], [8, 7, 6, 5, 0]])


@case(
    "attention in int8",
    "x -> mha/query, mha/key -> mha/scores -> mha/attention_output\nx -> mha/value -> mha/attention_output",
    "mha/attention_output",
)
def attention() -> Built:
    x = keras.Input((5, 8), name="x")
    model = keras.Model(x, layers.MultiHeadAttention(2, 4, name="mha")(x, x))
    quantise(model, "int8")
    return model, noise(2, 5, 8)


@case("a packed kernel of an odd width in int4", "x -> mix", "mix")
def odd_width() -> Built:
    mix = layers.EinsumDense("ab,bcd->acd", output_shape=(3, 5), name="mix")
    model = keras.Sequential([keras.Input((7,), name="x"), mix])
    quantise(model, "int4")
    return model, noise(2, 7)
