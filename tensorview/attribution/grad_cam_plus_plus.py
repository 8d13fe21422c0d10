"""Grad-CAM++ after Chattopadhyay et al. 2017."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tensorview.attribution.layer_method import WeightedMethod


@dataclass(frozen=True)
class GradCAMPlusPlus(WeightedMethod):
    """The maps of a layer, each weighted by the sum of its positive gradients, a point's share of which grows where the
    class rests on few points: alpha = g² / (2 g² + g³ ΣA).

    The paper differentiates exp(score); its factor exp(score) is the same for all maps of a sample and is left out.
    """

    name: ClassVar[str] = "grad_cam_plus_plus"
    title: ClassVar[str] = "Grad-CAM++"
    question: ClassVar[str] = "Which parts of the picture speak for the class, each of several objects of it?"
    paper: ClassVar[str] = "Chattopadhyay et al. 2017, Grad-CAM++, arXiv 1710.11063"

    def channel_weights(self, maps: Any, gradient: Any, space: tuple[int, ...]) -> Any:
        import tensorflow as tf

        total = tf.reduce_sum(maps, space, keepdims=True)
        # g² cancels: alpha = 1 / (2 + g ΣA) where g is not zero.
        alpha = tf.where(gradient > 0, tf.math.divide_no_nan(1.0, 2.0 + gradient * total), 0.0)
        return tf.reduce_sum(alpha * gradient, space)
