"""What is written down of a run that the file tells: calls, edges, and what each value was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tensorview.errors import ModelError
from tensorview.fast.network import Layer, Network, tensors_in
from tensorview.naming import Names, without_counter

_MOST = 200_000
"""Calls of a whole model; shared models within shared models multiply."""


@dataclass(slots=True, eq=False)
class Value:
    """A tensor of a run: the calls that it was computed from, as far as they are met first; its mask's likewise."""

    sources: tuple[str, ...]
    mask: tuple[str, ...] | None = None


@dataclass(slots=True)
class Call:
    """A call as it will be a node or a group."""

    id: str
    layer: Layer
    call: int
    group: str | None
    shape: Any = None
    dtype: Any = None
    class_name: str = ""
    scores: bool = False


@dataclass(slots=True)
class Run:
    """All that was written down so far."""

    names: Names = field(default_factory=Names)
    calls: list[Call] = field(default_factory=list)
    groups: dict[str, Call] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)
    inner: dict[tuple[int, str], Layer] = field(default_factory=dict)


def begin(run: Run, layer: Layer, group: str | None) -> Call:
    """A call of a layer or operation, with the id that a trace would give it."""
    if len(run.calls) > _MOST:
        raise ModelError(f"it makes more than {_MOST:,} calls")
    number = run.counts.get(id(layer), 0)
    run.counts[id(layer)] = number + 1
    name = without_counter(layer.name) if layer.is_operation else layer.name
    return Call(run.names.of_call(group, id(layer), name), layer, number, group)


def end(run: Run, call: Call, values: Any, shape: tuple[Any, str | None] = (None, None)) -> Value:
    """A leaf call that was computed from `values`."""
    call.shape, call.dtype = shape
    run.calls.append(call)
    for given in values:
        for source in given.sources if isinstance(given, Value) else given:
            run.edges[source, call.id] = None
    return Value((call.id,))


def values_in(structure: Any) -> Iterator[Value]:
    """The values in a structure of arguments."""
    return (item for item in tensors_in(structure) if isinstance(item, Value))
