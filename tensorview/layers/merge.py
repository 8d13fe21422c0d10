"""Layers where several lines meet."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import flags, named, together
from tensorview.layers.layout import like_input

_VALUE_BY_VALUE = Entry(kind="merge", role="merge", layout=like_input)

ENTRIES = {
    "Add": _VALUE_BY_VALUE,
    "Subtract": _VALUE_BY_VALUE,
    "Multiply": _VALUE_BY_VALUE,
    "Average": _VALUE_BY_VALUE,
    "Maximum": _VALUE_BY_VALUE,
    "Minimum": _VALUE_BY_VALUE,
    "Concatenate": Entry(kind="merge", role="merge", layout=like_input, facts=named(axis="axis")),
    "Dot": Entry(kind="merge", role="merge", facts=together(named(axes="axes"), flags(normalised="normalize"))),
}
