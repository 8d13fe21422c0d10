"""What a model's file alone tells of it, held to the graph that was written by hand."""

from __future__ import annotations

import json
import warnings
from typing import Any

from tensorview.fast.walk import outline
from zoo.case import Case

OTHERWISE = {"optional_input": "the file tells of an input that is optional, also where none is given"}
"""Models whose file tells another graph than one run, and why."""


def configuration(model: Any) -> dict[str, Any] | None:
    """A model's configuration as its file has it. None for a class of the test's own that Keras can't write down."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of lambdas
        try:
            found: dict[str, Any] = json.loads(model.to_json())
        except NotImplementedError:
            return None
    return found


def tells_the_same(case: Case, model: Any) -> None:
    """Asserts that the file tells the graph of the case; of classes of its own, what is outside them."""
    config = configuration(model)
    if config is None or case.name in OTHERWISE:
        return
    told = outline(config)
    if not told.nodes:
        assert not type(model).__module__.startswith("keras."), "only a class of one's own hides everything"
        assert "class of its own" in told.notes[0]
        return

    def seen(name: str) -> str:
        """What the outline has of a node: a class of its own is one node."""
        return next((own for own in told.unknown if name == own or name.startswith(f"{own}/")), name)

    graph = case.graph
    edges = {(seen(source), seen(target)) for source, target in graph.edges}
    # What such a class does to its input beside its inner layers is an edge past it in a trace.
    past = {
        (source, target)
        for own in told.unknown
        for source, before in told.edges
        for after, target in told.edges
        if before == after == own
    }
    assert {node.id for node in told.nodes} == {seen(name) for name in graph.nodes}
    assert set(told.edges) == {edge for edge in edges if edge[0] != edge[1]} - (past - set(told.edges))
    assert {group.id for group in told.groups} == {name for name in graph.groups if seen(name) == name} - {
        *told.unknown
    }
    assert ", ".join(map(str, told.output_ids)) == ", ".join(seen(name) for name in case.outputs.split(", "))
    assert bool(told.notes) == bool(told.unknown)
