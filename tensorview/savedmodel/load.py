"""A SavedModel's folder -> a Keras model that reckons what its signature reckons, and what to say of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tensorview.errors import ModelError, first_line
from tensorview.savedmodel import check, metadata, signature

_OPEN = 8
"""The length of an axis that a signature leaves open, where it is tried out."""


def load(path: Path, build: Callable[[dict[str, Any]], Any], *, safe_mode: bool = True) -> tuple[Any, str]:
    """The model, and a note of how it was had.

    build: makes a model from a configuration of Keras 2, held to what the file stores; it may raise anything.
    Raises ModelError for a SavedModel that is damaged, hostile, or can't be called.
    """
    check.read(path, unsafe=not safe_mode)
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises nearly anything for a damaged one
        raise ModelError(f"{path} could not be loaded by TensorFlow: {first_line(error)}") from error
    name, function = _signature(path, loaded)
    tried = _example(function)
    expected = _results(function, tried)
    why = ""
    if config := metadata.configuration(path):
        try:
            model = build(config)
            metadata.load_weights(path, model, loaded)
            _compare(model, tried, expected)
            return model, "The SavedModel was read as the Keras model that it was; its results are its signature's."
        except Exception as error:  # a class that is not known, weights that don't fit, other results
            why = f" It could not be read as the Keras model that it was ({first_line(error, 160)})."
    try:
        model = signature.model(loaded, function, name)
        _compare(tf.function(model, autograph=False), tried, expected)
        inside = "the operations in it are shown one by one"
    except ModelError:
        raise
    except Exception:
        model = signature.model(loaded, function, name, whole=True)
        inside = "what is in it could not be told apart"
    return model, f"A SavedModel says nothing of layers: shown is the graph of its signature {name!r}, {inside}.{why}"


def _signature(path: Path, loaded: Any) -> tuple[str, Any]:
    signatures = dict(loaded.signatures)
    if not signatures:
        raise ModelError(f"{path} has no signature, so there is nothing in it to call; save it with one")
    name = "serving_default" if "serving_default" in signatures else sorted(signatures)[0]
    function = signatures[name]
    if not function.structured_input_signature[1]:
        raise ModelError(f"{path} has a signature {name!r} that takes no input")
    for spec in (*function.structured_input_signature[1].values(), *function.structured_outputs.values()):
        if getattr(spec, "shape", None) is None or spec.shape.rank is None:
            raise ModelError(f"{path} has a signature {name!r} with a tensor of any number of axes; give it one")
    return name, function


def _example(function: Any) -> dict[str, Any]:
    """An input for each name that the signature takes."""
    random = np.random.default_rng(7)
    made = {}
    for name, spec in function.structured_input_signature[1].items():
        sizes = [size if size is not None else 2 if axis == 0 else _OPEN for axis, size in enumerate(spec.shape)]
        if spec.dtype == tf.string:
            made[name] = tf.fill(sizes, "a")
        else:
            low_high = random.normal(size=sizes) if spec.dtype.is_floating else random.integers(0, 2, sizes)
            made[name] = tf.cast(tf.constant(low_high), spec.dtype)
    return made


def _results(function: Any, tried: dict[str, Any]) -> list[Any] | None:
    """What the signature returns, by sorted name. None where it can't be run on a made-up input."""
    try:
        found = function(**tried)
    except Exception:  # such as sizes that must fit each other
        return None
    return [found[key] for key in sorted(found)]


def _compare(model: Any, tried: dict[str, Any], expected: list[Any] | None) -> None:
    """Raises ValueError where a model returns something else than its signature."""
    inputs = tried if len(tried) > 1 or not isinstance(model, keras.Model) else next(iter(tried.values()))
    found = tf.nest.flatten(model(inputs, training=False))
    if expected is None:
        raise ValueError("its signature can't be run on a made-up input, so nothing can be compared")
    if len(found) != len(expected):
        raise ValueError(f"it returns {len(found)} tensors, its signature {len(expected)}")
    left = list(expected)
    for one in found:  # a signature sorts its results by name, the model has them in its own order
        same = next((i for i, other in enumerate(left) if _close(one, other)), None)
        if same is None:
            raise ValueError("it returns other values than its signature")
        left.pop(same)


def _close(found: Any, expected: Any) -> bool:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    a, b = np.asarray(found), np.asarray(expected)
    if a.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-5 * max(1.0, np.abs(b).max(initial=0.0)), equal_nan=True))
