"""Weights from a file into a model: all of them or an error, never a layer that silently stays random.

A model of one's own whose code decides by values can't be built before it sees an input; Keras loads such a file
without its weights, and without a word. They are loaded when the first call has made the variables.
"""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorview import modelfile
from tensorview.errors import ModelError, first_line

_WEIGHTS = "model.weights.h5"
_waiting: weakref.WeakKeyDictionary[Any, Path] = weakref.WeakKeyDictionary()
"""Models of which a part is not built yet, and the files that hold its weights."""


def wait(model: Any, path: Path) -> None:
    """Remember that `model` was loaded from a .keras file or folder, if a part of it isn't built."""
    if any(not layer.built for layer in model._flatten_layers()):
        _waiting[model] = path / _WEIGHTS if path.is_dir() else path


@contextlib.contextmanager
def arriving(model: Any) -> Iterator[None]:
    """Around a call that builds what isn't built of `model`: the variables that it makes get the file's weights."""
    before = len(model.variables)
    yield
    path = _waiting.get(model)
    if path is not None and len(model.variables) > before:
        load(model, model.name, path)


def load(model: Any, name: str, path: Path) -> None:
    """Load a `.weights.h5`, `.h5` or `.keras` file into `model`. Raises ModelError where it holds other weights."""
    if not path.is_file():
        raise ModelError(f"{path} does not exist; --weights takes a .weights.h5, .h5 or .keras file, none or imagenet")
    try:
        modelfile.read_weights(path)
        with whole(path):
            model.load_weights(path)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{path} does not hold the weights of {name} ({first_line(error)})") from error


def check_learned(model: Any, path: Path) -> None:
    """Raises ModelError where a layer has no vocabulary: of what `adapt` learned, files of weights keep none."""
    for layer in model._flatten_layers():
        if getattr(layer, "input_vocabulary", ()) is None:
            raise ModelError(
                f"{path} lacks the vocabulary of {layer.name[:80]!r}, so all words would be unknown: what adapt() "
                "learns is kept in .keras files alone; save the model as one"
            )


@contextlib.contextmanager
def whole(path: Path) -> Iterator[None]:
    """Keeps Keras's warnings on loading quiet, but for the one that weights are missing: that is an error here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        text = " ".join(str(warning.message).split())
        if "freshly-initialized" in text:
            raise ModelError(f"{path} lacks the weights of some layers, which would stay random: {text[:160]}")
