"""Which of Keras's layers make, hand on and use masks: a masked sequence adds edges to the graph."""

from __future__ import annotations

from typing import Any

MERGES = frozenset(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Concatenate"))
RECURRENT = frozenset(("RNN", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"))
HAND_ON = frozenset((
    "Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "ELU",
    "GaussianDropout", "GaussianNoise", "GroupNormalization", "GroupQueryAttention", "Identity",
    "LayerNormalization", "LeakyReLU", "MultiHeadAttention", "Normalization", "PReLU", "ReLU", "Rescaling", "Softmax",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "TimeDistributed", "UnitNormalization",
))  # fmt: skip
"""Layers whose output has the mask of their input."""
USE = frozenset((
    "AdditiveAttention", "Attention", "GlobalAveragePooling1D", "Maximum", "Minimum", "Multiply", "Softmax", *RECURRENT,
))  # fmt: skip
"""Layers whose result depends on the mask."""
TAKE = frozenset((*USE, "BatchNormalization", "Lambda", "TimeDistributed"))
"""Layers that are given it, also where it makes no difference to the result."""


def hands_on(name: str, config: dict[str, Any]) -> bool:
    """Whether the output of a layer of Keras has the mask of its only input."""
    if name in RECURRENT:
        inner = config.get("layer")
        own = inner.get("config") if name == "Bidirectional" and isinstance(inner, dict) else config
        return isinstance(own, dict) and bool(own.get("return_sequences"))
    return name in HAND_ON


def matters(name: str, config: dict[str, Any]) -> bool:
    """Whether the result of a layer of Keras depends on a mask that it is given."""
    inner = config.get("layer")
    if name == "TimeDistributed" and isinstance(inner, dict):
        return inner.get("class_name") in USE
    return name in USE or name == "Lambda"
