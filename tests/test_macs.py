"""Multiply-adds against numbers worked out by hand, and against those that papers give."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tensorview.macs import between, macs
from tensorview.structure import structure
from tensorview.tracing import trace


def count(layer: keras.Layer, *shapes: tuple[int, ...]) -> int | None:
    """The count for one call on zeros of these shapes."""
    given = [np.zeros(shape, np.float32) for shape in shapes]
    output = layer(*given) if len(given) < 2 or isinstance(layer, layers.MultiHeadAttention) else layer(given)
    return macs(layer, shapes, tuple(output.shape))


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        # output places × kernel × input channels × filters
        (layers.Conv1D(4, 3, padding="same"), (2, 10, 5), 10 * 3 * 5 * 4),
        (layers.Conv1D(4, 3, padding="causal", dilation_rate=2), (2, 10, 5), 10 * 3 * 5 * 4),
        (layers.Conv2D(6, 5), (1, 28, 28, 1), 24 * 24 * 25 * 6),
        (layers.Conv2D(8, 3, strides=2, padding="same"), (1, 9, 7, 3), 5 * 4 * 9 * 3 * 8),
        (layers.Conv2D(8, 3, dilation_rate=2), (1, 9, 9, 3), 5 * 5 * 9 * 3 * 8),
        (layers.Conv2D(8, 3, groups=2, padding="same"), (1, 6, 6, 4), 36 * 9 * 2 * 8),
        (layers.Conv3D(2, (2, 3, 3)), (1, 4, 5, 6, 3), 3 * 3 * 4 * 18 * 3 * 2),
        (layers.DepthwiseConv1D(3, depth_multiplier=2), (1, 8, 4), 6 * 3 * 4 * 2),
        (layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), (1, 5, 5, 4), 25 * 9 * 4 * 2),
        (layers.SeparableConv1D(7, 3), (1, 8, 4), 6 * (3 * 4 + 4 * 7)),
        (layers.SeparableConv2D(7, 3, padding="same"), (1, 5, 5, 4), 25 * (9 * 4 + 4 * 7)),
        # input places × kernel × input channels × filters
        (layers.Conv2DTranspose(2, 3, strides=2, padding="same"), (1, 4, 5, 6), 20 * 9 * 6 * 2),
        (layers.Conv1DTranspose(2, 4, strides=2), (1, 4, 6), 4 * 4 * 6 * 2),
        (layers.Dense(10), (3, 84), 840),
        (layers.Dense(10), (3, 7, 84), 7 * 840),
        (layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3)), (1, 5, 4), 5 * 4 * 2 * 3),
        (layers.EinsumDense("...x,xy->...y", output_shape=6), (1, 5, 4), 5 * 4 * 6),
        (layers.EinsumDense("abde,dec->abc", output_shape=(None, 7)), (1, 5, 2, 3), 5 * 2 * 3 * 7),
        # steps × (input to gates + state to gates)
        (layers.LSTM(5), (2, 7, 3), 7 * (3 * 20 + 5 * 20)),
        (layers.LSTM(5, return_sequences=True), (2, 7, 3), 7 * (3 * 20 + 5 * 20)),
        (layers.GRU(5), (2, 7, 3), 7 * (3 * 15 + 5 * 15)),
        (layers.SimpleRNN(5), (2, 7, 3), 7 * (3 * 5 + 5 * 5)),
        (layers.RNN([layers.LSTMCell(4), layers.GRUCell(5)]), (2, 7, 3), 7 * (16 * (3 + 4) + 15 * (4 + 5))),
        (layers.Bidirectional(layers.LSTM(5)), (2, 7, 3), 2 * 7 * (3 * 20 + 5 * 20)),
        (layers.TimeDistributed(layers.Dense(4)), (2, 7, 3), 7 * 12),
        (layers.TimeDistributed(layers.Conv2D(4, 3)), (2, 7, 5, 5, 2), 7 * 9 * 9 * 2 * 4),
        (layers.ConvLSTM2D(3, 3, padding="same"), (1, 4, 5, 5, 2), 4 * 25 * (9 * 2 * 12 + 9 * 3 * 12)),
        (layers.SpectralNormalization(layers.Dense(4)), (2, 3), 12),
        (layers.Embedding(100, 8), (2, 7), 0),
        (layers.BatchNormalization(), (1, 4, 4, 3), 0),
        (layers.Dropout(0.5), (1, 4), 0),
        (layers.AveragePooling2D(2), (1, 4, 4, 3), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.Layer) else str(value),
)
def test_by_hand(layer: keras.Layer, shape: tuple[int, ...], expected: int) -> None:
    assert count(layer, shape) == expected


def test_channels_first_counts_the_same() -> None:
    kernel = layers.Conv2D(8, 3, padding="same", data_format="channels_first")
    kernel.build((1, 3, 9, 7))
    assert macs(kernel, ((1, 3, 9, 7),), (1, 8, 9, 7)) == 9 * 7 * 9 * 3 * 8


def test_attention_by_hand() -> None:
    # 5 queries of 6, 4 values of 8; 2 heads of 3 for keys, 2 of 7 for values; output 6 wide
    layer = layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=7)
    projections = 5 * 6 * 6 + 4 * 8 * 6 + 4 * 8 * 14 + 5 * 14 * 6
    products = 5 * 4 * (6 + 14)
    assert count(layer, (1, 5, 6), (1, 4, 8)) == projections + products
    assert count(layers.Attention(), (1, 5, 6), (1, 4, 6)) == 5 * 4 * 12


def test_what_attention_does_between_its_layers() -> None:
    layer = layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=7)
    inside = {"query": (1, 5, 2, 3), "key": (1, 4, 2, 3), "value": (1, 4, 2, 7), "attention_output": (1, 5, 6)}
    assert between(layer, inside) == 5 * 4 * 2 * (3 + 7)
    assert between(layers.Dense(3), inside) == 0
    assert between(layer, {}) == 0


def test_dot_products() -> None:
    assert count(layers.Dot(axes=(2, 1)), (1, 3, 4), (1, 4, 5)) == 3 * 5 * 4
    left, right = keras.Input((3, 4)), keras.Input((4, 5))
    product = keras.Model([left, right], keras.ops.matmul(left, right)).operations[-1]
    assert macs(product, ((1, 3, 4), (1, 4, 5)), (1, 3, 5)) == 3 * 5 * 4
    summed = keras.Model([left, right], keras.ops.einsum("bij,bjk->bik", left, right)).operations[-1]
    assert macs(summed, ((2, 3, 4), (2, 4, 5)), (2, 3, 5)) == 3 * 5 * 4


@pytest.mark.filterwarnings("ignore:NotImplemented should not be used:DeprecationWarning")  # in Keras's own tensordot
@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (keras.ops.matmul, 5 * 6 * 3),
        (lambda x, w: keras.ops.matmul(w.T, keras.ops.transpose(x, (0, 2, 1))), 3 * 6 * 5),
        (lambda x, w: keras.ops.einsum("bij,jk->bik", x, w), 5 * 6 * 3),
        (lambda x, w: keras.ops.einsum("jk,bij->bki", w, x), 5 * 6 * 3),
        (lambda x, w: keras.ops.einsum("bij,bkj->bik", x, x), 5 * 5 * 6),
        (lambda x, w: keras.ops.tensordot(x, w, axes=1), 5 * 6 * 3),
        (lambda x, w: keras.ops.tensordot(x, w, axes=[[2], [0]]), 5 * 6 * 3),
        (lambda x, w: keras.ops.tensordot(x, np.ones((5, 6, 2), "float32"), axes=2), 5 * 6 * 2),
        (keras.ops.dot, 5 * 6 * 3),
        (lambda x, w: keras.ops.inner(x, w.T), 5 * 6 * 3),
    ],
)
def test_products_with_a_constant(product: Any, expected: int) -> None:
    x = keras.Input((5, 6), name="x")
    model = keras.Model(x, product(x, np.ones((6, 3), "float32")))
    [node] = [node for node in structure(trace(model, np.ones((2, 5, 6)))).nodes if node.kind == "dense"]
    assert node.macs == expected


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras's own quantize
def test_quantised_layers_count_as_if_they_were_not() -> None:
    for mode in ("int8", "int4"):
        layer = layers.Dense(7)
        layer.build((None, 6))
        layer.quantize(mode)
        assert macs(layer, ((1, 6),), (1, 7)) == 42


def test_unknown_is_none_and_an_input_is_nothing() -> None:
    class Mine(layers.Layer):
        def call(self, x: object) -> object:
            return x

    assert macs(Mine(), ((1, 3),), (1, 3)) is None
    assert macs(layers.Lambda(lambda x: x), ((1, 3),), (1, 3)) is None
    assert macs(layers.Conv2D(3, 3), ((1, 9, 9, 3),), (1, 7, 7, 3)) is None, "not built: no kernel"
    assert macs(layers.Dense(3), ((1, None, 3),), (1, None, 3)) is None
    assert macs(None, (), (1, 3)) == 0


def _total(model: keras.Model) -> int:
    found = 0
    for layer in model.layers:
        given = getattr(layer, "input", None)
        shapes = [tuple(tensor.shape) for tensor in (given if isinstance(given, list) else [given])]
        number = macs(layer, shapes, tuple(layer.output.shape))
        assert number is not None, layer.name
        found += number
    return found


def test_published_totals() -> None:
    """MobileNetV2: 300 M multiply-adds (Sandler 2018, table 4); ResNet-50: 3.8 G (He 2015, table 1)."""
    assert _total(keras.applications.MobileNetV2(weights=None)) == pytest.approx(300e6, rel=0.01)
    assert _total(keras.applications.ResNet50(weights=None)) == pytest.approx(3.86e9, rel=0.01)
