"""Path -> model: the only place that opens model files."""

from __future__ import annotations

import copy
import re
import sys
import warnings
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tensorview import allowance, applications, h5operations, keras2, modelconfig, modelfile, weightsfile
from tensorview.backend import require_keras
from tensorview.deep import run_deep
from tensorview.errors import ModelError, ModelWarning, first_line
from tensorview.fast.walk import outline
from tensorview.modelfile import ModelFile
from tensorview.savedmodel import check as savedmodel

_DEEP = 150
"""Layers from which on Keras is given a large stack at once; below, its recursion fits into the usual one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model came from: its file's name and SHA-256, or its name in keras.applications."""

    file: str | None = None
    digest: str | None = None
    application: str | None = None
    notes: tuple[str, ...] = ()
    """What was changed to load it."""


_origins: weakref.WeakKeyDictionary[Any, Origin] = weakref.WeakKeyDictionary()


def origin(model: Any) -> Origin | None:
    """Where `model` was loaded from, or None for one that tensorview did not load."""
    try:
        return _origins.get(model)
    except TypeError:  # not hashable or not weakly referable: no model of ours
        return None


def load_model(
    source: str | Path,
    *,
    weights: str | Path = "imagenet",
    custom_objects: dict[str, Any] | None = None,
    safe_mode: bool = True,
) -> Any:
    """A Keras model from a `.keras` file or folder, a `.h5` file, the `.json` of an architecture, the folder of a
    TensorFlow SavedModel, or from keras.applications as "keras:MobileNetV2".

    `weights` is for what has none of its own: "none" (random), a file, or for keras.applications "imagenet" (downloaded
    by Keras where the machine can). `custom_objects` maps names to classes and functions that the file uses and Keras
    doesn't know. The model comes uncompiled. Code in a file (the functions of Lambda layers) is refused, unless
    `safe_mode` is False: then it runs, and a ModelWarning names the layers that hold it.

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
    if savedmodel.is_saved_model(path):
        return _saved_model(path, custom_objects, safe_mode)
    file = _architecture(path, weights) if path.suffix.lower() == ".json" else modelfile.read(path)
    keras = require_keras()
    given = dict(custom_objects or {})
    notes: tuple[str, ...] = ()
    if old := keras2.is_old(file.saved_by, file.kind):
        file, note = _mended(file)
        notes = (note,)
        from tensorview.keras2layers import OBJECTS

        given = {**OBJECTS, **given}

    mended = h5operations.mended(file.config) if file.kind == "h5" and not old else None
    if mended is not None:
        file = replace(file, config=mended)

    def known(name: str) -> bool:
        return keras.saving.get_registered_object(name, custom_objects=given) is not None

    reading = modelconfig.check(str(path), file.config, known, stored=file.stored.numbers, unsafe=not safe_mode)
    if reading.lambdas:
        warnings.warn(ModelWarning(_running(path, reading.lambdas)), stacklevel=2)

    def load() -> Any:
        if not old and mended is None and file.kind != "json":
            return keras.models.load_model(path, custom_objects=given, compile=False, safe_mode=safe_mode)
        model = _deserialized(file.config, given, safe_mode)
        if file.kind != "json":
            model.load_weights(path)
        elif file.weights is not None:
            weightsfile.load(model, path.name, file.weights)
        return model

    model = _build(file, load, deep=reading.layers > _DEEP)
    if file.kind in ("keras", "folder"):
        weightsfile.wait(model, path)
    elif file.kind == "h5" or file.weights is not None:
        weightsfile.check_learned(model, path)
    _origins[model] = Origin(file=path.name, digest=modelfile.digest(path), notes=notes)
    return model


def _saved_model(path: Path, custom_objects: dict[str, Any] | None, safe_mode: bool) -> Any:
    keras = require_keras()
    from tensorview.keras2layers import OBJECTS
    from tensorview.savedmodel import load

    given = {**OBJECTS, **(custom_objects or {})}

    def build(config: dict[str, Any]) -> Any:
        stored = savedmodel.stored(path)
        file, _ = _mended(ModelFile(path, "folder", config, stored, None))
        modelconfig.check(
            str(path), file.config, lambda name: keras.saving.get_registered_object(name, given) is not None,
            stored=stored.numbers,
        )  # fmt: skip
        return _build(file, lambda: _deserialized(file.config, given, safe_mode=True), deep=False)

    model, note = load.load(path, build, safe_mode=safe_mode)
    _origins[model] = Origin(file=path.name, digest=modelfile.digest(path), notes=(note,))
    return model


def _architecture(path: Path, weights: str | Path) -> ModelFile:
    if weights == "imagenet":
        raise ModelError(f"{path} is an architecture without weights; give them with --weights FILE, or --weights none")
    return modelfile.read_architecture(path, None if weights == "none" else Path(weights))


def _build(file: ModelFile, make: Callable[[], Any], deep: bool) -> Any:
    """What `make` returns, held to what the file stores; what goes wrong is told in one line."""

    def load() -> Any:
        with weightsfile.whole(file.path), allowance.allowing(str(file.path), file.stored.numbers):
            return make()

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
        raise ModelError(_explain(file, error)) from error


def _deserialized(config: dict[str, Any], custom_objects: dict[str, Any], safe_mode: bool) -> Any:
    """The model of a configuration; of a copy of it, since Keras takes apart what it is given."""
    keras = require_keras()
    given = copy.deepcopy(config)
    return keras.saving.deserialize_keras_object(given, custom_objects=custom_objects, safe_mode=safe_mode)


def _mended(file: ModelFile) -> tuple[ModelFile, str]:
    """The file with a configuration that Keras 3 reads, and a note that says so."""
    try:
        config, dropped = keras2.mended(str(file.path), file.config)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise ModelError(f"{file.path} has a configuration that is none of Keras 2 ({reason})") from error
    left = f"; left out, for Keras 3 lacks it: {', '.join(name[:40] for name in dropped)}" if dropped else ""
    saved = f"Keras {file.saved_by}" if file.saved_by else "an early Keras"
    return replace(file, config=config), f"The file was saved by {saved} and read as such{left}."


def _running(path: Path, lambdas: tuple[str, ...]) -> str:
    listed = ", ".join(repr(name[:80]) for name in lambdas[:5]) + (", …" if len(lambdas) > 5 else "")
    return f"{path} holds Python code, which runs now: Lambda layer{'s'[: len(lambdas) > 1]} {listed}"


def _explain(file: ModelFile, error: Exception) -> str:
    path = file.path
    cause: BaseException | None = error
    while cause is not None:  # Keras wraps what comes from the variables that it builds
        if isinstance(cause, ModelError):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    text = first_line(error, 2_000)
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"{path} describes a model that needs more memory than this machine has"
    try:
        outline(file.config)
    except ModelError as wiring:
        return f"{path} describes no model: {wiring}"
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, RecursionError):
        pass  # Keras says what is wrong
    foreign = re.search(r"(?:Could not locate (?:class|function)|Unknown layer:|Unknown \w+:) [`'\"]?(\w+)", text)
    if foreign:
        return modelconfig.foreign(str(path), foreign[1])
    if re.search(r"[Ll]ambda", text) and re.search(r"safe_mode|arbitrary code|unsafe", text):
        return f"{path} holds Python code in a Lambda layer, which would run on loading; refused (--unsafe allows it)"
    running, saved = str(sys.modules["keras"].__version__), file.saved_by
    if saved and _numbers(saved) > _numbers(running):
        return f"{path} was saved by Keras {saved}, which is newer than this Keras {running}; pip install -U keras"
    return f"{path} could not be loaded by Keras {running}: {text[:300] or type(error).__name__}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
