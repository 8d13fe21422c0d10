"""What a model takes: the name, shape and dtype of each input, as far as the model says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tensorview.errors import InputError
from tensorview.naming import input_name, is_made_up


@dataclass(frozen=True, slots=True)
class Takes:
    """One input of a model. `shape` is without the batch, None where any size will do; `key` its place in the
    structure that the model is called with."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    """Empty where the model doesn't say."""
    key: str | int
    aliases: tuple[str, ...] = ()
    """Other names that a user may know it by."""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ImageShape:
    """An input that a picture fits into: height and width (None where any will do), 1, 3 or 4 channels."""

    height: int | None
    width: int | None
    channels: int
    first: bool
    """Channels come before height and width."""
    bare: bool = False
    """There is no channel axis at all: (H, W)."""


def takes(model: Any) -> tuple[Takes, ...] | None:
    """The inputs of a model in flattened order, or None for a subclassed model that was never built."""
    tensors = getattr(model, "inputs", None) or None
    if tensors:
        return tuple(
            Takes(names[0], tuple(tensor.shape)[1:], _dtype(tensor.dtype), names[0], names, _optional(tensor))
            for tensor, names in zip(tensors, input_names(model), strict=True)
        )
    built = model.get_build_config() if hasattr(model, "get_build_config") else None
    shape = (built or {}).get("input_shape")
    dtype = ""
    if _is_shape(shape):
        return (Takes("input", _rest(shape), dtype, "input"),)
    if isinstance(shape, dict) and all(_is_shape(value) for value in shape.values()):
        # TensorFlow flattens dicts by sorted key, and so do the ids of the trace.
        return tuple(Takes(str(key), _rest(shape[key]), dtype, str(key)) for key in sorted(shape))
    if isinstance(shape, list | tuple) and shape and all(_is_shape(value) for value in shape):
        return tuple(Takes(f"input_{i}", _rest(value), dtype, i) for i, value in enumerate(shape))
    return None


def input_names(model: Any) -> tuple[tuple[str, ...], ...]:
    """The names of each flattened input of a Functional model: its layer's first, which is what a model file keeps,
    then the key under which the model takes it ("pair.0" where keys hold lists or dicts), then Keras's name of the
    tensor."""
    keys = getattr(model, "_inputs_struct", None)
    keyed = [path for path, _ in leaves(keys)] if isinstance(keys, dict) else []
    found = []
    for place, tensor in enumerate(model.inputs):
        layer = getattr(getattr(tensor, "_keras_history", None), "operation", None)
        own = [str(layer.name)] if layer is not None and type(layer).__name__ == "InputLayer" else []
        if own and is_made_up(own[0]):
            own = [input_name(own[0], place, len(model.inputs)), *own]
        key = [keyed[place]] if len(keyed) == len(model.inputs) else []
        found.append(tuple(dict.fromkeys([*own, *key, str(tensor.name)])))
    return tuple(found)


def by_alias(arrays: Mapping[str, Any], names: Sequence[tuple[str, ...]]) -> list[Any]:
    """The arrays in the order of the inputs. Raises InputError where a name is missing or one too many."""
    aliases = {name for known in names for name in known}
    spread: dict[str, Any] = {}
    for key, value in arrays.items():  # under another key than an input's lie several: a list or dict of arrays
        spread |= {key: value} if key in aliases else dict(leaves(value, str(key)))
    found = [next((name for name in known if name in spread), None) for known in names]
    if None in found or len(set(found)) != len(spread):
        wanted = ", ".join(known[0] for known in names)
        raise InputError(f"the model's inputs are {wanted}; arrays came for {', '.join(map(str, arrays))}")
    return [spread[str(name)] for name in found]


def structure(model: Any, arrays: dict[str, Any], inputs: tuple[Takes, ...]) -> Any:
    """Arrays by input name, in a structure that the model can be called with; None for what is not there."""
    if len(inputs) == 1 and not _called_by_name(model):
        return arrays[inputs[0].name]
    if all(isinstance(item.key, int) for item in inputs):
        return [arrays[item.name] for item in inputs]
    return {item.name: arrays.get(item.name) for item in inputs}


def leaves(structure: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What dicts, lists and tuples hold, by its path in them, in the order in which Keras flattens them."""
    if not isinstance(structure, Mapping | list | tuple):
        yield path, structure
        return
    parts = sorted(structure.items()) if isinstance(structure, Mapping) else enumerate(structure)
    for key, part in parts:
        yield from leaves(part, f"{path}.{key}" if path else str(key))


def image_shape(shape: tuple[int | None, ...]) -> ImageShape | None:
    """How a picture fits into an input of this shape (batch left out), or None where it doesn't."""
    if len(shape) == 2:
        height, width = shape
        plain = height is not None and width is not None and min(height, width) >= 8
        return ImageShape(height, width, 1, first=False, bare=True) if plain else None
    if len(shape) != 3:
        return None
    if shape[2] in (1, 3, 4):
        return ImageShape(shape[0], shape[1], int(shape[2]), first=False)
    if shape[0] in (1, 3, 4):
        return ImageShape(shape[1], shape[2], int(shape[0]), first=True)
    return None


def text(shape: tuple[Any, ...]) -> str:
    """A shape as people write it, such as (224, 224, 3) or (any, any, 3)."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _called_by_name(model: Any) -> bool:
    if getattr(model, "inputs", None):
        return False  # a Functional model takes a bare array for its only input, whatever its structure
    built = model.get_build_config() or {}
    return isinstance(built.get("input_shape"), dict)


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) > 0
        and all(size is None or isinstance(size, int) for size in value)
    )


def _rest(shape: Any) -> tuple[int | None, ...]:
    return tuple(None if size is None else int(size) for size in shape[1:])


def _optional(tensor: Any) -> bool:
    return bool(getattr(getattr(tensor, "_keras_history", [None])[0], "optional", False))


def _dtype(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype))
