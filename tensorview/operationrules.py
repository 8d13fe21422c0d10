"""The rules of keras.ops, whose settings lie in the Operation, in the arguments of its call or in both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tensorview.manifest import Nonlinearity, Rule
from tensorview.seen import Seen, axes_of

Arguments = tuple[Any, ...]
Make = Callable[[Any, Arguments, Sequence[Seen], Seen], Rule | None]
"""(operation, the arguments of its call, its tensors, what it makes) -> the rule without its inputs; None where its
arguments aren't covered. A tensor's place among the arguments is its own."""


def operation_rule(operation: Any, name: str, called: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    """The rule of one call; `called` are its arguments, in order and by name."""
    args, kwargs = called
    return OPERATIONS[name](operation, (*args, *kwargs.values()), given, made) if name in OPERATIONS else None


# Value by value ----------------------------------------------------------------------------------------------------


def _function(name: str, *settings: str) -> Make:
    def make(operation: Any, called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
        numbers = tuple(float(getattr(operation, setting)) for setting in settings)
        return _activation(name, *numbers) if len(called) == 1 and given[0].sizes == made.sizes else None

    return make


def _activation(name: str, *numbers: float) -> Rule:
    return Rule(name="activation", activation=Nonlinearity(name=name, numbers=numbers))


def _along(name: str) -> Make:
    def make(operation: Any, _called: Arguments, _given: Sequence[Seen], made: Seen) -> Rule | None:
        axes = axes_of(operation.axis, len(made.sizes))
        return None if -1 in axes else Rule(name="activation", activation=Nonlinearity(name=name, axes=axes))

    return make


def _glu(operation: Any, _called: Arguments, _given: Sequence[Seen], made: Seen) -> Rule | None:
    axes = axes_of(operation.axis, len(made.sizes))
    return None if -1 in axes else Rule(name="glu", axes=axes)


def _same(_operation: Any, called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    return Rule(name="same") if len(called) == 1 and given[0].sizes == made.sizes else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value.item()) if isinstance(value, np.ndarray | np.generic) and value.size == 1 else None


OfNumber = Callable[[float], Rule | None]


def _pair(name: Any, after: OfNumber, before: OfNumber) -> Make:
    """Of two tensors the rule `name`; what a number that stands after, or before, the tensor makes of it."""

    def make(_operation: Any, called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
        if len(called) != 2 or any(not one.fits(made) for one in given):
            return None
        if len(given) == 2:
            return Rule(name=name) if name else None
        first, second = map(_number, called)
        if given[0].sizes != made.sizes or (first is None) == (second is None):
            return None
        return after(second) if second is not None else before(first or 0.0)

    return make


def _rescaled(factor: float, offset: float) -> Rule:
    return Rule(name="rescale", numbers=(factor, offset))


_DIVIDE = _pair("divide", lambda n: _rescaled(1 / n, 0.0) if n else None, lambda n: _activation("over", n))
_LEAST = _pair("maximum", lambda n: _activation("at_least", n), lambda n: _activation("at_least", n))
_MOST = _pair("minimum", lambda n: _activation("at_most", n), lambda n: _activation("at_most", n))


# Over axes ---------------------------------------------------------------------------------------------------------


def _over(name: Any) -> Make:
    def make(operation: Any, _called: Arguments, given: Sequence[Seen], _made: Seen) -> Rule | None:
        if operation.axis is None or getattr(operation, "initial", None) is not None:
            return None
        axes = axes_of(operation.axis, len(given[0].sizes))
        return None if -1 in axes else Rule(name=name, axes=tuple(sorted(axes)))

    return make


# Values moved ------------------------------------------------------------------------------------------------------


def _reshape(_operation: Any, _called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    return Rule(name="reshape") if math.prod(given[0].sizes) == math.prod(made.sizes) else None


def _transpose(operation: Any, _called: Arguments, _given: Sequence[Seen], made: Seen) -> Rule | None:
    axes = axes_of(operation.axes, len(made.sizes))
    if axes[0] != -1:
        return None
    return Rule(name="permute", axes=tuple(axes[1:].index(axis) for axis in range(len(made.sizes))))


def _slice(_operation: Any, called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    key = called[1] if isinstance(called[1], tuple | list) else (called[1],)
    left = len(given[0].sizes) + 1 - sum(part is not None and part is not Ellipsis for part in key)
    parts = [one for part in key for one in ([slice(None)] * left if part is Ellipsis else [part])]
    if Ellipsis not in key:
        parts += [slice(None)] * left
    if parts[0] != slice(None):
        return None
    axes, before, stride, out = [], [], [], 0
    sizes = iter(given[0].sizes)
    for part in parts[1:]:
        if part is None:
            out += 1
            continue
        size = next(sizes)
        if isinstance(part, slice):
            start, _, step = part.indices(size)
            axes.append(out)
            out += 1
        else:
            start, step = int(part) % size, 0
            axes.append(-1)
        before.append(start)
        stride.append(step)
    if out != len(made.sizes):
        return None
    return Rule(name="slice", axes=tuple(axes), before=tuple(before), stride=tuple(stride))


def _pad(operation: Any, called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    if operation.mode != "constant" or any(called[1:]):
        return None
    pairs = tuple(operation.pad_width)
    pairs = pairs * (len(made.sizes) + 1) if len(pairs) == 1 else pairs
    if len(given) != 1 or any(pairs[0]):
        return None
    return Rule(name="shift", before=tuple(int(first) for first, _ in pairs[1:]))


def _concatenate(operation: Any, _called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    [axis] = axes_of(operation.axis, len(made.sizes))
    whole = axis >= 0 and sum(one.sizes[axis] for one in given) == made.sizes[axis]
    return Rule(name="concatenate", axes=(axis,)) if whole else None


def _stack(operation: Any, _called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    axes = axes_of(operation.axis, len(made.sizes))
    return Rule(name="stack", axes=axes) if axes[0] >= 0 and made.sizes[axes[0]] == len(given) else None


# Products ----------------------------------------------------------------------------------------------------------


def product(one: str, two: str, out: str, given: Sequence[Seen], made: Seen) -> Rule | None:
    """The sum that the equation says, of two tensors; None where its letters don't fit their sizes."""
    sizes: dict[str, int] = {}
    for letters, seen in ((one, given[0]), (two, given[1])):
        if len(letters) != len(seen.sizes) or len(set(letters)) != len(letters):
            return None
        for letter, size in zip(letters, seen.sizes, strict=True):
            if sizes.setdefault(letter, size) != size:
                return None
    if math.prod(sizes.get(letter, 0) for letter in out) != math.prod(made.sizes):
        return None
    return Rule(name="product", equation=f"{one},{two}->{out}")


def _matmul(_operation: Any, _called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    rank = len(made.sizes)
    if rank < 2 or any(len(one.sizes) != rank for one in given) or len(given) != 2:
        return None
    batch = "abcdefgh"[: rank - 2]
    return product(f"{batch}xy", f"{batch}yz", f"{batch}xz", given, made)


def _einsum(operation: Any, _called: Arguments, given: Sequence[Seen], made: Seen) -> Rule | None:
    left, arrow, out = str(operation.subscripts).replace(" ", "").partition("->")
    one, _, two = left.partition(",")
    if not arrow or "." in left or "," in two or len(given) != 2 or not one or not one[0] == two[:1] == out[:1]:
        return None
    if one[0] in one[1:] + two[1:] + out[1:] or len(out) - 1 != len(made.sizes):
        return None
    return product(one[1:], two[1:], out[1:], given, made)


OPERATIONS: dict[str, Make] = {
    **{
        name: _function(function)
        for name, function in {
            "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "LogSigmoid": "log_sigmoid", "Tanh": "tanh",
            "Softplus": "softplus", "Softsign": "softsign", "Silu": "silu", "Selu": "selu", "Mish": "mish",
            "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "HardTanh": "hard_tanh",
            "TanhShrink": "tanh_shrink", "SparsePlus": "sparse_plus", "SparseSigmoid": "sparse_sigmoid",
            "Abs": "abs", "Absolute": "abs", "Exp": "exponential", "Expm1": "expm1", "Log": "log", "Log1p": "log1p",
            "Sqrt": "sqrt", "Rsqrt": "rsqrt", "Square": "square", "Negative": "negative", "Sin": "sin", "Cos": "cos",
        }.items()
    },
    "Reciprocal": lambda _operation, _called, _given, _made: _activation("over", 1.0),
    "Gelu": _function("gelu", "approximate"),
    "Elu": _function("elu", "alpha"),
    "Celu": _function("celu", "alpha"),
    "LeakyRelu": _function("leaky_relu", "negative_slope"),
    "HardShrink": _function("hard_shrink", "threshold"),
    "SoftShrink": _function("soft_shrink", "threshold"),
    "Threshold": _function("threshold", "threshold", "default_value"),
    "Squareplus": _function("squareplus", "b"),
    "Clip": _function("clip", "x_min", "x_max"),
    "Softmax": _along("softmax"),
    "LogSoftmax": _along("log_softmax"),
    "Glu": _glu,
    **dict.fromkeys(("Identity", "Copy", "StopGradient"), _same),
    "Add": _pair("add", lambda n: _rescaled(1.0, n), lambda n: _rescaled(1.0, n)),
    "Subtract": _pair("subtract", lambda n: _rescaled(1.0, -n), lambda n: _rescaled(-1.0, n)),
    "Multiply": _pair("multiply", lambda n: _rescaled(n, 0.0), lambda n: _rescaled(n, 0.0)),
    **dict.fromkeys(("Divide", "TrueDivide"), _DIVIDE),
    "Maximum": _LEAST,
    "Minimum": _MOST,
    "Power": _pair(None, lambda n: _activation("power", n), lambda _n: None),
    "Mean": _over("mean_over"),
    "Sum": _over("sum_over"),
    **dict.fromkeys(("Max", "Amax"), _over("max_over")),
    **dict.fromkeys(("Min", "Amin"), _over("min_over")),
    **dict.fromkeys(("Reshape", "ExpandDims", "Squeeze"), _reshape),
    "Transpose": _transpose,
    "GetItem": _slice,
    "Pad": _pad,
    "Concatenate": _concatenate,
    "Stack": _stack,
    "Matmul": _matmul,
    "Einsum": _einsum,
}  # fmt: skip
