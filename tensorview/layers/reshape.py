"""Layers that move values without changing them, and upsampling, which repeats them."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import named
from tensorview.layers.layout import permuted, spatial

_CROP = Entry(kind="reshape", role="stub", layout=spatial, facts=named(cropping="cropping"))
_PAD = Entry(kind="reshape", role="stub", layout=spatial, facts=named(padding="padding"))

ENTRIES = {
    "Flatten": Entry(kind="reshape", role="stub"),
    "Reshape": Entry(kind="reshape", role="stub", facts=named(target_shape="target_shape")),
    "Permute": Entry(kind="reshape", role="stub", layout=permuted, facts=named(order="dims")),
    "RepeatVector": Entry(kind="reshape", role="stub", facts=named(times="n")),
    "UpSampling1D": Entry(kind="reshape", layout=spatial, facts=named(size="size")),
    "UpSampling2D": Entry(kind="reshape", layout=spatial, facts=named(size="size", interpolation="interpolation")),
    "UpSampling3D": Entry(kind="reshape", layout=spatial, facts=named(size="size")),
    **{f"Cropping{rank}D": _CROP for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": _PAD for rank in (1, 2, 3)},
}
