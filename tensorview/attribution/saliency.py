"""Saliency maps after Simonyan et al. 2013."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import GradientMethod, Maps

if TYPE_CHECKING:
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class Saliency(GradientMethod):
    """The gradient of the class score by the input; shown is the maximum of its absolute value over channels.

    `.raw` is the signed gradient itself, shaped as the input. An input without channels shows the absolute value.
    """

    name: ClassVar[str] = "saliency"
    title: ClassVar[str] = "Saliency"
    question: ClassVar[str] = "Which pixels change the class score most when they change a little?"
    paper: ClassVar[str] = "Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional Networks, arXiv 1312.6034"
    range: ClassVar[str] = "0 and up, in score per unit of input"
    looks_at_layer: ClassVar[bool] = False

    def by(self, view: View) -> Sequence[Any]:
        return list(view.inputs().values())

    def maps(self, view: View) -> Maps:
        import tensorflow as tf

        raw, values = {}, {}
        for name, tensor in view.inputs().items():
            raw[name] = view.gradient(tensor, name)
            channel = view.features.input_channel_axis(name)
            strength = tf.abs(raw[name])
            values[name] = strength if channel is None else tf.reduce_max(strength, channel)
        return Maps(values, raw, ("absolute value", "maximum over channels"))
