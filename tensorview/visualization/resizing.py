"""A model at another size of its input than it declares: the same layers, called on images of that size."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import keras

_lock = threading.Lock()
_made: weakref.WeakKeyDictionary[Any, dict[tuple[int, ...], AtSize]] = weakref.WeakKeyDictionary()


class AtSize(keras.layers.Layer):  # type: ignore[misc]
    """Calls a model without its check of sizes. It holds the model weakly and owns none of its layers; layer calls have
    the same ids as in the model."""

    def __init__(self, model: Any) -> None:
        super().__init__(name=model.name)
        self._inside = weakref.ref(model)
        self.built = True

    def call(self, inputs: Any) -> Any:
        model = self._inside()
        assert model is not None
        return model.call(inputs, training=False)

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Any:
        model = self._inside()
        return iter(()) if model is None else model._flatten_layers(include_self, recursive)

    @property
    def non_trainable_variables(self) -> Any:
        model = self._inside()
        return [] if model is None else model.non_trainable_variables


def at_size(model: Any, shape: tuple[int, ...]) -> Any:
    """The model itself where its only input takes this shape (without the batch), else a way to call it on it; the same
    one each time, so that what is compiled for it is found again."""
    expected = getattr(model, "inputs", None) or []
    if len(expected) != 1:
        return model
    declared = tuple(expected[0].shape[1:])
    if all(wanted in (None, size) for wanted, size in zip(declared, shape, strict=True)):
        return model
    with _lock:
        return _made.setdefault(model, {}).setdefault(shape, AtSize(model))
