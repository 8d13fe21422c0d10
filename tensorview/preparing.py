"""Inputs as a model takes them: structure, order, dtype and shape, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tensorview import signature, weightsfile
from tensorview.errors import BackendError, InputError, ModelError, TraceError, first_line
from tensorview.fitting import dense
from tensorview.intact import same_state, states


@dataclass(frozen=True, slots=True)
class Prepared:
    """Inputs that were prepared for a model already: the checks take as long as a tenth of a small model's run."""

    structure: Any
    specs: Any

    @property
    def samples(self) -> int:
        """How many."""
        return next((int(t.shape[0]) for t in tf.nest.flatten(self.structure) if t is not None), 0)


def prepare(model: Any, inputs: Any) -> tuple[Any, Any]:
    """Inputs as tensors in the structure that the model takes, and their TensorSpecs with an open batch dimension.

    Builds the model by one eager call where it isn't built yet. Raises InputError that says which shape was expected.
    """
    if isinstance(inputs, Prepared):
        return inputs.structure, inputs.specs
    if keras.backend.backend() != "tensorflow":
        raise BackendError(
            f"tensorview needs Keras on TensorFlow, but Keras runs on {keras.backend.backend()}; "
            "set KERAS_BACKEND=tensorflow before Python starts"
        )
    require_model(model)
    expected = getattr(model, "inputs", None) or None
    tensors = _fit(inputs, model, expected) if expected else tf.nest.map_structure(_tensor, inputs)
    sizes = {int(t.shape[0]) for t in tf.nest.flatten(tensors) if t is not None and t.shape.rank}
    if len(sizes) > 1:
        raise InputError(f"all inputs need the same number of samples, but they have {sorted(sizes)}")
    if not getattr(model, "built", True) or any(not layer.built for layer in model._flatten_layers()):
        _call_eagerly(model, tensors)

    def spec(tensor: Any) -> Any:
        if tensor is None:
            return None
        shape = tensor.shape.as_list()
        return tf.TensorSpec([None, *shape[1:]] if shape else [], tensor.dtype)

    specs = tf.nest.map_structure(spec, tensors)
    if expected:
        flat = [
            tf.TensorSpec([model_input.shape[0], *s.shape[1:]], s.dtype) if s is not None else None
            for s, model_input in zip(tf.nest.flatten(specs), expected, strict=True)
        ]
        specs = tf.nest.pack_sequence_as(specs, flat)
    return tensors, specs


def require_model(model: Any) -> None:
    """Raises TraceError for anything but a Keras 3 model or layer: a path, a model of the older tf_keras."""
    if not isinstance(model, keras.layers.Layer):
        raise TraceError(
            f"expected a Keras 3 model, but {type(model).__name__} of {type(model).__module__} came; "
            "tensorview.load_model reads one from a file"
        )


def _call_eagerly(model: Any, tensors: Any) -> None:
    try:
        with weightsfile.arriving(model), same_state(states(model)):
            model(tensors, training=False)
    except ModelError:
        raise
    except Exception as error:
        raise TraceError(f"the model could not be called on this input: {first_line(error)}") from error


def _tensor(value: Any, dtype: Any = None) -> Any:
    if value is None:
        return None
    try:
        if isinstance(value, tf.RaggedTensor):
            raise TypeError("it is ragged; give it padded, as value.to_tensor()")
        value = dense(value)
        if tf.is_tensor(value):
            return tf.cast(value, dtype) if dtype else value
        array = np.asarray(value)
        if array.dtype.kind == "c" and not str(dtype).startswith("complex"):
            raise TypeError("it holds complex numbers")
        if array.dtype == np.float64 and dtype is None:
            dtype = "float32"
        return tf.convert_to_tensor(array.astype(dtype) if dtype and dtype != "string" else array)
    except (TypeError, ValueError) as error:
        raise InputError(f"an input of type {type(value).__name__} is no array of numbers: {error}") from error


def _fit(inputs: Any, model: Any, expected: Sequence[Any]) -> Any:
    """Inputs in the structure, order, dtype and rank that a Functional model declares."""
    structure = getattr(model, "_inputs_struct", None)
    if structure is None:
        structure = expected[0] if len(expected) == 1 else list(expected)
    names = signature.input_names(model)
    if isinstance(inputs, dict):
        values = signature.by_alias(inputs, names)
    else:
        if isinstance(inputs, list | tuple) and len(expected) == 1 and len(inputs) != 1:
            inputs = np.asarray(inputs)
        values = tf.nest.flatten(inputs)
    if len(values) != len(expected):
        raise InputError(
            f"the model takes {len(expected)} inputs ({', '.join(known[0] for known in names)}), but {len(values)} came"
        )
    tensors = [_fit_one(value, tensor, known[0]) for value, tensor, known in zip(values, expected, names, strict=True)]
    return tf.nest.pack_sequence_as(keras.tree.map_structure(lambda _: 0, structure), tensors)


def _fit_one(value: Any, expected: Any, name: str) -> Any:
    if value is None:
        return None
    tensor = _tensor(value, expected.dtype)
    wanted, shape = tuple(expected.shape), tuple(tensor.shape)
    fits = len(wanted) == len(shape) and all(w is None or w == s for w, s in zip(wanted, shape, strict=True))
    if not fits:
        if wanted[1:] and len(shape) == len(wanted) - 1:
            hint = "; put the batch first, even for one sample: array[None]"
        elif len(wanted) == len(shape) and wanted[0] is not None and wanted[0] != shape[0]:
            hint = f"; the model was built for batches of exactly {wanted[0]}"
        else:
            hint = ""
        text = "(" + ", ".join("any" if w is None else str(w) for w in wanted) + ")"
        raise InputError(f"input {name!r} needs an array of shape {text}, but {shape} came{hint}")
    return tensor


def input_names(model: Any, tensors: Any) -> tuple[str, ...]:
    """A name for each flattened input of the model."""
    expected = getattr(model, "inputs", None) or None
    if expected:
        return tuple(known[0] for known in signature.input_names(model))
    paths = [".".join(str(part) for part in path) for path, _ in keras.tree.flatten_with_path(tensors)]
    return tuple(path if path and not path.isdigit() else f"input_{path}" if path else "input" for path in paths)
