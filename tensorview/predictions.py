"""What the model said, in words: the best classes of each output for each sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tensorview.manifest import ClassScore, Prediction

TOP = 10

LastActivation = Literal["softmax", "log_softmax", "sigmoid", "none"]


def predict(
    *,
    name: str,
    node: str,
    values: np.ndarray,
    activation: LastActivation,
    scores: np.ndarray | None,
    labels: Sequence[str] | None,
) -> Prediction:
    """One output of one sample. values: without batch; scores: the same before the last activation, where known."""
    values = np.asarray(values)  # NumPy has no scalars of text: one alone comes as bytes
    flat = np.asarray(values, dtype=np.float64).reshape(-1) if values.dtype.kind in "fiub" else np.zeros(0)
    kind: Literal["classes", "binary", "values", "map"]
    if values.ndim > 1:
        kind = "map"
    elif activation == "sigmoid" and flat.size == 1:
        kind = "binary"
    elif flat.size > 1 and (activation != "none" or (labels is not None and len(labels) == flat.size)):
        kind = "classes"
    else:
        kind = "values"
    top: tuple[ClassScore, ...] = ()
    if kind != "map":
        # Classes by how likely they are; plain values in their own order.
        order: Any = np.argsort(-flat, kind="stable") if kind == "classes" else np.arange(flat.size)
        named = labels is not None and len(labels) == flat.size
        raw = None if scores is None or scores.size != flat.size else np.asarray(scores, np.float64).reshape(-1)
        top = tuple(
            ClassScore(
                index=int(i),
                label=str(labels[i]) if named and labels is not None else str(int(i)),
                value=float(flat[i]),
                score=None if raw is None or not np.isfinite(raw[i]) else float(raw[i]),
            )
            for i in order[:TOP]
            if np.isfinite(flat[i])
        )
    return Prediction(name=name, node=node, kind=kind, activation=activation, total=int(flat.size), top=top)


def activation_of(layer: Any) -> LastActivation:
    """The last activation as a layer's own setting tells it; for when no trace has looked for it."""
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    found: dict[str, LastActivation] = {"softmax": "softmax", "log_softmax": "log_softmax", "sigmoid": "sigmoid"}
    if name in found:
        return found[name]
    return "softmax" if type(layer).__name__ == "Softmax" else "none"
