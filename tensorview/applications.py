"""keras.applications by name: the model, its own preprocessing, what its weights need."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import io
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tensorview import weightsfile
from tensorview.backend import require_keras
from tensorview.errors import ModelError, OptionError, first_line

PREFIX = "keras:"
_PATIENCE = 15.0
"""Seconds of silence after which a download of weights is given up."""


def names() -> tuple[str, ...]:
    """Every model that keras.applications has, by the name of its function."""
    applications = require_keras().applications
    return tuple(sorted(name for name, value in vars(applications).items() if inspect.isfunction(value)))


def find_name(name: str) -> str:
    """The name as keras.applications writes it. Raises OptionError that lists near names."""
    by_lower = {known.lower(): known for known in names()}
    found = by_lower.get(name.lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.4) or ["mobilenetv2", "resnet50"]
        listed = ", ".join(by_lower[item] for item in near)
        raise OptionError(f"keras.applications has no model {name!r}; near names: {listed}")
    return found


def build(name: str, weights: str | Path) -> Any:
    """The model, with "imagenet" weights (downloaded where needed), "none", or those of a file."""
    name = find_name(name)
    make = getattr(require_keras().applications, name)
    if str(weights) == "imagenet":
        # How far a download is, for a person who waits; in a log it would only stand beside our own line.
        told = sys.stderr if sys.stderr.isatty() else io.StringIO()
        with _patient(), contextlib.redirect_stdout(told):
            try:
                return make(weights="imagenet")
            except Exception as error:
                raise ModelError(
                    f"the ImageNet weights of {name} could not be downloaded or read ({first_line(error)}); "
                    "give a file with --weights FILE, or --weights none for random ones"
                ) from error
    model = make(weights=None)
    if str(weights) != "none":
        weightsfile.load(model, name, Path(weights))
    return model


def preprocessing(name: str) -> tuple[str, Callable[..., Any]]:
    """(module name, function on raw 0..255 float arrays) of a model's own preprocessing.

    `name` is a model ("MobileNetV2") or a module of keras.applications ("mobilenet_v2"). Raises OptionError.
    """
    modules = _modules()
    if name in modules:
        return name, modules[name].preprocess_input
    found = find_name(name)
    for module_name, module in modules.items():
        if hasattr(module, found):
            return module_name, module.preprocess_input
    return "mobilenet_v3", modules["mobilenet_v3"].preprocess_input  # the one module that does not list its models


def module_names() -> tuple[str, ...]:
    return tuple(sorted(_modules()))


def guess(model_name: str) -> str | None:
    """The keras.applications model that a model's name stands for ("resnet50", "mobilenetv2_1.00_224"), or None."""
    stem = re.sub(r"[^a-z0-9]", "", re.sub(r"_\d\.\d\d_\d+$", "", model_name.lower()))
    for known in names():
        if stem == known.lower():
            return known
    return None


def _modules() -> dict[str, ModuleType]:
    applications = require_keras().applications
    return {
        name: value
        for name, value in vars(applications).items()
        if inspect.ismodule(value) and hasattr(value, "preprocess_input") and name != "imagenet_utils"
    }


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
