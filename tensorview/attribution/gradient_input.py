"""Gradient times input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.input_method import InputMethod
from tensorview.attribution.method import Maps

if TYPE_CHECKING:
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class GradientInput(InputMethod):
    """The input times the gradient of the score by it, summed over channels: for a linear model without bias these
    shares add up to the score. `.values` are signed."""

    name: ClassVar[str] = "gradient_input"
    title: ClassVar[str] = "Gradient x input"
    question: ClassVar[str] = "How much does each pixel, as bright as it is, add to the class score?"
    paper: ClassVar[str] = "Shrikumar et al. 2016, Not Just a Black Box, arXiv 1605.01713"
    range: ClassVar[str] = "signed, in score"
    signed: ClassVar[bool] = True

    def raw(self, view: View, name: str, tensor: Any) -> Any:
        import tensorflow as tf

        return tf.cast(tensor, tf.float32) * view.gradient(tensor, name)

    def maps(self, view: View) -> Maps:
        inputs = view.inputs()
        raw = {name: self.raw(view, name, tensor) for name, tensor in inputs.items()}
        return Maps({name: summed(raw[name], view.channel_axis(name)) for name in inputs}, raw, SUMMED)


SUMMED = ("summed over channels",)


def summed(raw: Any, channel_axis: int | None) -> Any:
    """Shares of a score without the channels, which add up to the same."""
    import tensorflow as tf

    return tf.convert_to_tensor(raw) if channel_axis is None else tf.reduce_sum(raw, channel_axis)
