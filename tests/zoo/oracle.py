"""What a plain eager forward pass computes at each call: Keras itself runs, nothing of tensorview is in the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Values = dict[int, list[Any]]
"""What each layer or operation returned, by its `id`, call after call."""


def run(model: Any, inputs: Any) -> tuple[Any, Values]:
    """The outputs of an eager call of the model, and what each call inside it returned, as NumPy arrays."""
    seen: Values = {}
    tf.config.run_functions_eagerly(True)
    try:
        with _watched(seen):
            outputs = model(inputs, training=False)
    finally:
        tf.config.run_functions_eagerly(False)
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            layer.reset_state()  # the next run begins as this one did
    return arrays(outputs), seen


@contextlib.contextmanager
def _watched(seen: Values) -> Iterator[None]:
    operation = keras.Operation
    original = operation.__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            output = original(self, *args, **kwargs)
        except tf.errors.UnimplementedError:
            if getattr(self, "data_format", None) != "channels_first":
                raise
            output = _channels_last(original, self, *args)
        if tf.executing_eagerly() and not any(keras.backend.is_keras_tensor(x) for x in tf.nest.flatten(output)):
            seen.setdefault(id(self), []).append(arrays(output))
        return output

    operation.__call__ = call
    try:
        yield
    finally:
        operation.__call__ = original


def _channels_last(call: Any, layer: Any, x: Any) -> Any:
    """What a layer over channels_first computes where TensorFlow has no kernel of that layout for this processor."""
    last, first = [0, *range(2, x.ndim), 1], [0, x.ndim - 1, *range(1, x.ndim - 1)]
    layer.data_format = "channels_last"
    try:
        return tf.transpose(call(layer, tf.transpose(x, last)), first)
    finally:
        layer.data_format = "channels_first"


def arrays(structure: Any) -> Any:
    """Sparse and ragged tensors come dense; tuples and lists as tuples."""
    if isinstance(structure, dict):
        return {key: arrays(value) for key, value in structure.items()}
    if isinstance(structure, tf.SparseTensor):
        return tf.sparse.to_dense(structure).numpy()
    if isinstance(structure, tf.RaggedTensor):
        return structure.to_tensor().numpy()
    if isinstance(structure, tuple | list):
        return tuple(arrays(value) for value in structure)
    return np.asarray(structure) if isinstance(structure, np.ndarray) or tf.is_tensor(structure) else None


def same(found: Any, expected: Any, where: str) -> None:
    """Asserts equality: type, shape and values, numbers within what adding up in another order changes."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key, value in expected.items():
            same(found[key], value, f"{where}[{key}]")
        return
    if isinstance(expected, tuple):
        assert len(found) == len(expected), where
        for index, value in enumerate(expected):
            same(found[index], value, f"{where}[{index}]")
        return
    if expected is None:
        assert found is None, where
        return
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), where
    if expected.dtype.kind in "biuOSU":
        np.testing.assert_array_equal(found, expected, err_msg=where)
        return
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    a, b = found.astype(wide), expected.astype(wide)
    finite = np.abs(b)[np.isfinite(b)]
    near = 1e-2 if expected.dtype.itemsize <= 2 else 1e-5
    np.testing.assert_allclose(a, b, rtol=near, atol=near * finite.max(initial=0.0) + 1e-7, err_msg=where)
