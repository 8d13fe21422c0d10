"""XGrad-CAM after Fu et al. 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tensorview.attribution.layer_method import WeightedMethod


@dataclass(frozen=True)
class XGradCAM(WeightedMethod):
    """The maps of a layer, each weighted by the mean of its gradient over its points, a point counting as much as the
    map is strong there."""

    name: ClassVar[str] = "xgrad_cam"
    title: ClassVar[str] = "XGrad-CAM"
    question: ClassVar[str] = (
        "Which part of the picture speaks for the class, counted so that the maps add up to the score?"
    )
    paper: ClassVar[str] = "Fu et al. 2020, Axiom-based Grad-CAM, arXiv 2008.02312"

    def channel_weights(self, maps: Any, gradient: Any, space: tuple[int, ...]) -> Any:
        import tensorflow as tf

        return tf.math.divide_no_nan(tf.reduce_sum(maps * gradient, space), tf.reduce_sum(maps, space))
