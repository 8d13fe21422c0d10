"""Fully connected layers."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, activation, named, together
from tensorview.layers.layout import along_last, heads
from tensorview.manifest import Fact


def _quantised(layer: Any) -> Facts:
    mode = getattr(layer, "quantization_mode", None)
    facts = [] if mode is None else [Fact(name="quantised", value=str(mode))]
    if getattr(layer, "lora_enabled", False):
        facts.append(Fact(name="LoRA rank", value=str(getattr(layer, "lora_rank", None))))
    return tuple(facts)


ENTRIES = {
    "Dense": Entry(kind="dense", layout=along_last, facts=together(named(units="units"), activation, _quantised)),
    "EinsumDense": Entry(
        kind="dense", layout=heads, facts=together(named(equation="equation"), activation, _quantised)
    ),
}
