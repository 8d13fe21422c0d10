"""Weights from a file into a model: all of them or an error, never a layer that silently stays random."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorview import modelfile
from tensorview.errors import ModelError, first_line


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
