"""Where in an output with positions (a segmentation, a value a time step) the question is asked: at one position of
each sample, or over a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tensorview.errors import OptionError

Array = np.ndarray[Any, Any]
Kind = Literal["position", "mask"]

_TAKES = (
    "at is a position such as (12, 30), a list of one a sample, or a mask: an array of booleans or of weights in the "
    "size of the output's positions"
)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """kind: "position": `values` are int32 (N, axes) or (axes,). "mask": float32 weights, (sizes...) or (N, sizes...).
    picture: the mask was drawn as a picture, and is brought to the output's size."""

    kind: Kind
    values: Array
    picture: bool = False

    def fitted(self, sizes: Sequence[int | None], samples: int, output: str) -> Place:
        """The same with the batch first, held to an output whose positions have these sizes (None: not known).
        Raises OptionError where it doesn't fit."""
        has = f"output {output!r} has positions of {_text(sizes)}"
        if self.kind == "position":
            if self.values.shape[-1] != len(sizes) or self.values.shape[:-1] not in ((), (samples,)):
                raise OptionError(f"{has}, but at={_tuple(self.values)} came")
            wrong = [one for one in np.atleast_2d(self.values) if not _inside(one, sizes)]
            if wrong:
                raise OptionError(f"{has} counted from 0, but at={_tuple(wrong[0])} came")
            return replace(self, values=np.broadcast_to(self.values, (samples, len(sizes))))
        values = self._drawn(sizes, has) if self.picture else self.values
        batch, own = ((samples,), values.shape) if values.ndim == len(sizes) else (values.shape[:1], values.shape[1:])
        fits = len(own) == len(sizes) and all(size in (None, n) for size, n in zip(sizes, own, strict=True))
        if not fits or batch != (samples,):
            raise OptionError(f"{has}, but a mask of {_text(values.shape)} came")
        return Place("mask", np.broadcast_to(values, (samples, *own)))

    @property
    def words(self) -> str:
        """Where this is, as it goes behind a class."""
        if self.kind == "mask":
            return " over a mask"
        return f" at {_tuple(self.values)}" if self.values.ndim == 1 else " at one position a sample"

    def of(self, samples: Any) -> Array:
        """The values for these samples (a slice or numbers) of a fitted place."""
        return np.ascontiguousarray(self.values[samples])

    def _drawn(self, sizes: Sequence[int | None], has: str) -> Array:
        from tensorview.images import resize

        if len(sizes) != 2 or None in sizes:
            raise OptionError(f"{has}, so a mask can't be drawn as a picture; give an .npy")
        pixels = np.rint(self.values * 255).astype(np.uint8)[..., None]
        return resize(pixels, *(int(size or 0) for size in sizes))[..., 0].astype(np.float32) / 255


def parse(at: Any) -> Place | None:
    """A Place from what a user may give. Raises OptionError for what is none.

    None; a whole number or a tuple of them: that position of each sample; a list or integer array (N, axes): one a
    sample; an array of booleans or floats (sizes...) or (N, sizes...): weights of all positions, not all zero.
    """
    if at is None or isinstance(at, Place):
        return at
    try:
        values = np.asarray(at)
    except ValueError:  # a list of tuples of different lengths
        raise OptionError(f"{_TAKES}; but {at!r} came") from None
    if values.dtype.kind in "iu" and values.size and values.ndim <= 2:
        if values.min() < 0:
            raise OptionError(f"positions count from 0, but {_tuple(values)} came")
        return Place("position", np.atleast_1d(values).astype(np.int32))
    if values.dtype.kind not in "bf" or values.ndim < 1:
        raise OptionError(f"{_TAKES}; but {at!r} came" if values.ndim == 0 else f"{_TAKES}; but {values.dtype} came")
    if not np.isfinite(values).all():
        raise OptionError("the mask holds values that are not finite")
    if not values.any():
        raise OptionError("the mask is zero everywhere, so it chooses nothing")
    return Place("mask", values.astype(np.float32))


def read(text: str) -> Place:
    """A Place from a command line: "ROW,COLUMN" (one number for each axis of positions), an .npy file with a mask, or a
    picture of one: white counts, black doesn't."""
    if all(part.strip().isdecimal() for part in text.split(",")):
        return Place("position", np.array([int(part) for part in text.split(",")], np.int32))
    from tensorview import arrays, images

    if not Path(text).is_file():
        raise OptionError(f"--at takes a position such as 12,30 or a file with a mask, but {text!r} came")
    if text.lower().endswith(".npy"):
        values = arrays.read(text)[None]
        found = parse(values.astype(bool) if values.dtype.kind in "iu" else values)
        assert found is not None
        return found
    pixels = images.read(text, 1)[..., 0]
    if not pixels.any():
        raise OptionError(f"{text} is black everywhere, so it chooses nothing")
    return Place("mask", pixels.astype(np.float32) / 255, picture=True)


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """A place while a model is traced: `values` is a tensor with the batch first. Without a kind, everywhere."""

    kind: Kind | None = None
    values: Any = None

    @property
    def note(self) -> str:
        return {None: ", summed over positions", "position": ", at one position", "mask": ", summed over a mask"}[
            self.kind
        ]

    def total(self, tensor: Any, class_axis: int, *, mean: bool = False) -> Any:
        """A tensor in an output's shape as (N, classes): summed over its positions, or their mean."""
        import tensorflow as tf

        rank = tensor.shape.rank
        axes = [axis for axis in range(1, rank) if axis != class_axis]
        if not axes:
            return tensor
        if self.kind is None:
            return (tf.reduce_mean if mean else tf.reduce_sum)(tensor, axes)
        last = tensor if class_axis == rank - 1 else tf.transpose(tensor, [0, *axes, class_axis])
        if self.kind == "position":
            self.values.set_shape([None, len(axes)])
            return tf.gather_nd(last, self.values, batch_dims=1)
        self.values.set_shape([None] * (len(axes) + 1))
        same = tf.debugging.assert_equal(
            tf.shape(last)[:-1], tf.shape(self.values), "the mask has not the size of the output's positions"
        )
        with tf.control_dependencies([same]):
            weights = self.values[..., None]
        found = tf.reduce_sum(last * weights, list(range(1, rank - 1)))
        return tf.math.divide_no_nan(found, tf.reduce_sum(weights, list(range(1, rank - 1)))) if mean else found


def specs(place: Place | None) -> tuple[Any, ...]:
    """Of what a compiled function takes for a place."""
    import tensorflow as tf

    if place is None:
        return ()
    return (tf.TensorSpec([None, None], tf.int32) if place.kind == "position" else tf.TensorSpec(None, tf.float32),)


def _inside(position: Array, sizes: Sequence[int | None]) -> bool:
    return all(size is None or place < size for place, size in zip(position, sizes, strict=True))


def _text(sizes: Sequence[int | None]) -> str:
    return "×".join("any" if size is None else str(size) for size in sizes) or "none"


def _tuple(values: Array) -> str:
    if values.size > 8:
        return f"an array of {_text(values.shape)} whole numbers (a mask is of booleans or floats)"
    return str(tuple(values.tolist()) if values.ndim == 1 else values.tolist())
