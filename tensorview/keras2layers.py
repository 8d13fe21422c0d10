"""What Keras 2 had and Keras 3 lacks: operations of TensorFlow as layers, and two functions."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_SPACES = {"math", "nn", "linalg", "signal", "image", "__operators__"}
_PLAIN = {
    "abs", "add", "add_n", "argmax", "argmin", "argsort", "boolean_mask", "broadcast_to", "cast", "clip_by_value",
    "concat", "constant", "convert_to_tensor", "cos", "cumsum", "divide", "einsum", "equal", "exp", "expand_dims",
    "eye", "fill", "floor", "gather", "gather_nd", "greater", "greater_equal", "identity", "less", "less_equal",
    "logical_and", "logical_not", "logical_or", "matmul", "maximum", "minimum", "multiply", "negative", "norm",
    "not_equal", "one_hot", "ones", "ones_like", "pad", "pow", "range", "rank", "reduce_all", "reduce_any",
    "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "repeat", "reshape",
    "reverse", "roll", "round", "shape", "sigmoid", "sign", "sin", "size", "slice", "sort", "split", "sqrt", "square",
    "squeeze", "stack", "stop_gradient", "strided_slice", "subtract", "tan", "tanh", "tensordot", "tile", "transpose",
    "truediv", "unstack", "where", "zeros", "zeros_like",
}  # fmt: skip
"""Operations that only compute. No other of TensorFlow's functions may be named by a file: some read, write and run."""


def operation(name: str) -> Any:
    """TensorFlow's function of this name ("math.reduce_mean"). Raises ValueError for what does more than compute."""
    *spaces, last = name.removeprefix("compat.v1.").split(".")
    allowed = last in _PLAIN if not spaces else len(spaces) == 1 and spaces[0] in _SPACES and not last.startswith("_")
    found: Any = tf.compat.v1 if name.startswith("compat.v1.") else tf
    for part in (*spaces, last):
        found = getattr(found, part, None)
    if not allowed or not callable(found):
        raise ValueError(f"the TensorFlow operation {name[:80]!r} is not one that tensorview runs from a file")
    return found


class TFOpLambda(keras.Operation):  # type: ignore[misc]
    """One call of a TensorFlow operation, as Keras 2 kept `x * 2` or `tf.reduce_mean(x)` between layers."""

    def __init__(self, function: str, name: str | None = None, **_: Any) -> None:
        super().__init__(name=name)
        self.function = function
        self.operation = operation(function)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.operation(*args, **{key: value for key, value in kwargs.items() if key != "name"})

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return keras.src.backend.compute_output_spec(self.call, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "function": self.function}


class SlicingOpLambda(TFOpLambda):
    """One `x[...]`, its slices written as {"start", "stop", "step"}."""

    def call(self, x: Any, slice_spec: Any, var: Any = None) -> Any:
        items = slice_spec if isinstance(slice_spec, list | tuple) else [slice_spec]
        return x[tuple(self._item(item) for item in items)]

    def _item(self, item: Any) -> Any:
        if isinstance(item, dict):
            return slice(item.get("start"), item.get("stop"), item.get("step"))
        return Ellipsis if item in ("...", "Ellipsis") else item


class ThresholdedReLU(keras.layers.Layer):  # type: ignore[misc]
    """x where x > theta, else 0."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = theta

    def call(self, x: Any) -> Any:
        return x * keras.ops.cast(x > self.theta, x.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "theta": self.theta}


def keras2_hard_sigmoid(x: Any) -> Any:
    """The hard sigmoid of Keras 2: 0.2 x + 0.5, cut to 0..1. That of Keras 3 is x / 6 + 0.5."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


OBJECTS: dict[str, Any] = {
    made.__name__: made for made in (TFOpLambda, SlicingOpLambda, ThresholdedReLU, keras2_hard_sigmoid)
}
