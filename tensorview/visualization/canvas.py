"""The input that is made: its shape, and how an image in 0..1 becomes what the model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorview import preprocessing
from tensorview.errors import OptionError
from tensorview.preprocessing import Preprocessing
from tensorview.signature import Takes, image_shape, text

OPEN = {1: 1024, 2: 224, 3: 16}
"""Sizes that open axes in space take, by their number."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Images are (N, space..., channels) in 0..1; inputs are in the model's own layout and range.

    kind: picture, signal, volume or vector. channel_axis: of the input, batch included; None where it has none.
    An image x becomes x @ matrix + offset. text: the range, for people.
    """

    name: str
    kind: str
    space: tuple[int, ...]
    channels: int
    channel_axis: int | None
    matrix: np.ndarray
    offset: np.ndarray
    text: str
    guessed: bool

    def colours(self, image: Any) -> Any:
        """An image (N, space..., channels) in the model's range; NumPy or TensorFlow."""
        if self.channels == 1:
            return image * self.matrix[0, 0] + self.offset[0]
        if np.count_nonzero(self.matrix - np.diag(np.diagonal(self.matrix))) == 0:
            return image * np.diagonal(self.matrix) + self.offset
        if isinstance(image, np.ndarray):
            return image @ self.matrix + self.offset
        import tensorflow as tf

        return tf.tensordot(image, tf.constant(self.matrix), 1) + self.offset

    def feed(self, image: Any) -> Any:
        """An image as the model takes it."""
        import tensorflow as tf

        given = self.colours(image)
        if self.channel_axis is None:
            return given[..., 0]
        rank = len(self.space) + 2
        if self.channel_axis == rank - 1:
            return given
        return tf.transpose(given, [0, rank - 1, *range(1, rank - 1)])

    def pixels(self, image: np.ndarray) -> np.ndarray:
        """uint8 of an image in 0..1, with its own channels."""
        return np.asarray(np.clip(np.rint(image * 255), 0, 255), np.uint8)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the input, without the batch."""
        if self.channel_axis is None:
            return self.space
        return (self.channels, *self.space) if self.channel_axis == 1 else (*self.space, self.channels)

    @property
    def own(self) -> str:
        return text(self.shape)


def canvas(
    model: Any, item: Takes, size: int | Sequence[int] | None, preprocess: str, given: tuple[float, float] | None
) -> Canvas:
    """The canvas of one input of a model. Raises OptionError for an input that isn't made of numbers in a range."""
    if item.dtype and not item.dtype.startswith(("float", "bfloat")):
        raise OptionError(f"input {item.name!r} takes {item.dtype}, which has no gradient; only floating point has")
    kind, space, channels, axis = _layout(item)
    sizes = _sizes(kind, space, size)
    if given is not None:
        matrix, offset, words, guessed = _given(channels, given)
    elif kind == "picture" and channels in (1, 3, 4):
        matrix, offset, words, guessed = _preprocessed(model, item, channels, preprocess)
    elif preprocess != "auto":
        raise OptionError(f"preprocessing is for pictures, and input {item.name!r} is a {kind}; give a range")
    else:
        words, guessed = "-1..1 (guessed; range=(low, high) says better)", True
        matrix, offset = _line(channels, -1, 1)
    found = Canvas(item.name, kind, sizes, channels, axis, matrix, offset, words, guessed)
    if min(found.space) < 1:
        raise OptionError(f"sizes are above 0, but {found.space} came")
    return found


def _layout(item: Takes) -> tuple[str, tuple[int | None, ...], int, int | None]:
    shape = item.shape
    picture = image_shape(shape)
    if picture is not None and not (picture.bare and picture.height is None):
        axis = None if picture.bare else 1 if picture.first else 3
        return "picture", (picture.height, picture.width), picture.channels, axis
    if len(shape) == 1:
        return "vector", shape, 1, None
    kind = {2: "signal", 3: "picture", 4: "volume"}.get(len(shape))
    if kind is None or shape[-1] is None:
        raise OptionError(f"input {item.name!r} of shape {text(shape)} is no picture, signal, volume or vector")
    return kind, shape[:-1], int(shape[-1]), len(shape)


def _sizes(kind: str, space: tuple[int | None, ...], size: int | Sequence[int] | None) -> tuple[int, ...]:
    if size is None:
        if kind == "vector" and None in space:
            raise OptionError("this input takes vectors of any length; give a size")
        return tuple(OPEN[len(space)] if one is None else one for one in space)
    sizes = (int(size),) * len(space) if isinstance(size, int) else tuple(int(one) for one in size)
    if len(sizes) != len(space):
        raise OptionError(f"size is one number, or {len(space)} for this {kind}, but {size!r} came")
    return sizes


def _given(channels: int, given: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, str, bool]:
    low, high = float(given[0]), float(given[1])
    if not (np.isfinite([low, high]).all() and low < high):
        raise OptionError(f"a range is (low, high) with low below high, but {given!r} came")
    return (*_line(channels, low, high), f"{low:g}..{high:g}", False)


def _preprocessed(model: Any, item: Takes, channels: int, preprocess: str) -> tuple[np.ndarray, np.ndarray, str, bool]:
    if preprocess == "auto":
        chosen = preprocessing.infer(model, item.name, item.dtype or "float32")
    else:
        chosen = preprocessing.named(preprocess)
    return (*_affine(chosen, channels), chosen.text, chosen.guessed)


def _line(channels: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    return np.eye(channels, dtype=np.float32) * np.float32(high - low), np.full(channels, low, np.float32)


def _affine(chosen: Preprocessing, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """A preprocessing of pixels 0..255 as a matrix and an offset of an image in 0..1: all of them are lines, some turn
    the colours around. Read off black and the pure colours."""
    probes = np.concatenate([np.zeros((1, channels)), 255 * np.eye(channels)]).astype(np.float32)
    made = np.asarray(chosen.apply(probes[:, None, None, :]), np.float32)[:, 0, 0]
    return made[1:] - made[0], made[0]
