"""Feature visualization: inputs made to maximise what a model computes. TensorFlow is imported when one is made."""

from __future__ import annotations

from typing import Any

from tensorview.visualization.objective import Objective, Term
from tensorview.visualization.objectives import (
    caricature,
    channel,
    direction,
    diversity,
    inversion,
    l2,
    layer,
    logit,
    lp_norm,
    neuron,
    total_variation,
)
from tensorview.visualization.optimiser import Adam, Momentum, Optimiser
from tensorview.visualization.parametrisation import Fourier, Parametrisation, Pixels
from tensorview.visualization.transforms import ROBUST, Jitter, Pad, Rotate, Scale, Transform

__all__ = [
    "ROBUST", "Adam", "Fourier", "Jitter", "Momentum", "Objective", "Optimiser", "Pad", "Parametrisation", "Pixels",
    "Rotate", "Scale", "Term", "Transform", "caricature", "channel", "direction", "diversity", "inversion", "l2",
    "layer", "logit", "lp_norm", "neuron", "total_variation", "visualize",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name != "visualize":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tensorview.visualization.make import visualize

    return visualize
