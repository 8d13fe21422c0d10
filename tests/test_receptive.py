"""Receptive fields: by hand, from the literature, and as the gradient of a model with positive weights shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.manifest import ReceptiveField
from tensorview.receptive import text
from tensorview.structure import structure

Fields = dict[str, ReceptiveField]


def fields(model: Any, *shape: int, dtype: str = "float32") -> Fields:
    known = structure(tv.trace(model, np.ones((1, *shape), dtype)), weights=False)
    return {node.id: node.field for node in known.nodes if node.field is not None}


def chain(*stack: Any, shape: tuple[int, ...] = (32, 32, 1)) -> Any:
    return keras.Sequential([keras.Input(shape, name="x"), *stack])


BY_HAND: list[tuple[Any, tuple[int, ...], tuple[Any, ...], tuple[float, ...], tuple[float, ...]]] = [
    (layers.Conv2D(2, 3), (32, 32, 1), (3, 3), (1, 1), (1, 1)),
    (layers.Conv2D(2, 3, padding="same"), (32, 32, 1), (3, 3), (1, 1), (0, 0)),
    (layers.Conv2D(2, 3, 2, padding="same"), (32, 32, 1), (3, 3), (2, 2), (1, 1)),
    (layers.Conv2D(2, 3, 2, padding="same"), (33, 33, 1), (3, 3), (2, 2), (0, 0)),
    (layers.Conv2D(2, (5, 1), dilation_rate=(3, 1)), (32, 32, 1), (13, 1), (1, 1), (6, 0)),
    (layers.DepthwiseConv2D(3, dilation_rate=2), (32, 32, 2), (5, 5), (1, 1), (2, 2)),
    (layers.SeparableConv2D(4, 5, 2), (32, 32, 2), (5, 5), (2, 2), (2, 2)),
    (layers.Conv1D(2, 4, padding="causal"), (20, 3), (4,), (1,), (-1.5,)),
    (layers.Conv3D(2, (2, 3, 4)), (8, 9, 10, 1), (2, 3, 4), (1, 1, 1), (0.5, 1, 1.5)),
    (layers.MaxPooling2D(2), (32, 32, 1), (2, 2), (2, 2), (0.5, 0.5)),
    (layers.AveragePooling1D(3, 1, padding="same"), (20, 2), (3,), (1,), (0,)),
    (layers.ZeroPadding2D(((2, 0), (1, 3))), (9, 9, 1), (1, 1), (1, 1), (-2, -1)),
    (layers.Cropping1D((3, 1)), (20, 2), (1,), (1,), (3,)),
    (layers.UpSampling2D(2), (8, 8, 1), (1, 1), (0.5, 0.5), (0, 0)),
    (layers.Conv2DTranspose(1, 2, 2), (8, 8, 1), (1, 1), (0.5, 0.5), (0, 0)),
    (layers.Conv2DTranspose(1, 3, 2, padding="same"), (8, 8, 1), (2, 2), (0.5, 0.5), (-0.5, -0.5)),
    (layers.GlobalAveragePooling2D(keepdims=True), (8, 6, 1), (None, None), (0, 0), (3.5, 2.5)),
    (layers.LSTM(3, return_sequences=True), (7, 2), (None,), (0,), (3,)),
    (layers.BatchNormalization(), (8, 8, 3), (1, 1), (1, 1), (0, 0)),
    (layers.LayerNormalization(axis=[1, 2, 3]), (8, 8, 3), None, None, None),
    (layers.Permute((2, 1, 3)), (8, 8, 3), None, None, None),
    (layers.Softmax(axis=1), (8, 8, 3), None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "shape", "size", "step", "offset"), BY_HAND, ids=[f"{row[0].name}-{row[1][0]}" for row in BY_HAND]
)
def test_one_layer_by_hand(layer: Any, shape: Any, size: Any, step: Any, offset: Any) -> None:
    found = fields(chain(layer, shape=shape), *shape).get(layer.name)
    if size is None:
        assert found is None, "it mixes positions in a way that is no window"
    else:
        assert found == ReceptiveField(input="x", size=size, step=step, offset=offset)


def test_a_chain_by_hand() -> None:
    found = fields(
        chain(
            layers.Conv2D(2, 5, padding="same", name="a"), layers.MaxPooling2D(2, name="b"),
            layers.Conv2D(2, 3, padding="same", name="c"), layers.MaxPooling2D(2, name="d"), layers.Flatten(name="e"),
        ),
        32, 32, 1,
    )  # fmt: skip
    assert {id: (field.size[0], field.step[0], field.offset[0]) for id, field in found.items()} == {
        "x": (1, 1, 0), "a": (5, 1, 0), "b": (6, 2, 0.5), "c": (10, 2, 0.5), "d": (12, 4, 1.5),
    }  # fmt: skip
    assert text(found["d"]) == "12×12, step 4"


@pytest.mark.parametrize(
    ("name", "layer", "size", "step"),
    [
        ("VGG16", "block5_pool", 212, 32),
        ("ResNet50", "conv5_block3_out", 483, 32),
        ("MobileNetV2", "out_relu", 491, 32),
    ],
)
def test_known_networks_are_as_published(name: str, layer: str, size: int, step: int) -> None:
    """Araujo, Norris, Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill, table 1."""
    found = fields(getattr(keras.applications, name)(weights=None, classes=2, include_top=False), 224, 224, 3)[layer]
    assert (found.size, found.step) == ((size, size), (step, step))


def branches() -> Any:
    x = keras.Input((24, 20, 2), name="x")
    a = layers.Conv2D(3, 3, 2, padding="same", activation="relu", name="a")(x)
    b = layers.Conv2D(3, 5, dilation_rate=2, padding="same", name="b")(a)
    c = layers.Add(name="c")([a, b])
    d = layers.Conv2DTranspose(2, 3, 2, padding="same", name="d")(c)
    e = layers.Concatenate(name="e")([d, layers.Conv2D(2, 7, padding="same", name="f")(x)])
    g = layers.Cropping2D(((1, 3), (2, 2)), name="g")(e)
    h = layers.AveragePooling2D(3, 2, name="h")(g)
    up = layers.UpSampling2D(3, interpolation="bilinear", name="up")(h)
    return keras.Model(x, layers.DepthwiseConv2D(3, padding="same", name="k")(up * 2.0 + 1.0))


def shared() -> Any:
    x = keras.Input((24, 20, 2), name="x")
    same = layers.Conv2D(2, 3, padding="same", name="same")
    y = keras.Input((None, None, 2), name="y")
    inner = keras.Model(y, layers.AveragePooling2D(2, padding="same", name="pool")(same(y)), name="inner")
    return keras.Model(x, inner(inner(same(x))))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = layers.Conv2D(2, 3, name="a"), layers.Conv2D(2, 3, padding="same", name="b")
        self.c = layers.Conv2D(2, 3, name="c")

    def call(self, x: Any) -> Any:
        h = self.a(x)
        h = tf.nn.relu(h + self.b(h))
        return self.c(h) + tf.reverse(self.c(tf.reverse(h, [1])), [1])


@pytest.mark.parametrize("build", [branches, shared, Subclassed], ids=lambda build: build.__name__)
def test_the_gradient_reaches_just_that_far(build: Callable[[], Any]) -> None:
    """With all weights positive nothing cancels: an output depends on just those inputs that have a gradient."""
    keras.utils.set_random_seed(1)
    model = build()
    x = np.ones((1, 24, 20, 2), np.float32)
    model(x)
    model.set_weights([np.full(weight.shape, 0.3, np.float32) for weight in model.get_weights()])
    known = {node.id: node for node in structure(tv.trace(model, x), weights=False).nodes}
    checked = 0
    for id, node in known.items():
        if node.field is None or node.class_name == "InputLayer":
            continue
        place = tuple(n // 2 for n in node.shape[:2])
        reached = _reached(model, x, id, place)
        for axis in range(2):
            size, step, offset = node.field.size[axis], node.field.step[axis], node.field.offset[axis]
            assert size is not None
            seen = np.flatnonzero(reached.any(axis=1 - axis))
            centre, half = offset + place[axis] * step, (size - 1) / 2
            first, last = max(0, centre - half), min(x.shape[1 + axis] - 1, centre + half)
            # Behind a transposed convolution positions differ in how far they see; told is the farthest.
            slack = 2 if build is branches else 0
            assert seen[0] == pytest.approx(first, abs=slack), f"{id} along axis {axis}"
            assert seen[-1] == pytest.approx(last, abs=slack), f"{id} along axis {axis}"
            assert seen[-1] - seen[0] + 1 <= size
        checked += 1
    assert checked >= 3
    if build is Subclassed:
        assert "c#1" not in known or known["c#1"].field is None, "what a reversal feeds is no window of the input"


def _reached(model: Any, x: np.ndarray, id: str, place: tuple[int, int]) -> np.ndarray:
    """(H, W), where the input has a gradient of one position of a call's output."""
    from tensorview.compiling import Compiled
    from tensorview.preparing import prepare

    tensors, specs = prepare(model, x)

    def gradient(recording: Any) -> Any:
        [given] = recording.inputs.values()
        return tf.gradients(tf.reduce_sum(recording.tensor(id)[:, place[0], place[1]]), given)[0]

    return np.abs(np.asarray(Compiled(model, tensors, specs, gradient)(tensors))).sum(axis=(0, 3)) > 0


def test_a_gate_is_told_of_and_the_window_kept() -> None:
    x = keras.Input((16, 16, 4), name="x")
    h = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    gate = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(h))
    gate = layers.Conv2D(4, 1, activation="sigmoid", name="gate")(gate)
    model = keras.Model(x, layers.Conv2D(2, 3, name="after")(layers.Multiply(name="out")([h, gate])))
    found = fields(model, 16, 16, 4)
    assert (found["out"].size, found["out"].gated) == ((3, 3), True)
    assert (found["after"].size, found["after"].gated) == ((5, 5), True)
    assert found["gate"].size == (None, None)
    assert (found["conv"].gated, text(found["after"])) == (False, "5×5, step 1, weighed by the whole input")


def test_channels_first_tokens_and_several_inputs() -> None:
    x = keras.Input((3, 20, 18), name="x")
    h = layers.Conv2D(2, (3, 5), data_format="channels_first", name="conv")(x)
    first = fields(keras.Model(x, layers.BatchNormalization(axis=1, name="norm")(h)), 3, 20, 18)
    assert first["norm"].size == first["conv"].size == (3, 5)

    words = keras.Sequential([keras.Input((9,), dtype="int32", name="x"), layers.Embedding(20, 4), layers.Conv1D(2, 3)])
    assert [field.size for field in fields(words, 9, dtype="int32").values()] == [(1,), (3,)]

    a, b = keras.Input((8, 8, 1), name="a"), keras.Input((8, 8, 1), name="b")
    both = layers.Add(name="both")([layers.Conv2D(1, 3, name="one")(a), layers.Conv2D(1, 3, name="two")(b)])
    known = structure(tv.trace(keras.Model([a, b], both), [np.ones((1, 8, 8, 1))] * 2), weights=False)
    assert {node.id for node in known.nodes if node.field} == {"a", "b", "one", "two"}


def test_what_is_computed_from_constants_sees_nothing_and_hides_nothing() -> None:
    x = keras.Input((9,), dtype="int32", name="x")
    places = layers.Dense(4, name="placed")(layers.Embedding(9, 4, name="places")(keras.ops.arange(9)))
    h = layers.Add(name="sum")([layers.Embedding(20, 4, name="tokens")(x), places[None]])
    h = h + layers.Embedding(9, 4, name="again")(keras.ops.arange(9))
    model = keras.Model(x, layers.Conv1D(2, 3, name="conv")(h))
    found = fields(model, 9, dtype="int32")
    assert {id: field.size for id, field in found.items()} == {
        "tokens": (1,), "sum": (1,), "add": (1,), "conv": (3,),
    }  # fmt: skip
