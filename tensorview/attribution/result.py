"""The result of one attribution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerMaps:
    """A method's map on one layer, at its size: `raw` signed, float32 (N, ...), `values` 0..1 after ReLU, each sample
    over its own maximum; `weights` (N, channels), None where the method has none."""

    raw: Array
    weights: Array | None

    @property
    def values(self) -> Array:
        positive = np.maximum(self.raw, 0)
        peak = positive.max(axis=tuple(range(1, positive.ndim)), keepdims=True, initial=0)
        scaled: Array = np.divide(positive, peak, out=np.zeros_like(positive), where=peak > 0)
        return scaled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """A method's answer for a batch of N samples. All arrays are NumPy, float32 where not said otherwise.

    values: what the method's paper shows, at the input's size: (N, H, W) for images, (N, T) for 1-D signals, a dict by
        input name for a model with several inputs. Saliency is not normalised; CAMs are 0..1, each sample by itself.
    raw: signed, before ReLU, normalisation and resizing: saliency's gradient in the input's shape (a dict for several
        inputs), a CAM's weighted sum at its layer's size.
    target: the class that was explained for each sample, int64 (N,); -1 for a target given as a callable.
    layer: the node id of the layer looked at, None for methods that look at the input only.
    score: the score that was explained, (N,). score_note: which quantity it is. activation: what it was taken before
        ("softmax", "log_softmax", "sigmoid" or "none"). output: the name of the output that it belongs to.
    weights: the weight of each channel of the layer, (N, channels) (Grad-CAM's alpha); None where there are none.
    delta: by how much the sum of the shares misses the score's difference from the baseline's, (N,): the convergence
        delta of integrated gradients; None for methods whose shares need not add up.
    steps: what was done from raw to values, in order. blank: (N,) bool, true where the map is zero everywhere.
    parameters: the method's parameters as used.
    layers: where all layers were asked for, the map on each by its node id, in call order; else empty.
    """

    method: str
    target: Array
    output: str
    layer: str | None
    values: Array | dict[str, Array]
    raw: Array | dict[str, Array]
    score: Array
    score_note: str
    activation: str
    weights: Array | None
    delta: Array | None
    steps: tuple[str, ...]
    blank: Array
    parameters: dict[str, Any] = field(default_factory=dict)
    layers: dict[str, LayerMaps] = field(default_factory=dict)
