"""Grad-CAM after Selvaraju et al. 2016."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tensorview.attribution.layer_method import WeightedMethod
from tensorview.attribution.parameters import parameter


@dataclass(frozen=True)
class GradCAM(WeightedMethod):
    """The maps of a layer, each weighted by the mean of the class score's gradient over it, added up; ReLU; 0..1."""

    name: ClassVar[str] = "grad_cam"
    title: ClassVar[str] = "Grad-CAM"
    question: ClassVar[str] = "Which part of the picture speaks for the class?"
    paper: ClassVar[str] = "Selvaraju et al. 2016, Grad-CAM, arXiv 1610.02391"

    counterfactual: bool = parameter(False, "show what speaks against the class, by the weights with their sign turned")

    def channel_weights(self, maps: Any, gradient: Any, space: tuple[int, ...]) -> Any:
        import tensorflow as tf

        weights = tf.reduce_mean(gradient, space)
        return -weights if self.counterfactual else weights
