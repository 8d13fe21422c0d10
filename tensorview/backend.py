"""Imports Keras on TensorFlow, quietly. Every module that needs them asks here first."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType

from tensorview.errors import BackendError, first_line

# TensorFlow's C++ libraries write these before their own log filter is up, so no log level silences them.
_NOISE = re.compile(rb"^(WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d|[IWE]\d{4} \d{2}:|[IWE]0000 )")


def require_keras() -> ModuleType:
    """Keras, running on TensorFlow. Raises BackendError when either is missing or Keras runs on something else."""
    if "keras" not in sys.modules:
        wanted = os.environ.get("KERAS_BACKEND")
        if wanted and wanted != "tensorflow":
            raise _other(wanted)
        with _quiet():
            try:
                importlib.import_module("keras")
            except ImportError as error:
                raise BackendError(
                    f"Keras on TensorFlow could not be imported ({first_line(error)}); "
                    "pip install 'tensorflow' 'keras>=3.8'"
                ) from error
    keras = importlib.import_module("keras")
    if not hasattr(keras, "config") or not hasattr(keras.config, "backend"):
        version = getattr(keras, "__version__", "of unknown version")
        raise BackendError(f"tensorview needs Keras 3.8 or later; this is Keras {version}; pip install 'keras>=3.8'")
    if keras.config.backend() != "tensorflow":
        raise _other(keras.config.backend())
    return keras


def _other(name: str) -> BackendError:
    return BackendError(
        f"tensorview needs Keras on TensorFlow; this Keras runs on {name}; "
        "set KERAS_BACKEND=tensorflow before Keras is imported"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps TensorFlow's start-up chatter off stderr; whatever else is written there meanwhile comes out after."""
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") != "3":
        yield  # whoever asks for TensorFlow's log gets it
        return
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all, as under pythonw
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not _NOISE.match(line):
                    os.write(2, line)
