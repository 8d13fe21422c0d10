"""Files or arrays -> a batch that a model can be called with, with names and pictures for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tensorview import arrays as array_files
from tensorview import fitting, images, pictures, preprocessing
from tensorview.errors import InputError, OptionError
from tensorview.preprocessing import Preprocessing
from tensorview.signature import ImageShape, Takes, image_shape, structure, takes, text

MOST_SAMPLES = 256
GIVEN = "given as an array"


@dataclass(frozen=True, slots=True)
class BatchInput:
    """How one input of the model was made; `guessed` where nobody said how and the model doesn't either."""

    name: str
    preprocessing: str
    guessed: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """arrays: an array (N, ...), or a list or dict of them, as the model takes them. names: one a sample.

    pictures: for each sample, uint8 (H, W, 1|3) by the name of the input, where the input looks like an image.
    """

    arrays: Any
    names: tuple[str, ...]
    pictures: tuple[dict[str, np.ndarray], ...]
    inputs: tuple[BatchInput, ...]


def read_inputs(model: Any, sources: Sequence[str | Path], preprocess: str = "auto") -> Batch:
    """One batch of all the files: images, `.npy` (one sample or a batch of them), `.npz` (by input name).

    Pictures are resized whole (not cropped) to the model's input. `preprocess` is "auto", "none" or a name of
    preprocessing.named; arrays are taken as they are unless a name is given. Raises InputError, OptionError.
    """
    if not sources:
        raise InputError("no input files were given; expected images, .npy or .npz files")
    chosen = None if preprocess == "auto" else preprocessing.named(preprocess)
    needs = takes(model)
    kinds = {_kind(source) for source in sources}
    if len(kinds) > 1:
        raise InputError("images and arrays can't be mixed in one batch; give one or the other")
    if kinds == {"image"}:
        return _from_images(model, [Path(source) for source in sources], needs, chosen)
    batches = [_named_arrays(source, needs) for source in sources]
    names = [
        f"{Path(source).stem} {i + 1}" if count > 1 else Path(source).stem
        for source, (_, count) in zip(sources, batches, strict=True)
        for i in range(count)
    ]
    joined = {key: _join(key, [found[key] for found, _ in batches]) for key in batches[0][0]}
    used = None if preprocess == "none" else chosen
    batch = _batch(model, joined, needs, tuple(names), used)
    if used is not None and all(item.preprocessing.startswith(GIVEN) for item in batch.inputs):
        raise OptionError(
            f"preprocessing {preprocess!r} is for pictures, and no input here is one; leave it out to give the arrays "
            "as they are"
        )
    return batch


def as_batch(model: Any, arrays: Any) -> Batch:
    """A batch from arrays as the model takes them: an array, or a list or dict of arrays. A lone sample may come
    without its batch axis. Pictures are made where an input looks like an image."""
    needs = takes(model)
    if needs is None:
        return _as_it_is(arrays)
    values = fitting.by_name(arrays, needs)
    given = tuple(item for item in needs if values[item.name] is not None or not item.optional)
    fitted = {item.name: fitting.fit(np.asarray(fitting.dense(values[item.name])), item) for item in given}
    count = fitting.count(fitted)
    batch = _batch(model, fitted, given, _numbered(count), None)
    return batch if given == needs else replace(batch, arrays=structure(model, fitted, needs))


def _from_images(model: Any, paths: list[Path], needs: tuple[Takes, ...] | None, chosen: Preprocessing | None) -> Batch:
    takers = [(item, shape) for item in needs or () if (shape := image_shape(item.shape)) is not None]
    if needs is None:
        raise InputError(
            "this subclassed model doesn't say what shape it takes; give an .npy file instead of a picture"
        )
    if len(needs) != 1 or not takers:
        wanted = "; ".join(f"{item.name!r} {text(item.shape)}" for item in needs)
        raise InputError(f"{paths[0].name} is a picture, but the model takes {wanted}; give an .npy or .npz file")
    item, shape = takers[0]
    read = [images.read(path, shape.channels) for path in paths]
    height, width, note = fitting.image_size(model, shape, read[0].shape[0], read[0].shape[1], len(read))
    pixels = np.stack([images.resize(picture, height, width) for picture in read])
    used = chosen or preprocessing.infer(model, item.name, item.dtype)
    values = used.apply(pixels.astype(np.float32))
    if item.dtype.startswith(("int", "uint")):
        values = values.astype(item.dtype)
    array = fitting.from_channels_last(values, shape)
    said = f"{used.text}; {note}" if note else used.text
    return Batch(
        arrays=structure(model, {item.name: array}, needs),
        names=tuple(path.stem for path in paths),
        pictures=tuple({item.name: picture[..., :3]} for picture in pixels),
        inputs=(BatchInput(item.name, said, used.guessed),),
    )


def _named_arrays(source: str | Path, needs: tuple[Takes, ...] | None) -> tuple[dict[str, np.ndarray], int]:
    """The arrays of one file by input name, batch first, and how many samples they hold."""
    found = array_files.read(source)
    if needs is None:
        if set(found) != {None}:
            raise InputError("this subclassed model doesn't say what inputs it takes; give a batch as one .npy file")
        needs = (Takes("input", found[None].shape[1:], str(found[None].dtype), "input"),)
    if None in found or (len(found) == 1 and len(needs) == 1):
        [array] = found.values()
        values = {needs[0].name: array}
        if len(needs) > 1:
            names = ", ".join(item.name for item in needs)
            raise InputError(
                f"{source} holds one array, but the model takes {len(needs)}: {names}; give an .npz by name"
            )
    else:
        values = {str(name): array for name, array in found.items()}
    values = fitting.by_name(values, needs, where=str(source))
    fitted = {item.name: fitting.fit(values[item.name], item, where=str(source)) for item in needs}
    return fitted, fitting.count(fitted, where=str(source))


def _batch(
    model: Any,
    values: dict[str, np.ndarray],
    needs: tuple[Takes, ...] | None,
    names: tuple[str, ...],
    chosen: Preprocessing | None,
) -> Batch:
    if needs is None:
        return _as_it_is(values["input"], names)
    made: dict[str, np.ndarray] = {}
    told: list[BatchInput] = []
    seen: list[dict[str, np.ndarray]] = [{} for _ in names]
    if len(names) > MOST_SAMPLES:
        raise InputError(f"{len(names)} samples came; at most {MOST_SAMPLES} fit one page: give a slice of them")
    for item in needs:
        array, said, shape = values[item.name], GIVEN, image_shape(item.shape)
        if shape is not None and not shape.bare and array.dtype.kind in "biuf":
            low, high, name = pictures.value_range(array)
            for sample, value in zip(seen, array, strict=True):
                sample[item.name] = pictures.to_pixels(value, shape, low, high)
            said = f"{GIVEN}, {name}"
            if chosen is not None:
                array = _apply(chosen, array, shape)
                said = f"{chosen.text}, from an array"
        made[item.name] = array
        told.append(BatchInput(item.name, said, False))
    return Batch(structure(model, made, needs), names, tuple(seen), tuple(told))


def _apply(chosen: Preprocessing, array: np.ndarray, shape: ImageShape) -> np.ndarray:
    last = np.moveaxis(array, 1, -1) if shape.first else array
    return fitting.from_channels_last(chosen.apply(last.astype(np.float32)), shape)


def _as_it_is(arrays: Any, names: tuple[str, ...] | None = None) -> Batch:
    """For a model that doesn't say what it takes: no checks, and a picture where the lone array looks like one."""
    if isinstance(arrays, list | tuple | dict):
        flat = [np.asarray(value) for value in (arrays.values() if isinstance(arrays, dict) else arrays)]
        keys = list(arrays) if isinstance(arrays, dict) else [f"input_{i}" for i in range(len(flat))]
    else:
        arrays = np.asarray(arrays)
        flat, keys = [arrays], ["input"]
    counts = {array.shape[0] if array.ndim else 0 for array in flat}
    if len(counts) != 1 or 0 in counts:
        raise InputError(f"expected arrays with the same number of samples first; shapes are {[a.shape for a in flat]}")
    count = counts.pop()
    seen: list[dict[str, np.ndarray]] = [{} for _ in range(count)]
    for key, array in zip(keys, flat, strict=True):
        shape = image_shape(array.shape[1:])
        if shape is not None and not shape.bare and array.dtype.kind in "biuf":
            low, high, _ = pictures.value_range(array)
            for sample, value in zip(seen, array, strict=True):
                sample[str(key)] = pictures.to_pixels(value, shape, low, high)
    told = tuple(BatchInput(str(key), GIVEN, False) for key in keys)
    return Batch(arrays, names or _numbered(count), tuple(seen), told)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"sample {i + 1}" for i in range(count))


def _join(name: str, parts: list[np.ndarray]) -> np.ndarray:
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        listed = ", ".join(text(shape) for shape in sorted(shapes))
        raise InputError(f"samples of one batch need one shape, but input {name!r} came with {listed}")
    return np.concatenate(parts)


def _kind(source: str | Path) -> str:
    path = Path(source)
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected an image, .npy or .npz file")
    if path.is_fifo():
        raise InputError(f"{path} is a pipe, which may never end; save the input as a file first")
    return "array" if path.suffix.lower() in (".npy", ".npz") else "image"
