"""Other rules for the way back through ReLUs: guided backpropagation, rectified gradients, DeconvNet.

A rule replaces the gradient of the operations that are ReLUs, while one gradient is taken, and of no others. So it acts
on a ReLU wherever it stands: in a layer, an Activation, an argument, `keras.ops` or raw TensorFlow. A ReLU operation
that is only a piece of something else (PReLU, hard sigmoid) is none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops as registry

from tensorview.attribution.method import Rule

_KINDS = {"Relu", "Relu6", "LeakyRelu"}
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}


Gradient = Callable[[Any, Any], Any]
"""(operation, gradient by its output) -> gradient by its input."""


@contextlib.contextmanager
def applied(rule: Rule | Gradient, operations: Iterable[Any]) -> Iterator[None]:
    """Within this context, gradients taken through these operations of the graph being traced follow the rule, or are
    those of a function; it isn't asked of ReLUs with a threshold."""
    changed = []
    try:
        for op in operations:
            gradient = _gradient(op, rule)
            if gradient is not None:
                changed.append((op, op._gradient_function))
                op._gradient_function = gradient
        yield
    finally:
        for op, before in changed:
            op._gradient_function = before


def hidden(operations: Iterable[Any]) -> int:
    """How many ReLUs lie inside inner functions, where their gradient can't be replaced."""
    found = 0
    for op in operations:
        if op.type in _CALLS:
            function = op.graph._get_function(op.get_attr("f").name)
            inner = getattr(function, "graph", None)
            if inner is not None:
                inside = inner.get_operations()
                found += sum(_gradient(other, "guided") is not None for other in inside) + hidden(inside)
    return found


def own(op: Any, gradient: Any) -> Any:
    """The gradient that an operation has by itself."""
    return registry.gradient_registry.lookup(op.type)(op, gradient)


def _gradient(op: Any, rule: Rule | Gradient) -> Gradient | None:
    """The gradient of an operation by a rule; None where it is no ReLU."""
    if _is_threshold(op):
        return None if callable(rule) else _GRADIENTS[rule]
    if op.type not in _KINDS or _is_hard_sigmoid(op):
        return None
    negative = op.inputs[0].op.type == "Neg"
    x = op.inputs[0].op.inputs[0] if negative else op.inputs[0]
    slopes = [slope for other in _negatives(x) if (slope := _slope(other)) is not None]
    if any(slope.op.type != "Const" for slope in slopes):
        return None  # PReLU learns its slope
    plain = rule if callable(rule) else _GRADIENTS[rule]
    if negative and slopes:  # relu(x) - slope * relu(-x): the second half is handed the gradient times -slope
        return lambda op, gradient: -plain(op, -gradient)
    return plain


def _guided(op: Any, gradient: Any) -> Any:
    """What the operation's own gradient does with the positive part: the derivative of a leaky one stays."""
    return own(op, tf.nn.relu(gradient))


def _rectified(op: Any, gradient: Any) -> Any:
    passed = tf.nn.relu(gradient)
    return (None, passed, None) if op.type == "SelectV2" else passed


_GRADIENTS: dict[Rule, Gradient] = {"guided": _guided, "rectified": _rectified}


def _negatives(x: Any) -> list[Any]:
    """The ReLU operations on -x."""
    return [
        relu for negative in x.consumers() if negative.type == "Neg"
        for relu in negative.outputs[0].consumers() if relu.type in _KINDS
    ]  # fmt: skip


def _slope(op: Any) -> Any:
    """What the result of an operation is multiplied by, or None."""
    products = (other for other in op.outputs[0].consumers() if other.type == "Mul")
    return next((side for product in products for side in product.inputs if side is not op.outputs[0]), None)


def _is_threshold(op: Any) -> bool:
    """Whether this is where(x > a, x, 0) with a number a, as Keras writes a ReLU with a threshold."""
    if op.type != "SelectV2" or op.inputs[0].op.type != "Greater" or op.inputs[2].op.type != "Const":
        return False
    x, threshold = op.inputs[0].op.inputs
    return x is op.inputs[1] and threshold.op.type == "Const"


def _is_hard_sigmoid(op: Any) -> bool:
    """Whether this is the middle of relu6(x + 3) / 6."""
    if op.type != "Relu6" or op.inputs[0].op.type not in ("Add", "AddV2"):
        return False
    if not any(side.op.type == "Const" for side in op.inputs[0].op.inputs):
        return False
    scaled = [other for other in op.outputs[0].consumers() if other.type in ("RealDiv", "Mul")]
    return any(side.op.type == "Const" for other in scaled for side in other.inputs)
