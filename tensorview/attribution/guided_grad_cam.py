"""Guided Grad-CAM after Selvaraju et al. 2016."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.grad_cam import GradCAM
from tensorview.attribution.input_method import SHOWN, shown
from tensorview.attribution.method import GradientMethod, Maps
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class GuidedGradCAM(GradientMethod):
    """Guided backpropagation times Grad-CAM brought to the input's size: the fine structures, of the class alone."""

    name: ClassVar[str] = "guided_grad_cam"
    title: ClassVar[str] = "Guided Grad-CAM"
    question: ClassVar[str] = "Which fine structures speak for the class?"
    paper: ClassVar[str] = "Selvaraju et al. 2016, Grad-CAM, arXiv 1610.02391"
    range: ClassVar[str] = "0 and up"
    looks_at_layer: ClassVar[bool] = True

    def by(self, view: View) -> Sequence[Any]:
        return GradCAM().by(view)

    def maps(self, view: View) -> Maps:
        import tensorflow as tf

        coarse = GradCAM().maps(view)
        if not coarse.at_input:
            raise OptionError(
                f"no input has the axes of layer {coarse.layer!r}, so its map can't be multiplied with one"
            )
        raw, values = {}, {}
        for name, fine in view.ruled("guided").items():
            if name in coarse.values:
                axis = view.channel_axis(name)
                cam = coarse.values[name]
                raw[name] = fine * (cam if axis is None else tf.expand_dims(cam, axis))
                values[name] = shown(raw[name], axis)
        steps = ("Grad-CAM in the input's size times guided backpropagation", *SHOWN)
        return Maps(values, raw, steps, coarse.layer, coarse.weights)
