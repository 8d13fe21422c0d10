"""A model of the zoo and what is expected of its trace."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Built = tuple[Any, Any]
"""A model and its inputs."""


@dataclass(frozen=True)
class Graph:
    """Nodes, edges and groups by id."""

    nodes: frozenset[str]
    edges: frozenset[tuple[str, str]]
    groups: frozenset[str]

    def around(self, name: str) -> str | None:
        """The group that a node or group lies in."""
        before = name.rpartition("/")[0]
        return before if before in self.groups else None


@dataclass(frozen=True)
class Case:
    """One model. `graph` is written by hand, a chain a line: "x -> a -> b" or "a, b -> sum"; "a/b" is b in group a.

    outputs: the node of each output of the model. note: what the trace must say, beside which it says nothing.
    """

    name: str
    family: str
    says: str
    text: str
    outputs: str
    note: str
    build: Callable[[], Built]

    @property
    def graph(self) -> Graph:
        return parse(self.text)

    def __str__(self) -> str:
        return f"{self.family}-{self.name}"


collected: list[Case] = []


def case(
    says: str, graph: str, outputs: str, *, note: str = ""
) -> Callable[[Callable[[], Built]], Callable[[], Built]]:
    """Adds what this function builds to the zoo."""

    def add(build: Callable[[], Built]) -> Callable[[], Built]:
        family = build.__module__.rpartition(".")[2]
        collected.append(Case(build.__name__, family, says, graph, outputs, note, build))
        return build

    return add


def parse(text: str) -> Graph:
    nodes: set[str] = set()
    edges: set[tuple[str, str]] = set()
    for line in text.strip().splitlines():
        steps = [_names(step) for step in line.split("->")]
        nodes.update(name for step in steps for name in step)
        for before, after in itertools.pairwise(steps):
            edges.update((source, target) for source in before for target in after)
    groups = set()
    for name in nodes:
        while "/" in name:
            name = name.rpartition("/")[0]  # noqa: PLW2901
            groups.add(name)
    return Graph(frozenset(nodes), frozenset(edges), frozenset(groups - nodes))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def noise(*shape: int, seed: int = 7) -> np.ndarray:
    """float32 from a normal distribution."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")
