"""Pooling."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import named
from tensorview.layers.layout import spatial

_POOL = Entry(kind="pool", layout=spatial, facts=named(window="pool_size", stride="strides", padding="padding"))
_GLOBAL = Entry(kind="pool", layout=spatial)
_ADAPTIVE = Entry(kind="pool", layout=spatial, facts=named(output_size="output_size"))

ENTRIES = {
    **{f"{how}Pooling{rank}D": _POOL for how in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Global{how}Pooling{rank}D": _GLOBAL for how in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Adaptive{how}Pooling{rank}D": _ADAPTIVE for how in ("Max", "Average") for rank in (1, 2, 3)},
}
