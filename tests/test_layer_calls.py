"""One real call of nearly every Keras layer: what is said of it fits what it returned."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as k

from tensorview.health import health
from tensorview.kernels import kernels
from tensorview.layers import describe, first, first_shape, stored, stored_shape
from tensorview.macs import macs
from tensorview.statistics import parameters

RANDOM = np.random.default_rng(1)


def noise(*shape: int) -> np.ndarray:
    return RANDOM.random(shape, dtype=np.float32)


ROW, SEQUENCE, IMAGE, VOLUME = noise(2, 8), noise(2, 12, 4), noise(2, 12, 12, 3), noise(2, 6, 6, 6, 3)
FRAMES = noise(2, 3, 8, 8, 4)
BY_RANK = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}

MERGES = ("Add", "Average", "Concatenate", "Maximum", "Multiply", "Subtract")
NORMS = ("BatchNormalization", "LayerNormalization", "UnitNormalization", "PReLU")
RATED = ("Dropout", "GaussianNoise", "RandomContrast", "RandomRotation", "RandomZoom")
PICTURES = ("RandomFlip", "AugMix", "RandAugment", "Equalization", "AutoContrast")
STATES = ({}, {"return_sequences": True}, {"return_state": True})


def each(pattern: str, *settings: Any, ranks: tuple[int, ...] = (1, 2, 3), **more: Any) -> list[tuple[Any, Any]]:
    """A call of the layers for one, two and three dimensions of space: "Conv{}D"."""
    return [(getattr(k, pattern.format(rank))(*settings, **more), BY_RANK[rank]) for rank in ranks]


CALLS: list[tuple[Any, Any]] = [
    *each("Conv{}D", 4, 3),
    *each("Conv{}DTranspose", 4, 3, strides=2),
    *each("DepthwiseConv{}D", 3, ranks=(1, 2)),
    *each("SeparableConv{}D", 4, 3, ranks=(1, 2)),
    *each("MaxPooling{}D", 2),
    *each("AveragePooling{}D", 2),
    *each("GlobalMaxPooling{}D"),
    *each("GlobalAveragePooling{}D"),
    *each("AdaptiveMaxPooling{}D", 2),
    *each("UpSampling{}D"),
    *each("ZeroPadding{}D"),
    *each("Cropping{}D"),
    *((getattr(k, name)(), [IMAGE, IMAGE]) for name in MERGES),
    *((getattr(k, name)(), IMAGE) for name in NORMS),
    *((getattr(k, name)(0.2), IMAGE) for name in RATED),
    *((getattr(k, name)(), IMAGE * 255) for name in PICTURES),
    *((getattr(k, name)(4, **more), SEQUENCE) for name in ("LSTM", "GRU", "SimpleRNN") for more in STATES),
    *((k.Bidirectional(getattr(k, name)(4)), SEQUENCE) for name in ("LSTM", "GRU")),
    *((k.ConvLSTM1D(4, 3, return_sequences=every), FRAMES[:, :, :, 0]) for every in (True, False)),
    *((k.ConvLSTM2D(4, 3, return_sequences=every), FRAMES) for every in (True, False)),
    (k.RNN(k.StackedRNNCells([k.LSTMCell(3), k.GRUCell(4)])), SEQUENCE),
    (k.TimeDistributed(k.Conv2D(2, 3)), FRAMES),
    (k.TimeDistributed(k.Dense(3)), SEQUENCE),
    (k.SpectralNormalization(k.Conv2D(3, 3)), IMAGE),
    (k.GroupNormalization(3), IMAGE),
    (k.Dot(axes=-1), [ROW, ROW]),
    (k.Attention(), [SEQUENCE, SEQUENCE]),
    (k.AdditiveAttention(), [SEQUENCE, SEQUENCE]),
    (k.Embedding(10, 4), np.array([[1, 2, 3]])),
    (k.ReversibleEmbedding(10, 4), np.array([[1, 2, 3]])),
    (k.EinsumDense("abc,cd->abd", output_shape=(None, 3)), SEQUENCE),
    (k.Dense(3), VOLUME),
    (k.Reshape((8, 1)), ROW),
    (k.Permute((2, 1)), SEQUENCE),
    (k.RepeatVector(3), ROW),
    (k.Flatten(), VOLUME),
    (k.Masking(), SEQUENCE),
    (k.Softmax(), ROW),
    (k.Rescaling([0.1, 0.2, 0.3], offset=-1), IMAGE),
    (k.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 1.0]), IMAGE),
    (k.Resizing(5, 7), IMAGE),
    (k.CenterCrop(6, 4), IMAGE),
    (k.CategoryEncoding(5, output_mode="one_hot"), np.array([1, 2])),
    (k.Discretization(bin_boundaries=[0.0, 0.5]), ROW),
    (k.Hashing(5), np.array([[1], [2]])),
    (k.StringLookup(vocabulary=["a", "b"]), np.array(["a", "c"])),
    (k.TextVectorization(vocabulary=["a", "b"]), np.array([["a b"], ["b"]])),
    (k.MelSpectrogram(sequence_length=64, fft_length=64, sequence_stride=16, num_mel_bins=8), noise(2, 400)),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "x"), CALLS, ids=[type(layer).__name__ for layer, _ in CALLS])
def test_what_is_said_fits_what_was_returned(layer: Any, x: Any) -> None:
    output = layer(x)
    shape = keras.tree.map_structure(lambda tensor: tuple(tensor.shape), output)
    known = describe(layer, type(layer).__name__, shape)
    values = first(output).numpy()
    whole = first_shape(shape)
    assert whole == values.shape
    assert len(known.axes) == values.ndim - 1
    assert stored(values[0], known).shape == stored_shape(whole[1:], known)
    assert (
        known.kind != "other" or known.role == "stub" or not layer.trainable_weights or "Time" in type(layer).__name__
    )
    given = [tuple(item.shape) for item in (x if isinstance(x, list) else [x])]
    counted = macs(layer, given, shape)
    assert counted is not None or isinstance(layer, k.MelSpectrogram)
    assert sum(int(np.prod(kernel.shape)) for kernel in kernels(layer)) == parameters(layer)[0]
    assert not {item.kind for item in health(known, values)} & {"nan", "inf"}
