"""Layers that act in training only: in a forward pass they hand on what they are given."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import named
from tensorview.layers.layout import like_input

_DROP = Entry(kind="other", role="stub", layout=like_input, facts=named(rate="rate"))

ENTRIES = {
    "Dropout": _DROP,
    "AlphaDropout": _DROP,
    "GaussianDropout": _DROP,
    "SpatialDropout1D": _DROP,
    "SpatialDropout2D": _DROP,
    "SpatialDropout3D": _DROP,
    "GaussianNoise": Entry(kind="other", role="stub", layout=like_input, facts=named(deviation="stddev")),
    "ActivityRegularization": Entry(kind="other", role="stub", layout=like_input, facts=named(l1="l1", l2="l2")),
}
