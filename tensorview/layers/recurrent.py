"""Recurrent layers, their cells, and the wrappers that run a layer over time."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, activation, flags, named, text, together
from tensorview.layers.layout import conv_recurrent, recurrent, timed
from tensorview.manifest import Fact


def _gates(layer: Any) -> Facts:
    found = getattr(layer, "recurrent_activation", None)
    name = getattr(found, "__name__", None)
    return () if name is None else (Fact(name="recurrent activation", value=name),)


def _wrapped(layer: Any) -> Facts:
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    if inner is None:
        return ()
    units = getattr(inner, "units", None) or getattr(inner, "filters", None)
    size = "" if units is None else f", {units}"
    return (Fact(name="wraps", value=f"{type(inner).__name__}{size}"),)


def _cells(layer: Any) -> Facts:
    cell = getattr(layer, "cell", layer)
    cells = getattr(cell, "cells", None) or [cell]
    sizes = [f"{type(one).__name__} {text(getattr(one, 'units', ''))}".strip() for one in cells]
    return (Fact(name="cell", value=", ".join(sizes)),)


_RUN = flags(returns_sequences="return_sequences", backwards="go_backwards", stateful="stateful")
_UNITS = together(named(units="units"), activation, _gates)
_RECURRENT = Entry(kind="recurrent", layout=recurrent, facts=together(_UNITS, _RUN))
_CELL = Entry(kind="recurrent", layout=recurrent, facts=_UNITS)
_CONV = Entry(
    kind="recurrent",
    layout=conv_recurrent,
    facts=together(
        named(filters="filters", kernel="kernel_size", stride="strides", padding="padding"), activation, _gates, _RUN
    ),
)

ENTRIES = {
    "LSTM": _RECURRENT,
    "GRU": _RECURRENT,
    "SimpleRNN": _RECURRENT,
    "RNN": Entry(kind="recurrent", layout=recurrent, facts=together(_cells, _RUN)),
    "LSTMCell": _CELL,
    "GRUCell": _CELL,
    "SimpleRNNCell": _CELL,
    "StackedRNNCells": Entry(kind="recurrent", layout=recurrent, facts=_cells),
    "ConvLSTM1D": _CONV,
    "ConvLSTM2D": _CONV,
    "ConvLSTM3D": _CONV,
    "Bidirectional": Entry(kind="recurrent", layout=recurrent, facts=together(_wrapped, named(merge="merge_mode"))),
    "TimeDistributed": Entry(kind="other", layout=timed, facts=_wrapped),
}
