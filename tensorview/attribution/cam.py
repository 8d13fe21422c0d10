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

_BETWEEN = {"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "Cast", "BiasAdd", "AddV2", "Add"}


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
        import tensorflow as tf

        layer = view.maps()
        between = view.between(layer.tensor)
        pooled = [op for op in between if op.type == "Mean"]
        products = [op for op in between if op.type == "MatMul"]
        others = [op for op in between if op.type not in _BETWEEN and op.type not in ("Mean", "MatMul")]
        over = tf.get_static_value(pooled[0].inputs[1]) if len(pooled) == 1 else None
        space = over is not None and {int(axis) % layer.tensor.shape.rank for axis in over} == set(layer.space)
        if not space or len(products) != 1 or others or view.function:
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
