"""Every class of keras.layers is known, runs in a trace and reaches a bundle with its own numbers."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from test_layers import all_layers
from test_zoo import kept
from zoo import oracle
from zoo.every_layer import PLAIN, WITHOUT, Alone, every_layer
from zoo.filed import configuration

import tensorview as tv
from tensorview.fast.walk import outline
from tensorview.layers.stored import first

EVERY = list(every_layer())


def test_no_class_of_keras_layers_is_left_out() -> None:
    covered = {alone.name for alone in EVERY}
    assert {item.__name__ for item in all_layers()} - WITHOUT.keys() == covered | {"TFSMLayer"}


@pytest.mark.parametrize("alone", EVERY, ids=lambda alone: alone.name)
def test_each_layer(alone: Alone, tmp_path: Path) -> None:
    keras.utils.set_random_seed(7)
    model = alone.model()
    inputs = alone.inputs if len(alone.inputs) > 1 else alone.inputs[0]
    run = tv.trace(model, inputs)
    if (config := configuration(model)) is not None:
        told = outline(config)
        whole = set(told.edges) == set(run.edges) and [n.id for n in told.nodes] == [n.id for n in run.nodes]
        assert whole or told.unknown, "what the file tells is neither the graph nor said to be less"
    outputs, seen = oracle.run(model, inputs)
    oracle.same(oracle.arrays(run.outputs), outputs, "outputs")
    [item] = [item for item in (*run.nodes, *run.groups) if run.layer_of(item.id) is alone.layer]
    oracle.same(run.activation(item.id), seen[id(alone.layer)][0], item.id)

    tv.export(model, inputs, tmp_path / "run.tview", format="tview", methods=())
    bundle = tv.open_bundle(tmp_path / "run.tview")
    assert bundle.manifest.notes == ()
    for index in range(len(bundle.manifest.samples)):
        for node in bundle.manifest.nodes:
            kept(bundle, node, first(run.activation(node.id)), index)
    known = {found.id: found for found in (*bundle.manifest.nodes, *bundle.manifest.groups)}[item.id]
    assert known.facts or getattr(known, "note", None) or alone.name in PLAIN.split(), "nothing is said of it"
    if "hands on what it is given" in (getattr(known, "note", None) or ""):
        np.testing.assert_array_equal(run.activation(item.id), alone.inputs[0])
    if item in run.nodes:
        node = bundle.node(item.id)
        assert (node.form, node.axes) == (alone.form, tuple(alone.axes.split()))
        assert node.kind != "other" or not alone.layer.weights or alone.name == "TimeDistributed"
    params = sum(int(np.prod(weight.shape)) for weight in alone.layer.weights)
    assert known.params == params


def test_a_layer_around_a_saved_model(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(2)])
    inner.export(tmp_path / "saved", verbose=False)
    layer = keras.layers.TFSMLayer(tmp_path / "saved", call_endpoint="serve", name="saved")
    x = keras.Input((4,), name="x")
    model = keras.Model(x, keras.layers.Dense(1, name="y")(layer(x)))
    inputs = np.random.default_rng(7).normal(size=(2, 4)).astype("float32")
    run = tv.trace(model, inputs)
    assert set(run.edges) == {("x", "saved"), ("saved", "y")}
    np.testing.assert_allclose(run.activation("saved"), inner(inputs), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.outputs, model(inputs), rtol=1e-5, atol=1e-6)
