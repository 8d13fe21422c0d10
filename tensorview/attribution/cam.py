"""Class activation mapping after Zhou et al. 2015."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.layer_method import WeightedMethod
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.features import FeatureMaps
    from tensorview.attribution.view import View

_ADDING = ("BiasAdd", "AddV2", "Add")
_BETWEEN = {"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "Cast", *_ADDING}


@dataclass(frozen=True)
class CAM(WeightedMethod):
    """The maps before a global average pooling, each weighted as the one dense layer behind it weights it for the
    class: the map's mean, plus the bias, is the score.

    Raises OptionError for a model of another shape, which is Grad-CAM's to explain.
    """

    name: ClassVar[str] = "cam"
    title: ClassVar[str] = "CAM"
    question: ClassVar[str] = "Which part of the picture is the score the sum of?"
    paper: ClassVar[str] = "Zhou et al. 2015, Learning Deep Features for Discriminative Localization, arXiv 1512.04150"

    def layers(self, view: View) -> Sequence[FeatureMaps]:
        return [view.maps()]

    def by(self, view: View) -> Sequence[Any]:
        layer = view.maps()
        if not pooled_and_dense(view, layer):
            raise OptionError(
                f"CAM needs a global average pooling and one dense layer between {layer.id!r} and the class scores; "
                "grad_cam and hires_cam give the same on such models and work on others too"
            )
        return [layer.tensor]

    def channel_weights(self, maps: Any, gradient: Any, space: tuple[int, ...]) -> Any:
        import tensorflow as tf

        # Behind an average over Z points the gradient is the dense layer's weight over Z, the same at each of them.
        known = [maps.shape[axis] for axis in space]
        points = math.prod(known) if None not in known else tf.reduce_prod(tf.gather(tf.shape(maps), space))
        return tf.reduce_mean(gradient, space) * tf.cast(points, tf.float32)


def pooled_and_dense(view: View, layer: FeatureMaps) -> bool:
    """Whether nothing but an average over all positions and one dense layer lie between these maps and the scores."""
    import numpy as np
    import tensorflow as tf

    between = view.between(layer.tensor)
    pooled = [op for op in between if op.type == "Mean"]
    products = [op for op in between if op.type == "MatMul"]
    others = [op for op in between if op.type not in _BETWEEN and op.type not in ("Mean", "MatMul")]
    over = tf.get_static_value(pooled[0].inputs[1]) if len(pooled) == 1 else None
    axes = set() if over is None else {int(axis) % layer.tensor.shape.rank for axis in np.ravel(over)}
    space = axes == set(layer.space)
    return space and len(products) == 1 and not others and not view.function


def dense_bias(view: View, layer: FeatureMaps) -> Any:
    """The bias (N,) of the explained class in a head of `pooled_and_dense`; None for another head, or one that adds
    something else on the way."""
    import tensorflow as tf

    if not pooled_and_dense(view, layer):
        return None
    between = set(view.between(layer.tensor))
    tensor, added, multiplied = view.output.tensor, [], False
    while tensor is not layer.tensor:
        op = tensor.op
        onward = [t for t in op.inputs if t is layer.tensor or t.op in between]
        if op.type in _ADDING:
            added += [] if len(onward) != 1 else [t for t in op.inputs if t is not onward[0]]
            if multiplied or len(onward) != 1:
                return None
        multiplied = multiplied or op.type == "MatMul"
        tensor = onward[0]
    if any((t.shape.rank or 0) != 1 for t in added):
        return None
    bias = tf.add_n([tf.cast(t, tf.float32) for t in added]) if added else tf.zeros(tf.shape(view.output.scores)[1:])
    if view.output.binary and added:
        bias = tf.concat([-bias, bias], 0)
    return tf.gather(bias, view.index)
