"""The zoo: each model's nodes, edges and nesting are those written by hand, its numbers those of a plain eager run.

What a model's file alone tells (`inspect --fast`) is held to the same graphs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from zoo import cases, oracle
from zoo.case import Case
from zoo.filed import tells_the_same

import tensorview as tv
from tensorview.manifest import NodeInfo

CASES = cases()


def built(case: Case) -> tuple[Any, Any]:
    keras.backend.clear_session()  # names that Keras counts begin anew
    keras.utils.set_random_seed(7)
    return case.build()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_graph_and_numbers(case: Case, tmp_path: Path) -> None:
    model, inputs = built(case)
    tells_the_same(case, model)
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
    assert [(edge.source, edge.target) for edge in bundle.manifest.edges] == list(run.edges)
    for index in range(len(bundle.manifest.samples)):
        for node in bundle.manifest.nodes:
            kept(bundle, node, first(run.activation(node.id)), index)


def kept(bundle: tv.Bundle, node: NodeInfo, values: np.ndarray | None, sample: int) -> None:
    """What the bundle has of one call is what the call returned, within half a step of its codes."""
    activation = next(item for item in bundle.manifest.samples[sample].activations if item.node == node.id)
    if activation.tensor is None:
        assert node.note, f"{node.id} has nothing to show and doesn't say why"
        assert values is None or values.dtype.kind in "OSU" or values.ndim == 0 or values.size == 0
        return
    assert values is not None
    expected = np.abs(values[sample]) if values.dtype.kind == "c" else values[sample].astype(np.float64)
    found = bundle.activation(node.id, sample)
    assert found.shape == expected.shape == node.shape
    quant, count = activation.tensor.quant, activation.tensor.shape[0]
    steps = 0.0 if quant is None else np.frombuffer(bundle.blob(activation.tensor.blob), "<f4", count, quant)
    finite = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    allowed = float(np.nanmax(np.abs(steps), initial=0.0)) / 2 * 1.001 + 2e-5 * finite + 1e-37
    np.testing.assert_allclose(found, expected, rtol=0, atol=allowed, err_msg=node.id)


def first(structure: Any) -> Any:
    """The tensor that is shown of several."""
    while isinstance(structure, tuple | dict):
        parts = [*(structure.values() if isinstance(structure, dict) else structure)]
        structure = next(part for part in parts if part is not None)
    return structure


@pytest.mark.parametrize("case", cases("numbers", "quantised"), ids=str)
def test_numbers_reach_the_page_and_json(case: Case, tmp_path: Path) -> None:
    model, inputs = built(case)
    tv.export(model, inputs, tmp_path / "page.html", methods=())
    assert b"</html>" in (tmp_path / "page.html").read_bytes()[-200:]
    tv.export(model, inputs, tmp_path / "run.json", format="json", methods=(), full=True)
    document = json.loads((tmp_path / "run.json").read_text())
    run = tv.trace(model, inputs)
    for index, sample in enumerate(document["samples"]):
        for activation in sample["activations"]:
            if "values" in activation:
                values = first(run.activation(activation["node"]))[index]
                expected = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
                found = np.array(activation["values"], dtype=object).astype(np.float64).reshape(activation["shape"])
                finite = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
                allowed = max(activation["precision"]) * 1.001 + 2e-5 * finite + 1e-37
                assert found.shape == expected.shape
                np.testing.assert_allclose(found, expected, rtol=0, atol=allowed, err_msg=activation["node"])
                summary = activation["summary"]
                assert summary["nan"] == np.isnan(expected).sum()
                assert summary["inf"] == np.isinf(expected).sum()
    weights(model, document)


def weights(model: Any, document: dict[str, Any]) -> None:
    """The kernel shown of a dense layer is the one that it reckons with: its answer to unit vectors says which."""
    for node in document["nodes"]:
        shown = [weight for weight in node["weights"] if weight["name"] == "kernel"]
        dense = [layer for layer in model._flatten_layers() if layer.name == node["layer"]]
        if not shown or type(dense[0]) is not keras.layers.Dense:
            continue
        units = np.eye(dense[0].input_spec.axes[-1], dtype="float32")
        expected = np.asarray(dense[0](units) - dense[0](units * 0), "float64")
        if dense[0].activation is not keras.activations.linear:
            continue
        near = 0.05 if dense[0].quantization_mode == "float8" else 2e-3
        allowed = max(shown[0]["precision"]) * 1.001 + near * np.abs(expected).max()
        np.testing.assert_allclose(np.array(shown[0]["values"]), expected, rtol=0, atol=allowed)
