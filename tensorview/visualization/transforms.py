"""What is done to an image before the model sees it, differently at each step: what survives that isn't noise.

Moves of the plane (jitter, scale, rotation) one after another are one resampling; other transforms work on the image.
Each takes random numbers in [0, 1), drawn beforehand; where all of them are .5 it does nothing.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tensorview.errors import OptionError


class Transform(abc.ABC):
    draws: int
    """Random numbers that it takes for each image."""


class Move(Transform):
    """A move of the plane about the middle of the image."""

    @abc.abstractmethod
    def matrix(self, draws: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
        """(a, b, c, d, e, f), each (N,): the output's point (x, y) shows the input's (a x + b y + c, d x + e y + f), in
        pixels from the middle. `draws`: (N, draws)."""


@dataclass(frozen=True)
class Pad(Transform):
    """What lies beyond the border is `value`. The frame is as wide as the moves make it."""

    value: float = 0.5
    draws = 0


@dataclass(frozen=True)
class Jitter(Move):
    """A shift by up to `pixels` whole pixels along each axis."""

    pixels: int = 8
    draws = 2

    def matrix(self, draws: Any) -> tuple[Any, ...]:
        import tensorflow as tf

        shift = tf.floor(draws * (2 * self.pixels + 1)) - self.pixels
        one, zero = tf.ones_like(shift[:, 0]), tf.zeros_like(shift[:, 0])
        return one, zero, shift[:, 0], zero, one, shift[:, 1]


@dataclass(frozen=True)
class Scale(Move):
    """Larger or smaller, by a factor from `least` to `most`; half of the draws enlarge."""

    least: float = 0.9
    most: float = 1.1
    draws = 1

    def matrix(self, draws: Any) -> tuple[Any, ...]:
        import tensorflow as tf

        u = draws[:, 0]
        factor = tf.where(u < 0.5, self.least + (1 - self.least) * 2 * u, 1 + (self.most - 1) * (2 * u - 1))
        zero = tf.zeros_like(u)
        return 1 / factor, zero, zero, zero, 1 / factor, zero


@dataclass(frozen=True)
class Rotate(Move):
    """A turn by up to `degrees` either way; pictures only."""

    degrees: float = 10.0
    draws = 1

    def matrix(self, draws: Any) -> tuple[Any, ...]:
        import math

        import tensorflow as tf

        angle = (2 * draws[:, 0] - 1) * (self.degrees * math.pi / 180)
        cos, sin, zero = tf.cos(angle), tf.sin(angle), tf.zeros_like(angle)
        return cos, -sin, zero, sin, cos, zero


ROBUST: tuple[Transform, ...] = (Pad(0.5), Jitter(8), Scale(0.9, 1.1), Rotate(10), Jitter(4))
"""Lucid's own, for pictures of about 224 pixels; see `scaled`."""


def scaled(side: int) -> tuple[Transform, ...]:
    """ROBUST for pictures of another size: below 96 pixels a shift by 12 takes too much away, so it shrinks as well."""
    if side >= 96:
        return ROBUST
    return (Pad(0.5), Jitter(max(1, round(side / 12))), Scale(0.9, 1.1), Rotate(10), Jitter(max(1, round(side / 24))))


def default(kind: str, space: Sequence[int]) -> tuple[Transform, ...]:
    """Of the kind of input: none for volumes and vectors, whose places mean something."""
    if kind == "picture":
        return scaled(min(space))
    if kind == "signal":
        return (Pad(0.5), Jitter(max(1, min(16, space[0] // 16))), Scale(0.95, 1.05))
    return ()


def transforms(given: Any, kind: str, space: Sequence[int]) -> tuple[Transform, ...]:
    """A sequence of transforms from itself, "robust", "none", or None for those that fit the input."""
    if given is None or given == "robust":
        return default(kind, space)
    if given == "none":
        return ()
    if isinstance(given, Sequence) and all(isinstance(one, Transform) for one in given):
        moves = [one for one in given if isinstance(one, Move)]
        if moves and kind not in ("picture", "signal"):
            raise OptionError(f"a {kind} can't be moved about; use transforms='none'")
        return tuple(given)
    raise OptionError(f"transforms are 'robust', 'none' or a list of them, but {given!r} came")


def count(chain: Sequence[Transform]) -> int:
    """Random numbers for one image and step."""
    return sum(one.draws for one in chain)


def apply(chain: Sequence[Transform], images: Any, draws: Any) -> Any:
    """Images (N, H, W, C) or (N, T, C) after all transforms, in their own size. `draws`: (N, count(chain))."""
    value = next((one.value for one in chain if isinstance(one, Pad)), 0.5)
    at, moved = 0, None
    for one in chain:
        own = draws[:, at : at + one.draws]
        at += one.draws
        if isinstance(one, Move):
            moved = one.matrix(own) if moved is None else _then(moved, one.matrix(own))
    return images if moved is None else _resampled(images, moved, value)


def _then(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]:
    """The move `first`, then `second`. Each maps the output's points to the input's, so the product goes backwards."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f


def _resampled(images: Any, matrix: Sequence[Any], value: float) -> Any:
    """Bilinear, `value` beyond the border. A signal is a picture one pixel high, of which only x moves."""
    import tensorflow as tf

    flat = images.shape.rank == 3
    pictures = images[:, None] if flat else images
    height, width = pictures.shape[1:3]
    a, b, c, d, e, f = matrix
    zero = tf.zeros_like(a)
    if flat:
        b, d, e, f = zero, zero, tf.ones_like(a), zero
    x, y = (width - 1) / 2, (height - 1) / 2
    rows = tf.stack([a, b, c + x - a * x - b * y, d, e, f + y - d * x - e * y, zero, zero], 1)
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures, transforms=rows, output_shape=tf.constant([height, width]), fill_value=value,
        interpolation="BILINEAR", fill_mode="CONSTANT",
    )  # fmt: skip
    moved.set_shape(pictures.shape)
    return moved[:, 0] if flat else moved
