"""Kernels in stored order, against the arithmetic of the layer itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import layers

from tensorview.kernels import Kernel, cut, kernels

Shape = tuple[int, ...]
RANDOM = np.random.default_rng(5)


def built(layer: Any, *shape: int | None) -> Any:
    layer.build((None, *shape))
    for weight in layer.weights:
        if "float" in weight.dtype:
            weight.assign(RANDOM.normal(size=weight.shape))
    return layer


def named(layer: Any, first: bool = False) -> dict[str, Kernel]:
    return {kernel.name: kernel for kernel in kernels(layer, first)}


def test_a_conv_kernel_by_filter_and_input() -> None:
    layer = built(layers.Conv2D(4, (3, 2)), 9, 9, 5)
    found = named(layer)
    assert list(found) == ["kernel", "bias"]
    kernel = found["kernel"]
    assert (kernel.shape, kernel.dtype, kernel.trainable, kernel.source, kernel.rgb) == (
        (3, 2, 5, 4), "float32", True, None, False,
    )  # fmt: skip
    assert kernel.stored is not None
    assert kernel.stored.shape == (4, 5, 3, 2)
    patch = RANDOM.normal(size=(1, 3, 2, 5)).astype(np.float32)
    for filter in range(4):
        by_hand = sum((patch[0, :, :, channel] * kernel.stored[filter, channel]).sum() for channel in range(5))
        made = layer(patch).numpy()[0, 0, 0, filter] - layer.bias.numpy()[filter]
        assert by_hand == pytest.approx(made, rel=1e-4, abs=1e-5)
    assert kernel.summary.count == 120
    assert sum(kernel.summary.histogram) == 120


def test_a_depthwise_kernel_by_the_channel_that_it_makes() -> None:
    layer = built(layers.DepthwiseConv2D(3, depth_multiplier=2), 9, 9, 4)
    kernel = named(layer)["kernel"]
    assert kernel.stored is not None
    assert kernel.stored.shape == (8, 1, 3, 3)
    patch = RANDOM.normal(size=(1, 3, 3, 4)).astype(np.float32)
    made = layer(patch).numpy()[0, 0, 0] - layer.bias.numpy()
    for channel in range(8):
        assert (patch[0, :, :, channel // 2] * kernel.stored[channel, 0]).sum() == pytest.approx(
            made[channel], abs=1e-4
        )


@pytest.mark.parametrize(
    ("layer", "shape", "name", "expected", "place", "same"),
    [
        (layers.Conv1D(4, 3), (9, 5), "kernel", (4, 5, 1, 3), (2, 1, 0, 2), (2, 1, 2)),
        (layers.Conv3D(4, (2, 3, 1)), (9, 9, 9, 5), "kernel", (4, 5, 2, 3, 1), (3, 4, 1, 2, 0), (1, 2, 0, 4, 3)),
        (layers.Conv2D(4, 3, groups=2), (9, 9, 6), "kernel", (4, 3, 3, 3), (3, 2, 1, 0), (1, 0, 2, 3)),
        (layers.Conv2DTranspose(4, (3, 2)), (9, 9, 5), "kernel", (4, 5, 3, 2), (3, 4, 2, 1), (2, 1, 3, 4)),
        (layers.Conv1DTranspose(4, 3), (9, 5), "kernel", (4, 5, 1, 3), (3, 4, 0, 1), (1, 3, 4)),
        (layers.SeparableConv2D(4, 3), (9, 9, 5), "depthwise_kernel", (5, 1, 3, 3), (4, 0, 1, 2), (1, 2, 4, 0)),
        (layers.SeparableConv2D(4, 3), (9, 9, 5), "pointwise_kernel", (4, 5, 1, 1), (3, 4, 0, 0), (0, 0, 4, 3)),
        (layers.Dense(4), (5,), "kernel", (5, 4), (3, 2), (3, 2)),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 3)), (5, 4), "kernel", (4, 2, 3), (1, 0, 2), (1, 0, 2)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else None,
)  # fmt: skip
def test_stored_orders(
    layer: Any, shape: tuple[int, ...], name: str, *, expected: Shape, place: Shape, same: Shape
) -> None:
    kernel = named(built(layer, *shape))[name]
    own = next(weight for weight in layer.weights if weight.name == name).numpy()
    assert kernel.stored is not None
    assert (kernel.shape, kernel.stored.shape) == (own.shape, expected)
    assert kernel.stored[place] == own[same]
    assert kernel.stored.dtype == np.float32
    assert kernel.stored.flags.c_contiguous


def test_true_colour_is_for_the_first_conv_over_three_channels() -> None:
    assert named(built(layers.Conv2D(4, 3), 9, 9, 3), first=True)["kernel"].rgb
    assert not named(built(layers.Conv2D(4, 3), 9, 9, 3))["kernel"].rgb
    assert not named(built(layers.Conv2D(4, 3), 9, 9, 1), first=True)["kernel"].rgb
    assert not named(built(layers.Dense(4), 9, 9, 3), first=True)["kernel"].rgb


def test_large_kernels_are_cut_to_whole_filters_the_wanted_ones_first() -> None:
    layer = built(layers.Conv2D(256, 3), 9, 9, 128)
    spatial = named(layer)["kernel"]
    assert (spatial.kept, spatial.source) == (tuple(range(7)), (256, 128, 3, 3))
    [wanted, _] = kernels(layer, wanted=(200, 3, 999))
    assert wanted.kept == (0, 1, 2, 3, 4, 5, 200)
    assert wanted.stored is not None
    np.testing.assert_array_equal(wanted.stored[-1], layer.kernel.numpy()[..., 200].transpose(2, 0, 1))
    dense = built(layers.Dense(1000), 1280)
    [kernel, _] = kernels(dense, wanted=[504, 967])
    assert (kernel.kept, kernel.source) == ((0, 1, 2, 3, 504, 967), (1280, 1000))
    np.testing.assert_array_equal(kernel.stored, dense.kernel.numpy()[:, [0, 1, 2, 3, 504, 967]])
    assert kernel.summary.count == 1_280_000, "statistics are of all values, not of those kept"


def test_what_fits_is_whole() -> None:
    dense = built(layers.Dense(256), 256)
    assert named(dense)["kernel"].source is None, "65,536 values are kept whole"
    assert kernels(dense, whole=65_535)[0].kept == tuple(range(32))
    large = built(layers.Conv2D(2, 3), 9, 9, 8192)
    assert kernels(large)[0].stored is None, "one filter alone is too large"
    assert kernels(large, whole=10**9)[0].source is None
    table = named(built(layers.Embedding(1000, 100)))["embeddings"]
    assert table.stored is not None
    assert (table.stored.shape, table.kept) == ((64, 64), None)


def test_weights_that_are_not_trained() -> None:
    found = named(built(layers.BatchNormalization(), 4))
    assert {name: kernel.trainable for name, kernel in found.items()} == {
        "gamma": True, "beta": True, "moving_mean": False, "moving_variance": False,
    }  # fmt: skip
    assert kernels(layers.Dropout(0.5)) == ()
    assert kernels(layers.Flatten()) == ()
    assert kernels(None) == ()


def test_inner_layers_give_their_names() -> None:
    layer = built(layers.Bidirectional(layers.LSTM(3, name="run")), 5, 2)
    names = [kernel.name for kernel in kernels(layer)]
    assert names[0] == "forward_run/lstm_cell/kernel"
    assert names[-1] == "backward_run/lstm_cell/bias"
    assert len(set(names)) == 6
    rest = kernels(layer, skip={id(weight) for weight in layer.forward_layer.weights})
    assert [kernel.name for kernel in rest] == names[3:]


def test_two_weights_of_one_name_are_both_there() -> None:
    class Pair(layers.Layer):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.one = self.add_weight(shape=(2,), name="w")
            self.two = self.add_weight(shape=(3,), name="w")

    assert [(kernel.name, kernel.shape) for kernel in kernels(built(Pair(), 2))] == [("w", (2,)), ("w'", (3,))]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras's own quantize
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_quantised_layers_show_what_they_reckon_with(mode: str) -> None:
    tokens = built(layers.Embedding(9, 7))
    tokens.quantize(mode)
    found = named(tokens)["embeddings"]
    np.testing.assert_allclose(found.stored, tokens(np.arange(9)).numpy(), rtol=1e-5)
    assert (found.shape, found.dtype) == ((9, 7), "int8")
    for layer, shape in (
        (layers.Dense(7), (6,)),
        (layers.EinsumDense("abc,cde->abde", output_shape=(None, 4, 4)), (5, 4)),
        (layers.EinsumDense("abde,dec->abc", output_shape=(None, 7)), (5, 2, 3)),
    ):
        full = built(layer, *shape).kernel.numpy()
        layer.quantize(mode)
        step = np.abs(full).max() / (127 if mode == "int8" else 7)
        kernel = named(layer)["kernel"]
        assert kernel.shape == full.shape
        np.testing.assert_allclose(kernel.stored, full, atol=0.6 * step)


def test_lora_is_added() -> None:
    layer = built(layers.Dense(4), 5)
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(RANDOM.normal(size=(2, 4)))
    np.testing.assert_allclose(named(layer)["kernel"].stored, layer.kernel.numpy(), rtol=1e-5)
    made = layer(np.eye(5, dtype=np.float32)).numpy() - layer.bias.numpy()
    np.testing.assert_allclose(named(layer)["kernel"].stored, made, rtol=1e-4, atol=1e-5)


def test_other_number_types() -> None:
    layer = layers.Dense(3, dtype="bfloat16")
    layer.build((None, 2))
    kernel = named(layer)["kernel"]
    assert kernel.dtype == "bfloat16"
    assert kernel.stored is not None
    assert kernel.stored.dtype == np.float32


def test_a_single_number_stays_whole_where_no_weights_are_wanted() -> None:
    assert cut(np.ones((1, 1, 1, 1), np.float32), None, whole=0)[0].shape == (1, 1, 1, 1)  # type: ignore[union-attr]
