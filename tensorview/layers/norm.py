"""Normalisations with learned scales."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry, Layout, Shape
from tensorview.layers.facts import named, together
from tensorview.layers.layout import by_rank, normalised
from tensorview.layers.wrapped import inner_layout


def _wrapped(layer: Any, shape: Shape, inputs: tuple[Layout, ...]) -> Layout:
    return inner_layout(layer, shape, inputs) or by_rank(layer, shape)


_EPSILON = named(axis="axis", epsilon="epsilon")

ENTRIES = {
    "BatchNormalization": Entry(kind="norm", layout=normalised, facts=together(_EPSILON, named(momentum="momentum"))),
    "LayerNormalization": Entry(kind="norm", layout=normalised, facts=_EPSILON),
    "GroupNormalization": Entry(kind="norm", layout=normalised, facts=together(named(groups="groups"), _EPSILON)),
    "RMSNormalization": Entry(kind="norm", layout=normalised, facts=_EPSILON),
    "UnitNormalization": Entry(kind="norm", layout=normalised, facts=named(axis="axis")),
    "SpectralNormalization": Entry(kind="norm", layout=_wrapped, facts=named(power_iterations="power_iterations")),
}
