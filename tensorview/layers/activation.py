"""Activations: they work value by value, so their axes are those of their input."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, activation, named, text
from tensorview.layers.layout import like_input, softmax
from tensorview.manifest import Fact


def _relu(layer: Any) -> Facts:
    facts = []
    if getattr(layer, "max_value", None) is not None:
        facts.append(Fact(name="maximum", value=text(float(layer.max_value))))
    if getattr(layer, "negative_slope", 0):
        facts.append(Fact(name="negative slope", value=text(float(layer.negative_slope))))
    if getattr(layer, "threshold", 0):
        facts.append(Fact(name="threshold", value=text(float(layer.threshold))))
    return tuple(facts)


ENTRIES = {
    "Activation": Entry(kind="activation", layout=like_input, facts=activation),
    "ReLU": Entry(kind="activation", layout=like_input, facts=_relu),
    "LeakyReLU": Entry(kind="activation", layout=like_input, facts=_relu),
    "PReLU": Entry(kind="activation", layout=like_input, facts=named(shared_axes="shared_axes")),
    "ELU": Entry(kind="activation", layout=like_input, facts=named(alpha="alpha")),
    "Softmax": Entry(kind="activation", layout=softmax, facts=named(axis="axis")),
}
