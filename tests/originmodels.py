"""Small models of every rule by which a page tells where a value comes from, and their runs as its tests read them.

`python tests/originmodels.py` writes web_static/src/origin/fixtures.json: bundles in which every value is exact, so
that what the page works out must be the model's own value but for float32's rounding.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import layers

from tensorview.blobs import BlobWriter
from tensorview.bundle import Bundle
from tensorview.exporting import make_bundle

FIXTURES = Path(__file__).resolve().parent.parent / "web_static" / "src" / "origin" / "fixtures.json"
Built = tuple[Any, Any]


def chain(shape: tuple[int, ...], *steps: Any) -> Built:
    x = y = keras.Input(shape, name="x")
    for step in steps:
        y = step(y)
    return keras.Model(x, y), noise(1, *shape)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(11).normal(size=shape).astype(np.float32)


def planes() -> Built:
    return chain(
        (9, 10, 3),
        layers.Rescaling(0.5, 0.1, name="rescale"),
        layers.Conv2D(4, (3, 2), strides=(2, 1), padding="same", activation="relu", name="strided"),
        layers.Conv2D(4, 3, dilation_rate=(1, 2), padding="same", groups=2, activation="silu", name="grouped"),
        layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="depthwise"),
        layers.BatchNormalization(name="bn"),
        layers.ReLU(6, negative_slope=0.1, name="relu"),
        layers.SeparableConv2D(3, 3, depth_multiplier=2, padding="valid", activation="tanh", name="separable"),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="elu", name="up_same"),
        layers.Conv2DTranspose(3, (2, 3), strides=(1, 2), name="up_valid"),
        layers.PReLU(shared_axes=[1, 2], name="prelu"),
        layers.MaxPooling2D(3, strides=2, padding="same", name="max_same"),
        layers.AveragePooling2D(3, strides=2, padding="same", name="mean_same"),
        layers.GroupNormalization(3, name="groups"),
        layers.LayerNormalization(axis=[1, 2, 3], name="layer_norm"),
        layers.UpSampling2D((2, 3), name="repeat"),
        layers.ZeroPadding2D(((1, 0), (2, 1)), name="pad"),
        layers.Cropping2D(((1, 1), (0, 2)), name="crop"),
        layers.Permute((2, 1, 3), name="permute"),
        layers.Reshape((-1, 3), name="reshape"),
        layers.Dense(5, activation="leaky_relu", name="dense_last"),
        layers.Flatten(name="flat"),
        layers.Dropout(0.5, name="drop"),
        layers.Dense(6, activation="gelu", name="gelu"),
        layers.LayerNormalization(name="norm_row"),
        layers.Dense(5, activation="softmax", name="classes"),
    )


def first() -> Built:
    """Channels in front."""
    return chain(
        (3, 8, 7),
        layers.Conv2D(4, 3, padding="same", data_format="channels_first", name="conv"),
        layers.BatchNormalization(axis=1, name="bn"),
        layers.Activation("softplus", name="softplus"),
        layers.MaxPooling2D(2, data_format="channels_first", name="pool"),
        layers.GlobalMaxPooling2D(data_format="channels_first", name="highest"),
    )


def signals() -> Built:
    return chain(
        (16, 3),
        layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="selu", name="causal"),
        layers.DepthwiseConv1D(3, strides=2, padding="same", name="depthwise"),
        layers.SeparableConv1D(5, 3, name="separable"),
        layers.Conv1DTranspose(3, 4, strides=2, padding="same", name="up"),
        layers.MaxPooling1D(2, name="pool"),
        layers.RMSNormalization(name="rms"),
        layers.ELU(0.7, name="elu"),
        layers.Softmax(name="softmax"),
        layers.GRU(4, return_sequences=True, name="gru"),
        layers.GlobalAveragePooling1D(name="mean"),
        layers.RepeatVector(3, name="again"),
        layers.LeakyReLU(0.3, name="leaky"),
    )


def volumes() -> Built:
    return chain(
        (4, 5, 6, 2),
        layers.Conv3D(3, (2, 3, 1), padding="same", strides=(1, 2, 1), activation="sigmoid", name="conv"),
        layers.AveragePooling3D((2, 1, 2), name="pool"),
        layers.Conv3DTranspose(2, 2, strides=2, name="up"),
        layers.GlobalAveragePooling3D(keepdims=True, name="mean"),
    )


def tokens() -> Built:
    x = keras.Input((6,), dtype="int32", name="x")
    y = layers.Embedding(11, 8, name="table")(x)
    norm = layers.LayerNormalization(name="norm")(y)
    seen = layers.MultiHeadAttention(2, 4, name="attention")(norm, norm, use_causal_mask=True)
    y = layers.Add(name="add")([y, seen])
    cross = layers.MultiHeadAttention(2, 3, value_dim=2, name="cross")(y, norm)
    y = layers.EinsumDense("btd,dhe->bthe", output_shape=(None, 2, 3), bias_axes="he", name="einsum")(cross)
    return keras.Model(x, y), np.array([[3, 1, 4, 1, 5, 9]], np.int32)


def merges() -> Built:
    x = keras.Input((4, 5, 3), name="x")
    one = layers.Conv2D(3, 1, name="one")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="gate")(x)
    found = [
        layers.Subtract(name="subtract")([x, one]), layers.Multiply(name="multiply")([one, gate]),
        layers.Average(name="average")([x, one]), layers.Maximum(name="maximum")([x, one]),
        layers.Minimum(name="minimum")([x, one]), x + one,
    ]  # fmt: skip
    y = layers.Concatenate(name="concatenate")(found)
    z = layers.Concatenate(axis=1, name="rows")([x, one])
    return keras.Model(x, [y, z]), noise(1, 4, 5, 3)


def activations() -> Built:
    steps = [
        layers.Activation(name, name=name)
        for name in ("hard_tanh", "celu", "squareplus", "tanh_shrink", "sparse_plus", "sparse_sigmoid", "log_softmax")
    ]
    last = [layers.Activation(name, name=name) for name in ("soft_shrink", "hard_shrink", "glu")]
    return chain((5, 8), *steps, layers.UnitNormalization(name="unit"), layers.Rescaling(3, 0.1, name="wider"), *last)


def operations() -> Built:
    x = keras.Input((5, 6, 3), name="x")
    one = layers.Conv2D(3, 1, name="one")(x)
    size = keras.ops.abs(one) + 1.0
    y = [
        function(one)
        for function in (
            keras.ops.relu, keras.ops.relu6, keras.ops.sigmoid, keras.ops.tanh, keras.ops.exp, keras.ops.square,
            keras.ops.gelu, keras.ops.log_softmax, keras.ops.silu, keras.ops.softplus,
        )
    ]  # fmt: skip
    y += [keras.ops.log(size), keras.ops.sqrt(size), keras.ops.rsqrt(size), 2 / size, size**1.5, keras.ops.glu(x, 2)]
    y += [keras.ops.celu(one, 0.5), keras.ops.leaky_relu(one, 0.3), keras.ops.clip(one, -0.5, 0.5), -one]
    y += [2 * x - 1, 1 - x, x / 4, x - one, x / size, x * one, keras.ops.maximum(x, one), keras.ops.minimum(x, 0.1)]
    y += [keras.ops.mean(x, axis=(1, 2)), keras.ops.sum(x, axis=-1), keras.ops.max(x, axis=2, keepdims=True)]
    y += [keras.ops.min(x, axis=(1, 3)), keras.ops.softmax(one, axis=1), x[:, 1:, ::-2, None, 1], x[..., -1]]
    y += [keras.ops.concatenate([x, one], axis=2), keras.ops.stack([x, one], axis=1), keras.ops.expand_dims(x, 2)]
    y += [keras.ops.transpose(x, (0, 3, 1, 2)), keras.ops.reshape(x, (-1, 15, 6))]
    y += [keras.ops.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0)))]
    y += [keras.ops.matmul(x, keras.ops.transpose(one, (0, 1, 3, 2))), keras.ops.einsum("bhwc,bhwd->bcd", x, one)]
    return keras.Model(x, y), noise(1, 5, 6, 3)


def resized() -> Built:
    x = keras.Input((4, 5, 3), name="x")
    larger = layers.UpSampling2D((2, 3), interpolation="bilinear", name="larger")(x)
    smaller = layers.Resizing(5, 7, name="smaller")(larger)
    dot = layers.Dot(axes=(2, 2), name="dot")([x[:, 0], x[:, 1]])
    row = layers.Dot(axes=1, name="row")([x[:, 0, 0], x[:, 1, 1]])
    steps = layers.TimeDistributed(layers.Dense(4, activation="relu"), name="steps")(x[:, 2])
    given = layers.Normalization(mean=[0.1, 0.2, -1.0], variance=[1.0, 4.0, 0.5], name="given")(x)
    one = layers.Normalization(mean=0.5, variance=2.0, axis=None, name="one")(x)
    return keras.Model(x, [smaller, dot, row, steps, given, one]), noise(1, 4, 5, 3)


def matched() -> Built:
    """Attention without weights for query, key and value."""
    x = keras.Input((6, 4), name="x")
    y = layers.Dense(4, name="y")(x[:, :5])
    seen = layers.Attention(use_scale=True, name="scaled")([x, y])
    keyed = layers.Attention(name="keyed")([x, y, x[:, 1:]], use_causal_mask=True)
    added = layers.AdditiveAttention(name="additive")([x, y])
    return keras.Model(x, [seen, keyed, added]), noise(1, 6, 4)


MODELS: dict[str, Callable[[], Built]] = {
    build.__name__: build
    for build in (planes, first, signals, volumes, tokens, merges, activations, operations, resized, matched)
}


def built(name: str) -> Built:
    """The model of this name, its weights drawn at random so that no mistake hides behind zeros and ones."""
    model, inputs = MODELS[name]()
    random = np.random.default_rng(5)
    for weight in model.weights:
        if "seed" not in weight.path:
            values = random.normal(size=weight.shape) * (0.5 if len(weight.shape) > 1 else 0.3)
            weight.assign(np.abs(values) + 0.5 if "variance" in weight.path else values)
    return model, inputs


def exact_bundle(name: str) -> Bundle:
    """A run of it in which no value is rounded."""
    model, inputs = built(name)

    def floats(self: BlobWriter, values: Any, source: Any = None, **_: Any) -> Any:
        return self.floats(values, source)

    with mock.patch.object(BlobWriter, "quantised", floats):
        return make_bundle(model, inputs, methods=(), weights=None, budget=None)


def written(name: str) -> dict[str, Any]:
    bundle = exact_bundle(name)
    manifest = json.loads(bundle.manifest_json())
    kept = {
        activation["tensor"]["blob"] for activation in manifest["samples"][0]["activations"] if activation["tensor"]
    } | {weight["tensor"]["blob"] for node in manifest["nodes"] for weight in node["weights"] if weight["tensor"]}
    blobs = {id: base64.b64encode(bundle.raw_blob(id)).decode() for id in sorted(kept)}
    return {"manifest": manifest, "blobs": blobs}


if __name__ == "__main__":
    FIXTURES.write_text(json.dumps({name: written(name) for name in MODELS}, separators=(",", ":")) + "\n")
    print(f"{FIXTURES.name}: {FIXTURES.stat().st_size:,} bytes")
