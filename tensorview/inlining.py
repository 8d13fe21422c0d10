"""A tf.function inside a model, run as the Python that it was made of: its layers and operations then lie in the trace.

AutoGraph's rewriting stays: what `if tensor:` means inside a tf.function, it means here.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.eager.polymorphic_function.autograph_util import py_func_from_autograph
from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function


def possible(function: Any) -> bool:
    """Whether a function may run as plain Python: not one that asks for XLA (Keras has some that fail without it), nor
    one that was restored from a file. One that made variables in its first call makes none in later ones: TensorFlow
    itself demands that."""
    return type(function) is Function and not function._jit_compile


def inlined(function: Any, args: Any, kwargs: Any) -> Any:
    """What calling the function returns: arguments and results are converted to tensors as a tf.function does."""
    python = function._python_function
    if function._autograph:
        python = py_func_from_autograph(python, function._experimental_autograph_options)
    signature = function.input_signature
    if signature is not None and not kwargs and len(args) == len(signature):
        args = tf.nest.map_structure(_as_declared, tuple(signature), tuple(args))
    args, kwargs = tf.nest.map_structure(_array_as_tensor, (tuple(args), dict(kwargs)))
    status = ag_ctx.Status.ENABLED if function._autograph else ag_ctx.Status.DISABLED
    with ag_ctx.ControlStatusCtx(status, function._experimental_autograph_options):
        return tf.nest.map_structure(_result, python(*args, **kwargs))


def _as_declared(spec: Any, value: Any) -> Any:
    return tf.convert_to_tensor(value, spec.dtype) if isinstance(spec, tf.TensorSpec) else value


def _array_as_tensor(value: Any) -> Any:
    return tf.convert_to_tensor(value) if hasattr(value, "__array__") and not _is_tensor(value) else value


def _result(value: Any) -> Any:
    return value if value is None or _is_tensor(value) else tf.convert_to_tensor(value)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, tf.Tensor | tf.Variable | tf.TensorArray | tf.__internal__.CompositeTensor)
