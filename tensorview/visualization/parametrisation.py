"""How an image is written as numbers to optimise: the same image, but another way uphill.

A parametrisation makes its first variables from a seed, and an image (N, space..., channels) from variables.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorview.errors import OptionError
from tensorview.visualization.canvas import Canvas

COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""The square root of the covariance of the colours of ImageNet's pixels, as Lucid has it."""
DECORRELATED = (COLOURS / np.linalg.norm(COLOURS, axis=0).max()).T
"""From decorrelated colours (..., 3) to red, green and blue, by a product from the right."""


class Parametrisation(abc.ABC):
    @abc.abstractmethod
    def start(self, canvas: Canvas, seed: int) -> list[np.ndarray]:
        """The first variables of one image, float32."""

    @abc.abstractmethod
    def image(self, canvas: Canvas, variables: Sequence[Any]) -> Any:
        """The images (N, space..., channels) that variables with the batch first stand for; 0 is the low end of the
        model's range, 1 the high one."""


@dataclass(frozen=True)
class Fourier(Parametrisation):
    """The image as its spectrum, each frequency scaled by one over itself, so that no step favours the finest grain;
    colours decorrelated; a sigmoid keeps values in 0..1 (Olah et al. 2017, Feature Visualization, Distill).

    deviation: of the first spectrum. decay: the power of the frequency. decorrelate: of three colours.
    """

    deviation: float = 0.01
    decay: float = 1.0
    decorrelate: bool = True

    def start(self, canvas: Canvas, seed: int) -> list[np.ndarray]:
        if canvas.kind not in ("picture", "signal"):
            raise OptionError(f"a spectrum is for pictures and signals, and input {canvas.name!r} is a {canvas.kind}")
        shape = (canvas.channels, *_scale(canvas.space, self.decay).shape, 2)
        return [np.random.default_rng(seed).normal(0, self.deviation, shape).astype(np.float32)]

    def image(self, canvas: Canvas, variables: Sequence[Any]) -> Any:
        import tensorflow as tf

        scaled = variables[0] * _scale(canvas.space, self.decay)[..., None]
        spectrum = tf.complex(scaled[..., 0], scaled[..., 1])
        inverse = tf.signal.irfft2d if len(canvas.space) == 2 else tf.signal.irfft
        planes = inverse(spectrum, canvas.space)  # sizes given: an odd one can't be told from the spectrum
        image = tf.transpose(planes, [0, *range(2, len(canvas.space) + 2), 1]) / 4
        if self.decorrelate and canvas.channels == 3 and canvas.kind == "picture":
            image = tf.tensordot(image, tf.constant(DECORRELATED), 1)
        return tf.sigmoid(image)


@dataclass(frozen=True)
class Pixels(Parametrisation):
    """The values themselves, from grey on: Simonyan's class model, and keras-vis with its priors.

    deviation: of the noise that it starts from, 0 for none. clip: values that leave 0..1 are taken back at each step.
    """

    deviation: float = 0.0
    clip: bool = False

    def start(self, canvas: Canvas, seed: int) -> list[np.ndarray]:
        shape = (*canvas.space, canvas.channels)
        return [np.random.default_rng(seed).normal(0, self.deviation or 0.0, shape).astype(np.float32)]

    def image(self, canvas: Canvas, variables: Sequence[Any]) -> Any:
        import tensorflow as tf

        image = variables[0] + 0.5
        if not self.clip:
            return image
        # Held to 0..1, while the gradient passes: a value at the end of the range can come back.
        return image + tf.stop_gradient(tf.clip_by_value(image, 0.0, 1.0) - image)


def _scale(space: tuple[int, ...], decay: float) -> np.ndarray:
    """What each frequency of a real spectrum is scaled by: sqrt of the number of values over the frequency, which is
    taken to be at least that of one wave over the longest side."""
    axes = [np.fft.fftfreq(size) for size in space[:-1]] + [np.fft.rfftfreq(space[-1])]
    frequency = np.sqrt(sum(np.square(axis) for axis in np.meshgrid(*axes, indexing="ij")))
    least = 1.0 / max(space)
    return np.asarray(np.sqrt(np.prod(space)) / np.maximum(frequency, least) ** decay, np.float32)


NAMED: dict[str, Parametrisation] = {"fourier": Fourier(), "pixels": Pixels()}


def default(canvas: Canvas) -> Parametrisation:
    return Fourier() if canvas.kind in ("picture", "signal") else Pixels(deviation=0.01)


def parametrisation(given: Any, canvas: Canvas) -> Parametrisation:
    """A parametrisation from itself, its name, or None for the one that fits the input."""
    if given is None:
        return default(canvas)
    if isinstance(given, Parametrisation):
        return given
    if isinstance(given, str) and given in NAMED:
        return NAMED[given]
    raise OptionError(f"a parametrisation is one of {', '.join(NAMED)}, but {given!r} came")
