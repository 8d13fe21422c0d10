"""What is known of one layer call: its kind, the form of its output, the names of its axes, facts worth showing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tensorview.manifest import Fact, Form, Kind, Role

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one output is to be read: its form and the name of each axis, the batch left out.

    `channel_axis` is the place of the channel (or unit, or head) among `axes`; None where there is none.
    """

    form: Form
    axes: tuple[str, ...]
    channel_axis: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One layer call in the words of the page. `layout` holds form, axes and channel axis together."""

    kind: Kind
    role: Role
    layout: Layout
    facts: tuple[Fact, ...]
    note: str | None

    @property
    def form(self) -> Form:
        return self.layout.form

    @property
    def axes(self) -> tuple[str, ...]:
        return self.layout.axes

    @property
    def channel_axis(self) -> int | None:
        return self.layout.channel_axis


LayoutOf = Callable[[Any, Shape, tuple[Layout, ...]], Layout]
"""(layer, output shape without batch, layouts of the inputs where known) -> layout of the output."""

FactsOf = Callable[[Any], tuple[Fact, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A layer kind: all that tensorview needs to be told about a Keras class. One entry serves its subclasses too.

    `layout` None: by the rank of the output. `note` tells what is special about it, in one sentence.
    """

    kind: Kind
    role: Role = "layer"
    layout: LayoutOf | None = None
    wraps: bool = False
    """What comes out is the output of the layer in `layer.layer`, which knows its layout."""
    facts: FactsOf | None = None
    note: str | None = None
