"""A layer's activation function in the manifest's terms."""

from __future__ import annotations

from typing import Any

from tensorview.layers.facts import activation_name
from tensorview.manifest import Nonlinearity

PLAIN = {
    "relu", "relu6", "selu", "softplus", "softsign", "silu", "tanh", "sigmoid", "exponential", "hard_sigmoid",
    "hard_silu", "hard_tanh", "mish", "log_sigmoid", "tanh_shrink", "sparse_plus", "sparse_sigmoid",
}  # fmt: skip
"""Keras's activation functions without parameters of their own."""
ALONG = {"softmax", "log_softmax", "glu"}


def nonlinearity(layer: Any, rank: int) -> Nonlinearity | None:
    """A layer's `activation`; None for a linear one. Raises ValueError for one that isn't known."""
    name = activation_name(layer)
    if name is None:
        return None
    if name in PLAIN and str(getattr(layer.activation, "__module__", "")).startswith("keras."):
        return Nonlinearity(name=name)
    if name in ALONG:
        return Nonlinearity(name=name, axes=(rank - 1,))
    defaults = {
        "leaky_relu": (0.2,), "elu": (1.0,), "celu": (1.0,), "gelu": (0.0,), "squareplus": (4.0,),
        "soft_shrink": (0.5,), "hard_shrink": (0.5,),
    }  # fmt: skip
    if name in defaults:
        return Nonlinearity(name=name, numbers=defaults[name])
    raise ValueError(f"an activation {name!r}")
