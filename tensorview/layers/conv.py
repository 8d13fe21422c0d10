"""Convolutions."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, activation, named, text, together
from tensorview.layers.layout import spatial
from tensorview.manifest import Fact


def _window(layer: Any) -> Facts:
    facts = [
        Fact(name="kernel", value=text(layer.kernel_size)),
        Fact(name="stride", value=text(layer.strides)),
        Fact(name="padding", value=text(layer.padding)),
    ]
    if any(step != 1 for step in layer.dilation_rate):
        facts.append(Fact(name="dilation", value=text(layer.dilation_rate)))
    if getattr(layer, "groups", 1) != 1:
        facts.append(Fact(name="groups", value=text(layer.groups)))
    if getattr(layer, "data_format", None) == "channels_first":
        facts.append(Fact(name="data format", value="channels first"))
    return tuple(facts)


def _multiplier(layer: Any) -> Facts:
    multiplier = getattr(layer, "depth_multiplier", 1)
    return () if multiplier == 1 else (Fact(name="depth multiplier", value=text(multiplier)),)


_CONV = Entry(kind="conv", layout=spatial, facts=together(named(filters="filters"), _window, activation))
_DEPTHWISE = Entry(kind="depthwise", layout=spatial, facts=together(_multiplier, _window, activation))
_SEPARABLE = Entry(
    kind="conv",
    layout=spatial,
    facts=together(named(filters="filters"), _multiplier, _window, activation),
    note="a depthwise convolution and a pointwise one after it, in one layer",
)

ENTRIES = {
    "Conv1D": _CONV,
    "Conv2D": _CONV,
    "Conv3D": _CONV,
    "Conv1DTranspose": _CONV,
    "Conv2DTranspose": _CONV,
    "Conv3DTranspose": _CONV,
    "DepthwiseConv1D": _DEPTHWISE,
    "DepthwiseConv2D": _DEPTHWISE,
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
}
