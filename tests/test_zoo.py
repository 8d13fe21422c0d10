"""The zoo: each model's nodes, edges and nesting are those written by hand, its numbers those of a plain eager run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from zoo import cases, oracle
from zoo.case import Case

import tensorview as tv

CASES = cases()


def built(case: Case) -> tuple[Any, Any]:
    keras.backend.clear_session()  # names that Keras counts begin anew
    keras.utils.set_random_seed(7)
    return case.build()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_graph_and_numbers(case: Case, tmp_path: Path) -> None:
    model, inputs = built(case)
    run = tv.trace(model, inputs)
    expected = case.graph
    assert {node.id for node in run.nodes} == expected.nodes
    assert set(run.edges) == expected.edges
    assert {group.id for group in run.groups} == expected.groups
    assert ", ".join(map(str, run.output_ids)) == case.outputs
    for item in (*run.nodes, *run.groups):
        assert item.group == expected.around(item.id)
    place = {node.id: index for index, node in enumerate(run.nodes)}
    assert all(place[source] < place[target] for source, target in run.edges), "a node comes after what it reads"
    if case.note:
        assert any(case.note in note for note in run.notes), run.notes
    else:
        assert run.notes == ()

    outputs, seen = oracle.run(model, inputs)
    oracle.same(oracle.arrays(run.outputs), outputs, "the model's outputs")
    for item in (*run.nodes, *run.groups):
        if item.class_name not in ("InputLayer", "AttentionScores"):
            calls = seen[id(run.layer_of(item.id))]
            oracle.same(run.activation(item.id), calls[item.call], item.id)

    path = tmp_path / "run.tview"
    tv.export(model, inputs, path, format="tview")
    bundle = tv.open_bundle(path)
    assert [node.id for node in bundle.manifest.nodes] == [node.id for node in run.nodes]
    for node in bundle.manifest.nodes:
        assert len(node.axes) == len(node.shape)
        given = run.activation(node.id)
        whole = np.asarray(first(given)) if given is not None else None
        kept = bundle.manifest.samples[0].activations[place[node.id]] if bundle.manifest.samples else None
        if whole is not None and kept is not None and kept.tensor is not None:
            assert bundle.activation(node.id, 0).shape == whole.shape[1:]


def first(structure: Any) -> Any:
    while isinstance(structure, tuple | dict):
        structure = next(iter(structure.values() if isinstance(structure, dict) else structure))
    return structure
