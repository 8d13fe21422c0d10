"""From raw 0..255 pixels to the range that a model was trained on: chosen by name, or inferred and said so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tensorview import applications, loading
from tensorview.errors import OptionError

BASIC = ("raw", "zero_one", "minus_one_one", "caffe", "torch")


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """`apply` takes float32 pixels 0..255 (N, H, W, C) and returns what the model is given. `text` is for people."""

    name: str
    text: str
    apply: Callable[[np.ndarray], np.ndarray]
    guessed: bool = False


def named(name: str) -> Preprocessing:
    """Preprocessing by name: one of BASIC, "none" (the same as "raw"), or a model or module of keras.applications."""
    if name in ("raw", "none"):
        return Preprocessing("raw", "raw 0..255", lambda pixels: pixels)
    if name == "zero_one":
        return Preprocessing(name, "0..1", lambda pixels: pixels / np.float32(255))
    if name == "minus_one_one":
        return Preprocessing(name, "-1..1", lambda pixels: pixels / np.float32(127.5) - np.float32(1))
    if name == "caffe":
        return Preprocessing(name, "caffe: BGR, ImageNet's mean subtracted", _three_channels(name, _caffe))
    if name == "torch":
        return Preprocessing(name, "torch: 0..1, ImageNet's mean and deviation", _three_channels(name, _torch))
    try:
        module, function = applications.preprocessing(name)
    except OptionError as error:
        known = ", ".join(("auto", "none", *BASIC, *applications.module_names()))
        raise OptionError(f"there is no preprocessing {name!r}; there are {known}") from error

    def apply(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(function(pixels.copy(), data_format="channels_last"), dtype=np.float32)

    return Preprocessing(module, f"keras.applications.{module}", _three_channels(name, apply))


def infer(model: Any, input_name: str, dtype: str) -> Preprocessing:
    """The preprocessing that an input of a model most likely needs, with the reason in its text.

    Known, not guessed: models that tensorview took from keras.applications, and Rescaling or Normalization layers near
    the input, which say themselves what comes in. All else is a guess, and marked as one.
    """
    origin = loading.origin(model)
    if origin is not None and origin.application:
        found = named(origin.application)
        return replace(found, text=f"{found.text} (its own)")
    if dtype.startswith(("int", "uint")):
        return replace(named("raw"), text=f"raw 0..255 (the input is {dtype})")
    layer = next((layer for layer in _first_layers(model, input_name) if _class(layer) in _SCALERS), None)
    if layer is not None:
        return _before(layer)
    application = applications.guess(str(getattr(model, "name", "")))
    if application is not None:
        found = named(application)
        return replace(found, text=f"{found.text} (guessed from the model's name)", guessed=True)
    return replace(named("zero_one"), text="0..1 (guessed: the model has no Rescaling layer)", guessed=True)


_SCALERS = {"Rescaling", "Normalization", "TrueDivide", "Divide"}
_PASSED = {
    "InputLayer", "Cast", "Identity", "Permute", "Reshape", "Resizing", "CenterCrop", "ZeroPadding2D", "Concatenate",
    "Dropout", "GaussianNoise", "GetItem",
}  # fmt: skip


def _before(layer: Any) -> Preprocessing:
    """What a scaling layer expects to be given."""
    name = _class(layer)
    if name == "Rescaling" and float(np.max(np.abs(np.asarray(layer.scale)))) > 0.1:
        return replace(
            named("zero_one"), text=f"0..1 (guessed: the model's Rescaling multiplies by {layer.scale})", guessed=True
        )
    mean = getattr(layer, "mean", None) if name == "Normalization" else None
    if mean is not None and float(np.max(np.abs(np.asarray(mean)))) <= 2:
        return replace(
            named("zero_one"), text="0..1 (guessed: the mean in the model's Normalization is small)", guessed=True
        )
    return replace(named("raw"), text=f"raw 0..255 (the model scales by itself: {name})")


def _first_layers(model: Any, input_name: str) -> Iterator[Any]:
    """Layers in the order in which an input meets them, until the first that computes something of its own."""
    todo, seen = list(_starts(model, input_name)), set()
    while todo:
        layer = todo.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if getattr(layer, "layers", None):
            todo = list(_starts(layer, None)) + todo
        elif _class(layer) in _PASSED or _class(layer).startswith("Random"):
            todo += _consumers(layer)


def _starts(model: Any, input_name: str | None) -> list[Any]:
    layers = list(getattr(model, "layers", ()))
    if getattr(model, "inputs", None) and not _is_sequential(model):
        return [layer for layer in layers if _class(layer) == "InputLayer" and input_name in (None, layer.name)]
    # Sequential and subclassed models: their layers in order, up to the first that computes something.
    end = next((i for i, layer in enumerate(layers) if not _passes(layer)), len(layers))
    return layers[: end + 1]


def _consumers(layer: Any) -> list[Any]:
    # Keras has no public way from a layer to those that take its output; without this one nothing is inferred.
    return [node.operation for node in getattr(layer, "_outbound_nodes", ()) if hasattr(node, "operation")]


def _passes(layer: Any) -> bool:
    return _class(layer) in _PASSED or _class(layer).startswith("Random")


def _is_sequential(model: Any) -> bool:
    return any(kind.__name__ == "Sequential" for kind in type(model).__mro__)


def _class(layer: Any) -> str:
    return type(layer).__name__


def _three_channels(name: str, function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def apply(pixels: np.ndarray) -> np.ndarray:
        if pixels.shape[-1] != 3:
            raise OptionError(
                f"preprocessing {name!r} is for 3 colour channels, but this input has {pixels.shape[-1]}; "
                f"use one of {', '.join(BASIC[:3])}"
            )
        return function(pixels)

    return apply


_CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
_TORCH_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_TORCH_STD = np.array([0.229, 0.224, 0.225], np.float32)


def _caffe(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., ::-1] - _CAFFE_MEAN


def _torch(pixels: np.ndarray) -> np.ndarray:
    return (pixels / np.float32(255) - _TORCH_MEAN) / _TORCH_STD
