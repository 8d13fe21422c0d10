"""Models over channels_first run on any CPU: TensorFlow has such kernels only where oneDNN is on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv

KINDS = (
    (layers.Conv1D, 1), (layers.Conv2D, 2), (layers.Conv3D, 3), (layers.Conv1DTranspose, 1),
    (layers.Conv2DTranspose, 2), (layers.Conv3DTranspose, 3), (layers.SeparableConv1D, 1), (layers.SeparableConv2D, 2),
    (layers.DepthwiseConv1D, 1), (layers.DepthwiseConv2D, 2), (layers.MaxPooling1D, 1), (layers.MaxPooling2D, 2),
    (layers.MaxPooling3D, 3), (layers.AveragePooling1D, 1), (layers.AveragePooling2D, 2), (layers.AveragePooling3D, 3),
)  # fmt: skip


def _twins(kind: Any, rank: int) -> tuple[keras.Model, keras.Model]:
    """The same layer over channels_last and channels_first, with the same weights."""
    if "Pooling" in kind.__name__:
        options = {"pool_size": 2}
    else:
        options = {"kernel_size": 3, "strides": 2, "padding": "same"}
        if "Depthwise" not in kind.__name__:
            options["filters"] = 5  # as many as positions, and Keras adds the bias along these
    models = []
    for data_format in ("channels_last", "channels_first"):
        size = (3, *[7] * rank) if data_format == "channels_first" else (*[7] * rank, 3)
        models.append(keras.Sequential([keras.Input(size), kind(data_format=data_format, **options)]))
    for variable in models[0].variables:
        variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    models[1].set_weights(models[0].get_weights())
    return models[0], models[1]


@pytest.mark.parametrize(("kind", "rank"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
def test_a_layer_gives_the_numbers_of_its_channels_last_twin(kind: Any, rank: int) -> None:
    last, first = _twins(kind, rank)
    x = np.random.default_rng(0).normal(size=(2, *[7] * rank, 3)).astype("float32")
    expected = np.asarray(last(x))
    found = np.asarray(tv.trace(first, np.moveaxis(x, -1, 1)).outputs)
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), expected, rtol=1e-4, atol=1e-5)


def test_a_layer_inside_a_loop_runs_too() -> None:
    import tensorflow as tf

    class Looped(layers.Layer):  # type: ignore[misc]
        def __init__(self, data_format: str) -> None:
            super().__init__()
            self.conv = layers.Conv2D(2, 3, data_format=data_format, kernel_initializer="ones")

        def call(self, x: Any) -> Any:
            return tf.map_fn(lambda one: self.conv(one[None])[0], x)

    x = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype("float32")
    last = keras.Sequential([keras.Input((6, 7, 3)), Looped("channels_last")])
    first = keras.Sequential([keras.Input((3, 6, 7)), Looped("channels_first")])
    found = np.asarray(tv.trace(first, np.moveaxis(x, -1, 1)).outputs)
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), np.asarray(last(x)), rtol=1e-4, atol=1e-5)
