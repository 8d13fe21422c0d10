"""Every Keras layer is known, and is described in the right words."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tensorview.layers import Description, describe, first, first_shape, stored, stored_shape
from tensorview.layers.lookup import LAYERS, entry


def of(layer: Any, *shape: int, inputs: tuple[Description, ...] = ()) -> Description:
    """The description of a call with this output shape, batch left out."""
    return describe(layer, "InputLayer" if layer is None else type(layer).__name__, (2, *shape), inputs)


def facts(layer: Any, *shape: int) -> dict[str, str]:
    return {fact.name: fact.value for fact in of(layer, *shape).facts}


def all_layers() -> list[type]:
    public = [getattr(layers, name) for name in dir(layers)]
    return sorted(
        {item for item in public if isinstance(item, type) and issubclass(item, layers.Layer)},
        key=lambda item: item.__name__,
    )


def test_every_layer_of_keras_has_an_entry_of_its_own() -> None:
    assert len(all_layers()) > 100
    missing = [item.__name__ for item in all_layers() if item.__name__ not in LAYERS]
    assert missing == [], "give each an entry in one of the files of tensorview/layers"


@pytest.mark.parametrize(
    ("layer", "shape", "kind", "form", "axes"),
    [
        (layers.Conv1D(4, 3), (10, 4), "conv", "sequence", ("time", "channel")),
        (layers.Conv2D(4, 3), (9, 8, 4), "conv", "planes", ("y", "x", "channel")),
        (layers.Conv2D(4, 3, data_format="channels_first"), (4, 9, 8), "conv", "planes", ("channel", "y", "x")),
        (layers.Conv1D(4, 3, data_format="channels_first"), (4, 10), "conv", "sequence", ("channel", "time")),
        (layers.Conv3D(4, 3), (7, 9, 8, 4), "conv", "volume", ("z", "y", "x", "channel")),
        (layers.Conv2DTranspose(4, 3), (9, 8, 4), "conv", "planes", ("y", "x", "channel")),
        (layers.SeparableConv2D(4, 3), (9, 8, 4), "conv", "planes", ("y", "x", "channel")),
        (layers.DepthwiseConv2D(3), (9, 8, 4), "depthwise", "planes", ("y", "x", "channel")),
        (layers.MaxPooling2D(), (4, 4, 4), "pool", "planes", ("y", "x", "channel")),
        (layers.GlobalAveragePooling2D(), (4,), "pool", "row", ("unit",)),
        (layers.GlobalAveragePooling2D(keepdims=True), (1, 1, 4), "pool", "planes", ("y", "x", "channel")),
        (layers.BatchNormalization(), (9, 8, 4), "norm", "planes", ("y", "x", "channel")),
        (layers.BatchNormalization(axis=1), (4, 9, 8), "norm", "planes", ("channel", "y", "x")),
        (layers.LayerNormalization(), (10, 4), "norm", "sequence", ("time", "channel")),
        (layers.SpectralNormalization(layers.Conv2D(4, 3)), (9, 8, 4), "norm", "planes", ("y", "x", "channel")),
        (layers.ReLU(), (9, 8, 4), "activation", "planes", ("y", "x", "channel")),
        (layers.Softmax(), (10,), "activation", "row", ("unit",)),
        (layers.Softmax(axis=(3,)), (2, 7, 7), "activation", "matrix", ("head", "query", "key")),
        (layers.Dense(10), (10,), "dense", "row", ("unit",)),
        (layers.Dense(10), (7, 10), "dense", "sequence", ("time", "channel")),
        (
            layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3)),
            (7, 2, 3),
            "dense",
            "matrix",
            ("time", "head", "unit"),
        ),
        (layers.EinsumDense("abde,dec->abc", output_shape=(None, 4)), (7, 4), "dense", "sequence", ("time", "channel")),
        (layers.MultiHeadAttention(2, 3), (7, 4), "attention", "sequence", ("query", "channel")),
        (layers.LSTM(5), (5,), "recurrent", "row", ("unit",)),
        (layers.GRU(5, return_sequences=True), (7, 5), "recurrent", "sequence", ("time", "unit")),
        (
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            (7, 10),
            "recurrent",
            "sequence",
            ("time", "unit"),
        ),
        (layers.ConvLSTM2D(4, 3), (9, 8, 4), "recurrent", "planes", ("y", "x", "channel")),
        (
            layers.ConvLSTM2D(4, 3, return_sequences=True),
            (7, 9, 8, 4),
            "recurrent",
            "volume",
            ("time", "y", "x", "channel"),
        ),
        (layers.ConvLSTM1D(4, 3, return_sequences=True), (7, 9, 4), "recurrent", "planes", ("time", "x", "channel")),
        (layers.TimeDistributed(layers.Conv2D(4, 3)), (7, 9, 8, 4), "other", "volume", ("time", "y", "x", "channel")),
        (layers.TimeDistributed(layers.Dense(4)), (7, 4), "other", "sequence", ("time", "unit")),
        (layers.Embedding(100, 8), (7, 8), "embedding", "sequence", ("time", "channel")),
        (layers.UpSampling2D(), (9, 8, 4), "reshape", "planes", ("y", "x", "channel")),
        (layers.Reshape((2, 2, 2, 2, 2)), (2, 2, 2, 2, 2), "reshape", "generic", None),
        (layers.Lambda(lambda x: x), (), "other", "scalar", ()),
    ],
)
def test_kind_form_and_axes(
    layer: Any, shape: tuple[int, ...], kind: str, form: str, axes: tuple[str, ...] | None
) -> None:
    found = of(layer, *shape)
    assert (found.kind, found.form) == (kind, form)
    assert len(found.axes) == len(shape)
    if axes is not None:
        assert found.axes == axes


def test_roles() -> None:
    for layer in (layers.Add(), layers.Multiply(), layers.Concatenate(), layers.Average(), layers.Dot(axes=1)):
        assert (of(layer, 4).kind, of(layer, 4).role) == ("merge", "merge")
    resting = (layers.Dropout(0.1), layers.Flatten(), layers.Rescaling(2.0), layers.Identity(), layers.Reshape((4,)))
    for layer in (*resting, layers.RandomFlip(), layers.GaussianNoise(0.1), layers.ZeroPadding2D(), layers.Masking()):
        assert of(layer, 4).role == "stub", type(layer).__name__
    for layer in (
        layers.Conv2D(4, 3),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.UpSampling2D(),
        layers.Resizing(4, 4),
    ):
        assert of(layer, 4, 4, 4).role == "layer", type(layer).__name__


def test_inputs() -> None:
    assert (of(None, 28, 28, 1).kind, of(None, 28, 28, 1).role, of(None, 28, 28, 1).form) == ("input", "input", "image")
    first = of(None, 3, 32, 24)
    assert (first.form, first.axes, first.channel_axis) == ("image", ("channel", "y", "x"), 0)
    assert of(None, 172, 264, 8).form == "planes"
    assert (of(None, 24, 12).form, of(None, 8).form, of(None, 5, 9, 9, 2).form) == ("sequence", "row", "volume")
    assert of(layers.Conv2D(3, 3), 28, 28, 3).form == "planes", "only what goes in is a picture"


def test_facts() -> None:
    conv = layers.Conv2D(8, (5, 3), strides=2, dilation_rate=1, groups=2, activation="relu", padding="same")
    assert facts(conv, 4, 4, 8) == {
        "filters": "8",
        "kernel": "5×3",
        "stride": "2×2",
        "padding": "same",
        "groups": "2",
        "activation": "relu",
    }
    assert facts(layers.Conv1D(4, 3, dilation_rate=4), 8, 4)["dilation"] == "4"
    assert facts(layers.MaxPooling2D((2, 3)), 4, 4, 4) == {"window": "2×3", "stride": "2×3", "padding": "valid"}
    assert facts(layers.Dropout(0.25), 4) == {"rate": "0.25"}
    assert facts(layers.Dense(10, activation="softmax"), 10) == {"units": "10", "activation": "softmax"}
    assert facts(layers.Dense(10), 10) == {"units": "10"}, "a linear activation changes nothing"
    assert facts(layers.ReLU(6.0), 4) == {"maximum": "6"}
    assert facts(layers.LeakyReLU(0.1), 4) == {"negative slope": "0.1"}
    assert facts(layers.Reshape((7, 7, 16)), 7, 7, 16) == {"target shape": "7×7×16"}
    assert facts(layers.Rescaling(1 / 255, offset=-1), 4) == {"scale": "0.00392157", "offset": "-1"}
    assert facts(layers.LSTM(5, go_backwards=True), 5)["backwards"] == "yes"
    assert facts(layers.Bidirectional(layers.LSTM(5)), 10) == {"wraps": "LSTM, 5", "merge": "concat"}
    assert facts(layers.MultiHeadAttention(2, 3), 7, 4) == {"heads": "2", "key size": "3", "value size": "3"}
    assert facts(layers.MultiHeadAttention(2, 3, dropout=0.1), 7, 4)["dropout"] == "0.1"
    assert facts(layers.ZeroPadding2D(((3, 3), (1, 2))), 9, 9, 4) == {"padding": "3×3, 1×2"}
    assert facts(layers.Concatenate(), 4) == {"axis": "-1"}
    known = layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0])
    known.build((None, 2))
    assert facts(known, 2) == {"axis": "-1", "mean": "1, 2", "variance": "1, 4"}


def test_axes_are_handed_on_where_a_layer_can_not_know_them() -> None:
    conv = of(layers.Conv2D(4, 3, data_format="channels_first"), 4, 9, 8)
    for layer in (layers.ReLU(), layers.Activation("tanh"), layers.Dropout(0.1), layers.Add(), layers.Identity()):
        found = of(layer, 4, 9, 8, inputs=(conv,))
        assert (found.axes, found.channel_axis) == (("channel", "y", "x"), 0), type(layer).__name__
    scores = of(layers.Softmax(axis=(3,)), 2, 7, 7)
    assert of(layers.Dropout(0.1), 2, 7, 7, inputs=(scores,)).axes == ("head", "query", "key")
    moved = of(layers.Permute((3, 1, 2)), 4, 9, 8, inputs=(of(layers.Conv2D(4, 3), 9, 8, 4),))
    assert (moved.axes, moved.channel_axis) == (("channel", "y", "x"), 0)
    assert of(layers.Dense(8), 4, 9, 8, inputs=(conv,)).channel_axis == 2, "Dense makes its units along the last axis"
    assert of(layers.Rescaling(2.0), 9, 8, 3, inputs=(of(None, 9, 8, 3),)).form == "planes"


def test_operations_of_functional_models() -> None:
    x = keras.Input((8, 8, 4))
    y = keras.ops.relu(x[:, ::2, 1:] * 0.5)
    z = keras.layers.Activation("relu")(keras.ops.concatenate([y, y], axis=-1) + 1.0)
    model = keras.Model(x, keras.ops.mean(z, axis=(1, 2)))
    found = {type(item).__name__: of(item, *item.output.shape[1:]) for item in model.operations}
    assert {name: item.kind for name, item in found.items()} == {
        "InputLayer": "input",
        "GetItem": "reshape",
        "Multiply": "merge",
        "Relu": "activation",
        "Concatenate": "merge",
        "Add": "merge",
        "Activation": "activation",
        "Mean": "pool",
    }
    assert [fact.value for fact in found["GetItem"].facts] == ["[:, ::2, 1:]"]
    assert [(fact.name, fact.value) for fact in found["Multiply"].facts] == [("with", "0.5")]
    times = next(item for item in model.operations if type(item).__name__ == "Multiply")
    assert of(times, 4, 7, 4, inputs=(found["GetItem"],)).role == "stub", "nothing meets where a number is multiplied"
    assert found["Multiply"].role == "merge"


def test_the_nearest_known_ancestor_speaks_for_a_custom_class() -> None:
    class Sharper(layers.Conv2D):  # type: ignore[misc]
        pass

    class Dense(layers.Layer):  # type: ignore[misc]
        units = 7

    bare = Sharper(4, 3)
    del bare.kernel_size
    assert (of(bare, 9, 8, 4).kind, of(bare, 9, 8, 4).facts) == ("conv", ())
    assert of(Sharper(4, 3), 9, 8, 4).kind == "conv"
    assert facts(Sharper(4, 3), 9, 8, 4)["kernel"] == "3×3"
    own = of(Dense(), 9, 8, 4)
    assert (own.kind, own.form, own.facts) == ("other", "planes", ()), "it only happens to be called Dense"
    assert entry(None, "Conv2D")[0].kind == "conv"
    assert of(keras.Sequential([keras.Input((4,)), layers.Dense(2)]), 2).kind == "block"


def test_several_tensors_and_none() -> None:
    states = describe(layers.LSTM(5, return_state=True), "LSTM", ((2, 5), (2, 5), (2, 5)))
    assert (states.form, states.note) == ("row", "returns 3 tensors; the first is shown")
    named = describe(layers.Layer(), "Layer", {"mask": None, "maps": (2, 9, 8, 4)})
    assert (named.form, named.note) == ("planes", None)
    nothing = describe(layers.Layer(), "Layer", None)
    assert (nothing.form, nothing.axes, nothing.note) == ("generic", (), "this call returns no tensor")
    assert first_shape([None, {"a": (2, 3)}]) == (2, 3)
    assert first({"a": None, "b": [np.float32(1), 2]}) == np.float32(1)


@pytest.mark.parametrize(
    ("layer", "shape", "expected", "place", "same"),
    [
        (layers.Conv2D(4, 3), (9, 8, 4), (4, 9, 8), (1, 2, 3), (2, 3, 1)),
        (layers.Conv2D(4, 3, data_format="channels_first"), (4, 9, 8), (4, 9, 8), (1, 2, 3), (1, 2, 3)),
        (layers.Conv3D(4, 3), (7, 9, 8, 4), (4, 7, 9, 8), (1, 2, 3, 4), (2, 3, 4, 1)),
        (layers.Conv1D(4, 3), (9, 4), (4, 9), (1, 2), (2, 1)),
        (layers.Softmax(axis=(3,)), (2, 7, 6), (2, 7, 6), (1, 2, 3), (1, 2, 3)),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 3)), (7, 2, 3), (2, 7, 3), (1, 2, 0), (2, 1, 0)),
        (layers.Dense(5), (5,), (5,), (3,), (3,)),
        (layers.Lambda(abs), (), (1,), (0,), ()),
        (layers.Reshape((2, 3, 2, 3, 2)), (2, 3, 2, 3, 2), (36, 2), (35, 1), (1, 2, 1, 2, 1)),
    ],
)
def test_stored_order(layer: Any, shape: Any, expected: Any, place: Any, same: Any) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    known = of(layer, *shape)
    found = stored(np.asarray(values), known)
    assert found.shape == expected == stored_shape(shape, known)
    assert found[place] == values[same]


def test_stored_order_of_odd_values() -> None:
    plane = of(layers.Conv2D(4, 3), 2, 2, 1)
    np.testing.assert_array_equal(stored(np.full((2, 2, 1), 3 + 4j), plane), np.full((1, 2, 2), 5.0))
    truths = stored(np.ones((2, 2, 1), bool), plane)
    assert truths.dtype == np.float32
    assert truths.sum() == 4
    empty = of(layers.Reshape((0, 3)), 0, 3)
    assert stored(np.zeros((0, 3), np.float32), empty).shape == stored_shape((0, 3), empty) == (3, 0)
    values = np.zeros((9, 8, 4), np.float32)
    assert np.shares_memory(stored(values, of(layers.Conv2D(4, 3), 9, 8, 4)), values), "no copy where none is needed"
