"""keras.applications without weights: wired as Keras says, each activation its own, and pages that open in silence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from zoo import oracle
from zoo.applications import APPLICATIONS, SIX

from browser.pages import NewTab
from tensorview import applications
from tensorview.exporting import export
from tensorview.tracing import trace

NAMES = tuple(APPLICATIONS) if os.environ.get("TENSORVIEW_FULL") else SIX


def test_no_constructor_is_left_out() -> None:
    assert tuple(APPLICATIONS) == applications.names()


@pytest.mark.parametrize("name", NAMES)
def test_application(name: str, tmp_path: Path, new_tab: NewTab) -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    known = APPLICATIONS[name]
    model = getattr(keras.applications, name)(weights=None, input_shape=(known.side, known.side, 3))
    inputs = np.random.default_rng(7).uniform(0, 255, (1, known.side, known.side, 3)).astype("float32")
    run = trace(model, inputs)
    outermost = {group.id: group.layer for group in run.groups if group.group is None}
    layer = {node.id: outermost.get(node.id.split("/")[0], node.layer) for node in run.nodes}
    between = {(layer[source], layer[target]) for source, target in run.edges if layer[source] != layer[target]}
    assert between == wiring(model)
    assert (len(run.nodes), len(run.edges), model.count_params()) == (known.nodes, known.edges, known.parameters)
    assert run.notes == ()

    _, seen = oracle.run(model, inputs)
    for node in run.nodes:
        if node.class_name != "InputLayer":
            oracle.same(run.activation(node.id), seen[id(run.layer_of(node.id))][node.call], node.id)

    export(model, inputs, tmp_path / "page.html", methods=())
    state = new_tab().open(tmp_path / "page.html").state()
    assert state["open"] is not None


def wiring(model: Any) -> set[tuple[str, str]]:
    """The edges as Keras's own record of the Functional model has them; nested models count as one."""
    names = {operation.name for operation in model.operations}
    return {
        (tensor._keras_history.operation.name, operation.name)
        for operation in model.operations
        for call in operation._inbound_nodes
        for tensor in call.input_tensors
        if tensor._keras_history.operation.name in names
    }
