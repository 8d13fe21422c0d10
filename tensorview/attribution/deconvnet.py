"""DeconvNet after Zeiler and Fergus 2013, as an attribution of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.input_method import SHOWN, shown
from tensorview.attribution.method import GradientMethod, Maps
from tensorview.attribution.parameters import parameter
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class DeconvNet(GradientMethod):
    """One channel of a layer goes down to the input: its strongest activation (or all of them) is kept, everything else
    is zero, and then come unpooling by the places of the maxima, ReLUs and transposed convolutions.

    Without `channel`, the one that adds most to the score by its maps and their gradient. `tensorview.deconvolve` shows
    the switches and the unpooled maps too.
    """

    name: ClassVar[str] = "deconvnet"
    title: ClassVar[str] = "DeconvNet"
    question: ClassVar[str] = "What in the picture made this channel fire?"
    paper: ClassVar[str] = "Zeiler and Fergus 2013, Visualizing and Understanding CNNs, arXiv 1311.2901"
    range: ClassVar[str] = "0 and up"
    looks_at_layer: ClassVar[bool] = True

    channel: int = parameter(-1, "channel of the layer; -1: the one that adds most to the score", minimum=-1)
    keep: str = parameter("strongest", "what is kept of the channel", choices=("strongest", "all"))

    def by(self, view: View) -> Sequence[Any]:
        return [view.maps().tensor] if self.channel < 0 else []

    def maps(self, view: View) -> Maps:
        import tensorflow as tf

        from tensorview.attribution.projection import begin, check_channel

        layer = view.maps()
        check_channel(layer, self.channel)
        if self.channel < 0:
            maps = tf.cast(layer.tensor, tf.float32)
            channel = tf.argmax(tf.reduce_sum(maps * view.gradient(layer.tensor, layer.id), layer.space), 1)
        else:
            channel = tf.fill([tf.shape(layer.tensor)[0]], self.channel)
        kept = begin(layer, channel, self.keep)
        inputs = view.inputs()
        raw, values = {}, {}
        for name, found in zip(inputs, view.down(layer.tensor, kept, list(inputs.values())), strict=True):
            if found is not None:
                raw[name] = found
                values[name] = shown(found, view.channel_axis(name))
        if not raw:
            raise OptionError(f"layer {layer.id!r} does not depend on the input by any gradient")
        return Maps(values, raw, (f"{self.keep} activation kept, the rest zero", *SHOWN), layer.id)
