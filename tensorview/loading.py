"""Path -> model: the only place that opens model files."""

from __future__ import annotations

import re
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorview import applications, modelconfig, modelfile, weightsfile
from tensorview.backend import require_keras
from tensorview.deep import run_deep
from tensorview.errors import ModelError, first_line

_DEEP = 150
"""Layers from which on Keras is given a large stack at once; below, its recursion fits into the usual one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model came from: its file's name and SHA-256, or its name in keras.applications."""

    file: str | None = None
    digest: str | None = None
    application: str | None = None


_origins: weakref.WeakKeyDictionary[Any, Origin] = weakref.WeakKeyDictionary()


def origin(model: Any) -> Origin | None:
    """Where `model` was loaded from, or None for one that tensorview did not load."""
    try:
        return _origins.get(model)
    except TypeError:  # not hashable or not weakly referable: no model of ours
        return None


def load_model(
    source: str | Path, *, weights: str | Path = "imagenet", custom_objects: dict[str, Any] | None = None
) -> Any:
    """A Keras model from a `.keras` or `.h5` file, or from keras.applications as "keras:MobileNetV2".

    `weights` is for keras.applications alone: "imagenet" (downloaded by Keras where the machine can), "none" (random)
    or a file. `custom_objects` maps names to classes and functions that the file uses and Keras doesn't know. The model
    comes uncompiled. Files are loaded in Keras's safe mode: code in them is refused.

    Raises ModelError in one line for a file that is missing, damaged, foreign or refused, OptionError for an unknown
    name in keras.applications, BackendError where Keras runs on something else than TensorFlow.
    """
    if str(source).startswith(applications.PREFIX):
        require_keras()
        name = applications.find_name(str(source).removeprefix(applications.PREFIX))
        model = run_deep(lambda: applications.build(name, weights))
        _origins[model] = Origin(application=name)
        return model
    path = Path(source)
    _, config = modelfile.read_config(path)
    keras = require_keras()
    given = dict(custom_objects or {})

    def known(name: str) -> bool:
        return keras.saving.get_registered_object(name, custom_objects=given) is not None

    layers = modelconfig.check(str(path), config, known)
    model = _load(path, given, deep=layers > _DEEP)
    _origins[model] = Origin(file=path.name, digest=modelfile.digest(path))
    return model


def _load(path: Path, custom_objects: dict[str, Any], deep: bool) -> Any:
    keras = require_keras()

    def load() -> Any:
        with weightsfile.whole(path):
            return keras.models.load_model(path, custom_objects=custom_objects, compile=False, safe_mode=True)

    try:
        if deep:
            return run_deep(load)
        try:
            return load()
        except RecursionError:
            return run_deep(load)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(_explain(path, error)) from error


def _explain(path: Path, error: Exception) -> str:
    text = first_line(error, 2_000)
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"{path} describes a model that needs more memory than this machine has"
    foreign = re.search(r"(?:Could not locate (?:class|function)|Unknown layer:|Unknown \w+:) [`'\"]?(\w+)", text)
    if foreign:
        return (
            f"{path} uses {foreign[1]!r}, which is not part of Keras; import the module that registers it first, "
            "or pass custom_objects={...} to tensorview.load_model"
        )
    if re.search(r"[Ll]ambda", text) and re.search(r"safe_mode|arbitrary code|unsafe", text):
        return f"{path} holds Python code in a Lambda layer, which would run on loading; refused"
    running, saved = str(sys.modules["keras"].__version__), modelfile.saved_by(path)
    if saved and _numbers(saved) > _numbers(running):
        return f"{path} was saved by Keras {saved}, which is newer than this Keras {running}; pip install -U keras"
    return f"{path} could not be loaded by Keras {running}: {text[:300] or type(error).__name__}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
