"""Every class of `keras.layers`, one small layer each: what it is given, and the axes of what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers as k

from zoo.case import noise

ROW, SEQUENCE, IMAGE, VOLUME = noise(2, 8), noise(2, 12, 4), noise(2, 12, 10, 3), noise(2, 6, 7, 6, 3)
FRAMES = noise(2, 3, 8, 7, 4)
PIXELS = np.random.default_rng(7).uniform(0, 255, (2, 12, 10, 3)).astype("float32")
TOKENS = np.array([[1, 2, 3], [4, 0, 9]])
BY_RANK = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}
AXES = {1: "time channel", 2: "y x channel", 3: "z y x channel"}

WITHOUT = {
    "Layer": "what all others are made of",
    "Wrapper": "what wrappers are made of",
    "InputLayer": "the input of every model of the zoo",
    "JaxLayer": "needs JAX",
    "FlaxLayer": "needs Flax",
    "MaxNumBoundingBoxes": "changes bounding boxes, not pictures",
    "TorchModuleWrapper": "needs PyTorch",
}
"""Classes that have no model of their own here, and why."""
PLAIN = (
    "Add Average Maximum Minimum Multiply Subtract Flatten Identity ReLU PReLU AutoContrast Pipeline "
    "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
    "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D"
)
"""Classes of which there is nothing to say but what they are."""


@dataclass(frozen=True)
class Alone:
    """One layer, its inputs, and the axes of its output, which `form` is about. call: how the layer is called."""

    layer: Any
    inputs: list[np.ndarray]
    form: str
    axes: str
    call: Callable[[Any, list[Any]], Any]

    @property
    def name(self) -> str:
        return type(self.layer).__name__

    def model(self) -> Any:
        if type(self.layer) is k.Equalization:  # it hands on its very input, a cycle to a Functional model
            return Holder(self.layer)
        given = [keras.Input(x.shape[1:], dtype=_type(x), name=f"x{i}") for i, x in enumerate(self.inputs)]
        return keras.Model(given if len(given) > 1 else given[0], self.call(self.layer, given))


class Holder(keras.Model):
    """A model that calls one layer."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)


def _type(values: np.ndarray) -> str:
    return "string" if values.dtype.kind == "U" else str(values.dtype)


def _one(layer: Any, given: list[Any]) -> Any:
    return layer(given[0] if len(given) == 1 else given)


def _apart(layer: Any, given: list[Any]) -> Any:
    return layer(*given)


def _cell(layer: Any, given: list[Any]) -> Any:
    return layer(given[0], given[1:])


FORMS = {
    0: "scalar",
    1: "row",
    2: "sequence",
    3: "planes",
    4: "volume",
}


def alone(layer: Any, *inputs: np.ndarray, axes: str, form: str = "", call: Any = _one) -> Alone:
    return Alone(layer, list(inputs), form or FORMS[len(axes.split())], axes, call)


def by_rank(
    pattern: str, *settings: Any, ranks: tuple[int, ...] = (1, 2, 3), axes: str = "", **more: Any
) -> Iterator[Alone]:
    """The layer for one, two and three dimensions of space: "Conv{}D"."""
    for rank in ranks:
        yield alone(getattr(k, pattern.format(rank))(*settings, **more), BY_RANK[rank], axes=axes or AXES[rank])


def every_layer() -> Iterator[Alone]:
    yield from by_rank("Conv{}D", 4, 3)
    yield from by_rank("Conv{}DTranspose", 4, 3, strides=2)
    yield from by_rank("DepthwiseConv{}D", 3, ranks=(1, 2))
    yield from by_rank("SeparableConv{}D", 4, 3, ranks=(1, 2))
    yield from by_rank("MaxPooling{}D", 2)
    yield from by_rank("AveragePooling{}D", 2)
    yield from by_rank("GlobalMaxPooling{}D", axes="unit")
    yield from by_rank("GlobalAveragePooling{}D", axes="unit")
    yield from by_rank("AdaptiveMaxPooling{}D", 2)
    yield from by_rank("AdaptiveAveragePooling{}D", 2)
    yield from by_rank("UpSampling{}D", 2)
    yield from by_rank("ZeroPadding{}D", 1)
    yield from by_rank("Cropping{}D", 1)
    yield from by_rank("SpatialDropout{}D", 0.3)

    for name in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"):
        yield alone(getattr(k, name)(), IMAGE, IMAGE + 1, axes="y x channel")
    yield alone(k.Dot(axes=-1), ROW, ROW + 1, axes="unit")

    for layer in (
        k.BatchNormalization(), k.LayerNormalization(), k.GroupNormalization(3), k.UnitNormalization(),
        k.RMSNormalization(), k.Normalization(mean=[0.0, 1.0, 2.0], variance=[1.0, 4.0, 9.0]),
        k.SpectralNormalization(k.Conv2D(3, 3)), k.Activation("relu"), k.ELU(), k.LeakyReLU(), k.PReLU(), k.ReLU(),
        k.Softmax(), k.Dense(5), k.Dropout(0.3), k.AlphaDropout(0.3), k.GaussianDropout(0.3), k.GaussianNoise(0.3),
        k.ActivityRegularization(0.1), k.Identity(), k.Rescaling(2.0, offset=1.0), k.Lambda(lambda x: x * 2.0),
    ):  # fmt: skip
        yield alone(layer, IMAGE, axes="y x channel")
    yield alone(k.EinsumDense("abc,cd->abd", output_shape=(None, 5)), SEQUENCE, axes="time channel")

    for layer in (k.Embedding(10, 4, mask_zero=True), k.ReversibleEmbedding(10, 4)):
        yield alone(layer, TOKENS, axes="time channel")
    yield alone(k.Flatten(), IMAGE, axes="unit")
    yield alone(k.Masking(), SEQUENCE, axes="time channel")
    yield alone(k.Permute((2, 1)), SEQUENCE, axes="channel time")
    yield alone(k.RepeatVector(3), ROW, axes="time channel")
    yield alone(k.Reshape((2, 4)), ROW, axes="time channel")

    for layer in (k.LSTM(4), k.GRU(4), k.SimpleRNN(4), k.RNN(k.GRUCell(4)), k.Bidirectional(k.LSTM(4))):
        yield alone(layer, SEQUENCE, axes="unit")
    for layer in (k.GRUCell(4), k.SimpleRNNCell(4)):
        yield alone(layer, ROW, noise(2, 4), axes="unit", call=_apart)
    yield alone(k.LSTMCell(4), ROW, noise(2, 4), noise(2, 4), axes="unit", call=_cell)
    yield alone(k.StackedRNNCells([k.GRUCell(4), k.GRUCell(5)]), ROW, noise(2, 4), noise(2, 5), axes="unit", call=_cell)
    yield alone(k.ConvLSTM1D(4, 3), FRAMES[:, :, :, 0], axes="time channel")
    yield alone(k.ConvLSTM2D(4, 3), FRAMES, axes="y x channel")
    yield alone(k.ConvLSTM3D(2, 2), noise(2, 2, 4, 5, 4, 2), axes="z y x channel")
    yield alone(k.TimeDistributed(k.Conv2D(2, 3)), FRAMES, axes="time y x channel")

    for layer in (k.MultiHeadAttention(2, 4), k.GroupQueryAttention(4, 4, 2)):
        yield alone(layer, SEQUENCE, noise(2, 7, 4), axes="query channel", call=_apart)
    for layer in (k.Attention(), k.AdditiveAttention()):
        yield alone(layer, SEQUENCE, noise(2, 7, 4), axes="query channel")

    for layer in (
        k.Resizing(5, 7), k.CenterCrop(6, 4), k.RandomCrop(6, 4), k.AutoContrast(), k.AugMix(), k.CutMix(),
        k.Equalization(), k.MixUp(), k.RandAugment(), k.RandomBrightness(0.2), k.RandomColorDegeneration(0.2),
        k.ContrastLimitedAdaptiveHistogramEqualization(), k.RandomColorJitter(), k.RandomContrast(0.2),
        k.RandomElasticTransform(), k.RandomErasing(), k.RandomFlip(), k.RandomGaussianBlur(), k.RandomGrayscale(),
        k.RandomHue(0.2), k.RandomInvert(), k.RandomPerspective(), k.RandomPosterization(2), k.RandomRotation(0.2),
        k.RandomSaturation(0.2), k.RandomSharpness(0.2), k.RandomShear(0.2, 0.2), k.RandomTranslation(0.2, 0.2),
        k.RandomZoom(0.2), k.Solarization(),
    ):  # fmt: skip
        yield alone(layer, PIXELS, axes="y x channel")
    yield alone(k.Pipeline([k.RandomFlip(), k.Rescaling(0.5)]), PIXELS, axes="y x channel")
    yield alone(k.CategoryEncoding(10, output_mode="one_hot"), TOKENS[:, :1], axes="unit")
    yield alone(k.Discretization(bin_boundaries=[0.0, 0.5]), ROW, axes="unit")
    yield alone(k.Hashing(5), TOKENS, axes="unit")
    yield alone(k.HashedCrossing(5), TOKENS[:, :1], TOKENS[:, 1:2], axes="unit")
    yield alone(k.IntegerLookup(vocabulary=[1, 2]), TOKENS, axes="unit")
    yield alone(k.StringLookup(vocabulary=["a", "b"]), np.array([["a", "c"]]), axes="unit")
    yield alone(k.TextVectorization(vocabulary=["a", "b"]), np.array([["a b"], ["b"]]), axes="unit")
    sound = {"fft_length": 64, "sequence_length": 64, "sequence_stride": 16}
    yield alone(k.MelSpectrogram(num_mel_bins=8, **sound), noise(2, 400), axes="frequency time")
    yield alone(k.STFTSpectrogram(frame_length=64, frame_step=32, fft_length=64), noise(2, 400, 1), axes="time channel")
