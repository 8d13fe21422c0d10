"""Makes arrays and pictures fit a model's inputs, or says what was expected and what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tensorview.errors import InputError
from tensorview.signature import ImageShape, Takes, by_alias, leaves, text

LONGEST = 640
"""Pixels of the longer side where the model takes any size; a larger picture is made smaller, and that is said."""


def by_name(arrays: Any, needs: tuple[Takes, ...], where: str = "") -> dict[str, Any]:
    """Arrays that came alone, in a list or in a dict, by the names of the model's inputs."""
    names = [item.name for item in needs]
    prefix = f"{where}: " if where else ""
    if isinstance(arrays, Mapping):
        try:
            return dict(zip(names, by_alias(arrays, [item.aliases or (item.name,) for item in needs]), strict=True))
        except InputError as error:
            raise InputError(f"{prefix}{error}") from None
    if len(needs) == 1 and not (isinstance(arrays, list | tuple) and len(arrays) == 1 and np.ndim(arrays[0]) > 0):
        return {names[0]: arrays}
    nested = [array for _, array in leaves(arrays)] if isinstance(arrays, list | tuple) else []
    if len(nested) == len(needs):
        return dict(zip(names, nested, strict=True))
    if not isinstance(arrays, list | tuple) or len(arrays) != len(needs):
        came = len(arrays) if isinstance(arrays, list | tuple) else 1
        raise InputError(f"{prefix}the model takes {len(needs)} inputs ({', '.join(names)}), but {came} came")
    return dict(zip(names, arrays, strict=True))


def fit(array: np.ndarray, item: Takes, where: str = "") -> np.ndarray:
    """The array in the input's dtype, batch first; a missing batch axis or channel axis of one is added."""
    wanted = item.shape
    shaped = _shaped(array, wanted)
    if shaped is None:
        raise InputError(
            f"{where + ': ' if where else ''}input {item.name!r} takes {text(wanted)}, alone or with the batch first: "
            f"{text(('N', *wanted))}; an array of shape {text(array.shape)} came"
        )
    if shaped.shape[0] == 0:
        raise InputError(f"{where + ': ' if where else ''}the array for input {item.name!r} holds no samples")
    return _typed(shaped, item, where)


def dense(value: Any) -> Any:
    """A sparse tensor of TensorFlow or SciPy with its zeros written out: models compute the same of it."""
    if hasattr(value, "toarray"):
        return value.toarray()
    if hasattr(value, "dense_shape"):
        import tensorflow as tf

        return tf.sparse.to_dense(value)
    return value


def count(arrays: dict[str, np.ndarray], where: str = "") -> int:
    """The number of samples, the same for every input."""
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {number}" for name, number in counts.items())
        raise InputError(f"{where + ': ' if where else ''}every input needs as many samples as the others; {listed}")
    return next(iter(counts.values()))


def image_size(model: Any, shape: ImageShape, height: int, width: int, samples: int) -> tuple[int, int, str]:
    """(height, width, note): the size in which pictures are given to the model. `height` and `width` are those of the
    first picture, which counts where the model takes any size; the note says what was done then."""
    if shape.height is not None and shape.width is not None:
        return shape.height, shape.width, ""
    if shape.height is not None:
        scale = shape.height / height
    elif shape.width is not None:
        scale = shape.width / width
    else:
        scale = min(1.0, LONGEST / max(height, width))
    step = 32 if _goes_up_again(model) else 1
    tall = shape.height or max(step, round(height * scale / step) * step)
    wide = shape.width or max(step, round(width * scale / step) * step)
    if (tall, wide) == (height, width):
        note = f"own size {wide}×{tall}"
    else:
        note = f"{width}×{height} made {wide}×{tall}"
    return tall, wide, f"{note}, all samples alike" if samples > 1 else note


def from_channels_last(values: np.ndarray, shape: ImageShape) -> np.ndarray:
    """A batch (N, H, W, C) in the order that the input has."""
    if shape.bare:
        return values[..., 0]
    return np.moveaxis(values, -1, 1) if shape.first else values


def _goes_up_again(model: Any) -> bool:
    """A network that shrinks and grows again (a U-Net) joins maps that fit only where sizes divide evenly."""
    names = {type(layer).__name__ for layer in getattr(model, "layers", ())}
    return bool(names & {"UpSampling2D", "Conv2DTranspose"})


def _shaped(array: np.ndarray, wanted: tuple[int | None, ...]) -> np.ndarray | None:
    if _fits(array.shape[1:], wanted) and array.ndim:
        return array
    if _fits(array.shape, wanted):
        return array[None]
    if wanted and wanted[-1] == 1 and None not in wanted:
        if _fits(array.shape[1:], wanted[:-1]) and array.ndim:
            return array[..., None]
        if _fits(array.shape, wanted[:-1]):
            return array[None, ..., None]
    return None


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w is None or w == size for size, w in zip(shape, wanted, strict=True))


def _typed(array: np.ndarray, item: Takes, where: str) -> np.ndarray:
    prefix = f"{where}: " if where else ""
    kind = array.dtype.kind
    if not item.dtype and kind in "biufUS":
        return array
    if item.dtype == "string":
        if kind in "US":
            return array
        raise InputError(f"{prefix}input {item.name!r} takes text, but {array.dtype} came")
    if kind not in "biuf" and not (kind == "c" and item.dtype.startswith("complex")):
        wanted = item.dtype or "of any type"
        raise InputError(f"{prefix}input {item.name!r} takes numbers ({wanted}), but {array.dtype} came")
    whole = item.dtype.startswith(("int", "uint"))
    if whole and kind == "f" and not np.array_equal(array, np.rint(array)):
        raise InputError(f"{prefix}input {item.name!r} takes whole numbers ({item.dtype}), but fractions came")
    # NumPy has no bfloat16; float32 holds all its values, and the trace casts.
    dtype = np.float32 if item.dtype == "bfloat16" else item.dtype
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype, copy=False)
    except FloatingPointError:
        raise InputError(f"{prefix}input {item.name!r} is {item.dtype}, too small for the array's values") from None
