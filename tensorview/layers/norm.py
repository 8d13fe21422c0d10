"""Normalisations with learned scales."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import named, together
from tensorview.layers.layout import normalised

_EPSILON = named(axis="axis", epsilon="epsilon")

ENTRIES = {
    "BatchNormalization": Entry(kind="norm", layout=normalised, facts=together(_EPSILON, named(momentum="momentum"))),
    "LayerNormalization": Entry(kind="norm", layout=normalised, facts=_EPSILON),
    "GroupNormalization": Entry(kind="norm", layout=normalised, facts=together(named(groups="groups"), _EPSILON)),
    "RMSNormalization": Entry(kind="norm", layout=normalised, facts=_EPSILON),
    "UnitNormalization": Entry(kind="norm", layout=normalised, facts=named(axis="axis")),
    "SpectralNormalization": Entry(kind="norm", wraps=True, facts=named(power_iterations="power_iterations")),
}
