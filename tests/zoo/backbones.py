"""Small networks in the style of keras-hub's backbones, each with its published wiring."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.case import Built, case, noise


def mha(name: str, query: str, key: str = "", scores: str = "scores") -> str:
    """The graph inside an attention."""
    kv = key or query
    return (
        f"{query} -> {name}/query -> {name}/{scores}\n"
        f"{kv} -> {name}/key -> {name}/{scores} -> {name}/attention_output\n"
        f"{kv} -> {name}/value -> {name}/attention_output\n"
    )


class PositionEmbedding(layers.Layer):
    """A learned vector for each place of a sequence."""

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=shape[1:], name="table", initializer="random_normal")

    def call(self, x: Any) -> Any:
        return ops.broadcast_to(self.table, ops.shape(x))


class EncoderBlock(layers.Layer):
    """As TransformerEncoder: attention, then a feed-forward part, each added and normalised."""

    def __init__(self, width: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.mha, self.norm1 = (
            layers.MultiHeadAttention(2, width // 2, name="mha"),
            layers.LayerNormalization(name="n1"),
        )
        self.up, self.down = layers.Dense(2 * width, activation="gelu", name="up"), layers.Dense(width, name="down")
        self.norm2 = layers.LayerNormalization(name="n2")

    def build(self, shape: Any) -> None:
        self.mha.build(shape, shape)
        for layer in (self.norm1, self.up, self.norm2):
            layer.build(shape)
        self.down.build((*shape[:-1], 2 * shape[-1]))

    def call(self, x: Any, padding: Any = None) -> Any:
        keep = None if padding is None else padding[:, None, :]
        x = self.norm1(x + self.mha(x, x, attention_mask=keep))
        return self.norm2(x + self.down(self.up(x)))

    def compute_output_shape(self, shape: Any, *_: Any) -> Any:
        return shape


def encoder(name: str, before: str, also: str = "") -> str:
    """The graph of one EncoderBlock after `before`; `also` is what masks its scores."""
    m = f"{name}/mha"
    return (
        mha(m, before)
        + (f"{also} -> {m}/scores\n" if also else "")
        + f"{m}/attention_output, {before} -> {name}/n1 -> {name}/up -> {name}/down -> {name}/n2\n"
        + f"{name}/n1 -> {name}/n2\n"
    )


@case(
    "BERT-like: tokens, segments and places; a padding mask; two encoder blocks; a pooled token",
    "tokens -> words -> add\nwords -> places -> add~2\nsegments -> kinds -> add -> add~2 -> norm\n"
    "mask -> cast\n"
    + encoder("block0", "norm", "cast")
    + encoder("block1", "block0/n2", "cast")
    + "block1/n2 -> get_item -> pooled",
    "block1/n2, pooled",
)
def bert() -> Built:
    tokens, segments = (
        keras.Input((6,), dtype="int32", name="tokens"),
        keras.Input((6,), dtype="int32", name="segments"),
    )
    mask = keras.Input((6,), dtype="int32", name="mask")
    words = layers.Embedding(20, 8, name="words")(tokens)
    x = words + layers.Embedding(2, 8, name="kinds")(segments)
    x = layers.LayerNormalization(name="norm")(x + PositionEmbedding(name="places")(words))
    keep = ops.cast(mask, "bool")
    for index in range(2):
        x = EncoderBlock(8, name=f"block{index}")(x, padding=keep)
    pooled = layers.Dense(8, activation="tanh", name="pooled")(x[:, 0])
    model = keras.Model({"tokens": tokens, "segments": segments, "mask": mask}, {"sequence": x, "the_pooled": pooled})
    given = {
        "tokens": np.array([[1, 5, 9, 2, 0, 0], [1, 7, 3, 11, 19, 2]]),
        "segments": np.array([[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]),
        "mask": np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]]),
    }
    return model, given


class DecoderBlock(layers.Layer):
    """As a GPT block: normalised first, attention causal."""

    def __init__(self, width: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.mha, self.norm1 = (
            layers.MultiHeadAttention(2, width // 2, name="mha"),
            layers.LayerNormalization(name="n1"),
        )
        self.up, self.down = layers.Dense(2 * width, activation="gelu", name="up"), layers.Dense(width, name="down")
        self.norm2 = layers.LayerNormalization(name="n2")

    def build(self, shape: Any) -> None:
        self.mha.build(shape, shape)
        for layer in (self.norm1, self.up, self.norm2):
            layer.build(shape)
        self.down.build((*shape[:-1], 2 * shape[-1]))

    def call(self, x: Any) -> Any:
        h = self.norm1(x)
        x = x + self.mha(h, h, use_causal_mask=True)
        return x + self.down(self.up(self.norm2(x)))


def decoder(name: str, *before: str) -> str:
    """The graph of one DecoderBlock after the sum of `before`."""
    given, m = ", ".join(before), f"{name}/mha"
    return (
        f"{given} -> {name}/n1\n"
        + mha(m, f"{name}/n1")
        + f"{given}, {m}/attention_output -> {name}/n2 -> {name}/up -> {name}/down\n"
    )


FIRST = ("words", "places")
SECOND = (*FIRST, "block0/mha/attention_output", "block0/down")
LAST = (*SECOND, "block1/mha/attention_output", "block1/down")


@case(
    "GPT-like: causal, normalised first, the output tied to the embedding",
    "input -> words -> places\n"
    + decoder("block0", *FIRST)
    + decoder("block1", *SECOND)
    + ", ".join(LAST)
    + " -> norm -> words#1",
    "words#1",
)
def gpt() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.words = layers.ReversibleEmbedding(20, 8, name="words")
            self.places = PositionEmbedding(name="places")
            self.blocks = [DecoderBlock(8, name=f"block{index}") for index in range(2)]
            self.norm = layers.LayerNormalization(name="norm")

        def call(self, tokens: Any) -> Any:
            x = self.words(tokens)
            x = x + self.places(x)
            for block in self.blocks:
                x = block(x)
            return self.words(self.norm(x), reverse=True)

    return Model(), np.array([[1, 5, 9, 2, 0], [3, 7, 3, 11, 19]])


@case(
    "Llama-like: rotary places, grouped queries, a gated feed-forward part",
    "input -> words -> n1 -> rotate\nn1 -> gqa/key, gqa/value\n"
    "rotate -> gqa/query -> gqa/scores -> gqa/attention_output\n"
    "gqa/key -> gqa/scores\ngqa/value -> gqa/attention_output\n"
    "words, gqa/attention_output -> n2 -> gate, up -> down\nwords, gqa/attention_output, down -> norm -> y",
    "y",
)
def llama() -> Built:
    class Rotate(layers.Layer):
        def call(self, x: Any) -> Any:
            half = x.shape[-1] // 2
            angle = ops.arange(x.shape[1], dtype="float32")[:, None] / 10.0 ** ops.arange(half, dtype="float32")
            a, b = x[..., :half], x[..., half:]
            return ops.concatenate(
                [a * ops.cos(angle) - b * ops.sin(angle), a * ops.sin(angle) + b * ops.cos(angle)], -1
            )

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.rotate = layers.Embedding(20, 8, name="words"), Rotate(name="rotate")
            self.gqa = layers.GroupQueryAttention(2, 4, 2, use_bias=False, name="gqa")
            self.n1, self.n2, self.norm = (layers.RMSNormalization(name=name) for name in ("n1", "n2", "norm"))
            self.gate, self.up = layers.Dense(16, activation="silu", name="gate"), layers.Dense(16, name="up")
            self.down, self.y = layers.Dense(8, name="down"), layers.Dense(20, name="y")

        def call(self, tokens: Any) -> Any:
            x = self.words(tokens)
            h = self.n1(x)
            x = x + self.gqa(self.rotate(h), h, h, use_causal_mask=True)
            h = self.n2(x)
            return self.y(self.norm(x + self.down(self.gate(h) * self.up(h))))

    return Model(), np.array([[1, 5, 9, 2, 0]])


class ClassToken(layers.Layer):
    """Puts a learned token in front."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token", initializer="random_normal")

    def call(self, x: Any) -> Any:
        return ops.concatenate([ops.tile(self.token, (ops.shape(x)[0], 1, 1)), x], axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], shape[1] + 1, shape[2])


@case(
    "ViT: patches, a class token, places, two encoder blocks",
    "image -> patches -> tokens -> cls -> places -> add\ncls -> add\n"
    + encoder("block0", "add")
    + encoder("block1", "block0/n2")
    + "block1/n2 -> get_item -> y",
    "y",
)
def vit() -> Built:
    image = keras.Input((16, 12, 3), name="image")
    x = layers.Conv2D(8, 4, strides=4, name="patches")(image)
    x = ClassToken(name="cls")(layers.Reshape((12, 8), name="tokens")(x))
    x = x + PositionEmbedding(name="places")(x)
    for index in range(2):
        x = EncoderBlock(8, name=f"block{index}")(x)
    return keras.Model(image, layers.Dense(5, name="y")(x[:, 0])), noise(2, 16, 12, 3)


def unit(name: str, before: str, short: bool) -> str:
    skip = f"{before} -> {name}_short -> {name}_sum\n" if short else f"{before} -> {name}_sum\n"
    return (
        f"{before} -> {name}_c1 -> {name}_n1 -> {name}_r1 -> {name}_c2 -> {name}_n2 -> {name}_sum -> {name}_out\n"
        + skip
    )


@case(
    "ResNet: a stem, two stages of residual units",
    "image -> stem -> norm -> relu -> pool\n"
    + unit("a", "pool", False)
    + unit("b", "a_out", True)
    + unit("c", "b_out", False)
    + "c_out -> mean -> y",
    "y",
)
def resnet() -> Built:
    def residual(name: str, x: Any, filters: int, stride: int = 1) -> Any:
        h = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_c1")(x)
        h = layers.ReLU(name=f"{name}_r1")(layers.BatchNormalization(name=f"{name}_n1")(h))
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_c2")(h)
        h = layers.BatchNormalization(name=f"{name}_n2")(h)
        if stride > 1:
            x = layers.Conv2D(filters, 1, strides=stride, name=f"{name}_short")(x)
        return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_sum")([x, h]))

    image = keras.Input((32, 24, 3), name="image")
    h = layers.Conv2D(4, 7, strides=2, padding="same", name="stem")(image)
    h = layers.ReLU(name="relu")(layers.BatchNormalization(name="norm")(h))
    h = layers.MaxPooling2D(3, 2, padding="same", name="pool")(h)
    h = residual("c", residual("b", residual("a", h, 4), 8, 2), 8)
    return keras.Model(image, layers.Dense(5, name="y")(layers.GlobalAveragePooling2D(name="mean")(h))), noise(
        2, 32, 24, 3
    )


@case(
    "U-Net of a diffusion model: time embedded, skips, attention in the middle",
    "image -> d0 -> d1 -> d2 -> t_add -> mid_norm\ntime -> t1 -> t2 -> t_shape -> t_add\n"
    + mha("mha", "mid_norm", scores="softmax")
    + "t_add, mha/attention_output -> mid_sum -> u1 -> j1 -> c1 -> u0 -> j0 -> c0 -> y\nd1 -> j1\nd0 -> j0",
    "y",
)
def unet() -> Built:
    image, time = keras.Input((16, 16, 3), name="image"), keras.Input((4,), name="time")
    d0 = layers.Conv2D(4, 3, padding="same", name="d0")(image)
    d1 = layers.Conv2D(6, 3, strides=2, padding="same", name="d1")(d0)
    d2 = layers.Conv2D(8, 3, strides=2, padding="same", name="d2")(d1)
    t = layers.Dense(8, name="t2")(layers.Dense(16, activation="silu", name="t1")(time))
    h = layers.Add(name="t_add")([d2, layers.Reshape((1, 1, 8), name="t_shape")(t)])
    n = layers.GroupNormalization(2, name="mid_norm")(h)
    n = layers.MultiHeadAttention(2, 4, attention_axes=(1, 2), name="mha")(n, n)
    h = layers.Add(name="mid_sum")([h, n])
    h = layers.Concatenate(name="j1")([layers.UpSampling2D(name="u1")(h), d1])
    h = layers.Conv2D(6, 3, padding="same", name="c1")(h)
    h = layers.Concatenate(name="j0")([layers.Conv2DTranspose(4, 2, strides=2, name="u0")(h), d0])
    h = layers.Conv2D(4, 3, padding="same", name="c0")(h)
    return keras.Model([image, time], layers.Conv2D(3, 1, name="y")(h)), [noise(2, 16, 16, 3), noise(2, 4)]


@case(
    "T5-like: an encoder and a decoder that looks at it",
    "x -> words\ny -> words#1\n"
    + mha("enc", "words")
    + "words, enc/attention_output -> enc_sum\n"
    + mha("dec", "words#1")
    + "words#1, dec/attention_output -> dec_sum\n"
    + mha("cross", "dec_sum", "enc_sum")
    + "dec_sum, cross/attention_output -> out_sum -> out",
    "out",
)
def encoder_decoder() -> Built:
    x, y = (keras.Input((length,), dtype="int32", name=name) for length, name in ((6, "x"), (4, "y")))
    words = layers.Embedding(20, 8, name="words")
    e, d = words(x), words(y)
    e = layers.Add(name="enc_sum")([e, layers.MultiHeadAttention(2, 4, name="enc")(e, e)])
    h = layers.MultiHeadAttention(2, 4, name="dec")(d, d, use_causal_mask=True)
    d = layers.Add(name="dec_sum")([d, h])
    d = layers.Add(name="out_sum")([d, layers.MultiHeadAttention(2, 4, name="cross")(d, e)])
    return keras.Model([x, y], layers.Dense(20, name="out")(d)), [np.arange(6)[None], np.arange(4)[None] + 7]


@case(
    "MLP-Mixer: across places, then across channels",
    "image -> patches -> tokens -> n1 -> turn -> m1 -> m2 -> back -> s1 -> n2 -> c1 -> c2 -> s2 -> mean\n"
    "tokens -> s1 -> s2",
    "mean",
)
def mixer() -> Built:
    image = keras.Input((12, 16, 3), name="image")
    x = layers.Reshape((12, 8), name="tokens")(layers.Conv2D(8, 4, strides=4, name="patches")(image))
    h = layers.Permute((2, 1), name="turn")(layers.LayerNormalization(name="n1")(x))
    h = layers.Dense(12, name="m2")(layers.Dense(16, activation="gelu", name="m1")(h))
    x = layers.Add(name="s1")([x, layers.Permute((2, 1), name="back")(h)])
    h = layers.LayerNormalization(name="n2")(x)
    h = layers.Dense(8, name="c2")(layers.Dense(16, activation="gelu", name="c1")(h))
    x = layers.Add(name="s2")([x, h])
    return keras.Model(image, layers.GlobalAveragePooling1D(name="mean")(x)), noise(2, 12, 16, 3)


@case(
    "a squeeze-and-excitation unit and hard activations, as in MobileNetV3",
    "image -> up -> n -> act -> depth -> squeeze -> reduce -> expand -> gate -> scale -> project -> sum\n"
    "depth -> scale\nimage -> sum",
    "sum",
)
def squeeze_excite() -> Built:
    image = keras.Input((8, 10, 4), name="image")
    h = layers.BatchNormalization(name="n")(layers.Conv2D(8, 1, use_bias=False, name="up")(image))
    h = layers.DepthwiseConv2D(5, padding="same", name="depth")(layers.Activation("hard_silu", name="act")(h))
    s = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(h)
    s = layers.Conv2D(8, 1, name="expand")(layers.Conv2D(2, 1, activation="relu", name="reduce")(s))
    h = layers.Multiply(name="scale")([h, layers.Activation("hard_sigmoid", name="gate")(s)])
    h = layers.Conv2D(4, 1, use_bias=False, name="project")(h)
    return keras.Model(image, layers.Add(name="sum")([image, h])), noise(2, 8, 10, 4)
