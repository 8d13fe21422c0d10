"""Files of Keras 2: what Keras 3 refuses of them, or reads as something else, is mended; what it can't be is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from modelfiles import refused

from tensorview.exporting import make_bundle
from tensorview.loading import load_model, origin
from tensorview.tracing import trace

INITIALISER = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}


def input_layer(name: str, *shape: int) -> dict[str, Any]:
    config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False, "name": name}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def layer(class_name: str, name: str, nodes: Any, **config: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", **config}
    return {"class_name": class_name, "config": config, "name": name, "inbound_nodes": nodes}


def functional(layers: list[Any], outputs: list[str], call: int = 0) -> dict[str, Any]:
    inputs = [[item["name"], 0, 0] for item in layers if item["class_name"] == "InputLayer"]
    ends = {"input_layers": inputs, "output_layers": [[name, call, 0] for name in outputs]}
    return {"class_name": "Functional", "config": {"name": "old", "layers": layers, **ends}}


def saved(path: Path, config: dict[str, Any], like: Any, version: str | None = "2.4.0") -> Path:
    """A file as Keras 2 wrote it: its configuration, with the weights of a model of today."""
    like.save(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps(config)
        del file.attrs["keras_version"]
        if version:
            file.attrs["keras_version"] = version
    return path


def test_recurrent_layers_and_their_hard_sigmoid(tmp_path: Path) -> None:
    """Keras 2's hard sigmoid is not the one that Keras 3 has under this name."""

    def hard(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0, 1)

    like = keras.Sequential([keras.Input((5, 3)), keras.layers.LSTM(4, recurrent_activation=hard)])
    lstm = layer(
        "LSTM", "lstm", [[["x", 0, 0, {}]]], units=4, recurrent_activation="hard_sigmoid", time_major=False,
        implementation=1, kernel_initializer=INITIALISER,
    )  # fmt: skip
    config = functional([input_layer("x", 5, 3), lstm], ["lstm"])
    model = load_model(saved(tmp_path / "lstm.h5", config, like))
    x = np.random.default_rng(7).normal(size=(2, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(model(x), like(x), rtol=1e-5, atol=1e-6)
    came = origin(model)
    assert came is not None
    assert "time_major" in came.notes[0]
    assert any("Keras 2.4.0" in note for note in make_bundle(model, x, methods=()).manifest.notes)


@pytest.mark.parametrize("version", ["1.2.2", "2.1.6", None])
def test_a_sequential_from_before_inputs_were_layers(tmp_path: Path, version: str | None) -> None:
    like = keras.Sequential(
        [keras.Input((6, 6, 2)), keras.layers.DepthwiseConv2D(3), keras.layers.BatchNormalization()]
    )
    first = layer("DepthwiseConv2D", "a/b", [], kernel_size=[3, 3], groups=1, batch_input_shape=[None, 6, 6, 2])
    config = {"class_name": "Sequential", "config": [first, layer("BatchNormalization", "bn", [], axis=[3])]}
    model = load_model(saved(tmp_path / "old.h5", config, like, version))
    x = np.ones((1, 6, 6, 2), np.float32)
    np.testing.assert_allclose(model(x), like(x), rtol=1e-5)
    assert [item.name for item in model.layers] == ["a_b", "bn"]


def test_operations_of_tensorflow_between_layers(tmp_path: Path) -> None:
    x = keras.Input((4, 6))
    like = keras.Model(x, keras.layers.Dense(2, name="dense")(x))
    layers = [
        input_layer("x", 4, 6),
        layer("TFOpLambda", "double", [["x", 0, 0, {"y": 2.0, "name": None}]], function="math.multiply"),
        layer(
            "SlicingOpLambda", "part", [["double", 0, 0, {"slice_spec": [
                {"start": None, "stop": None, "step": None}, 0, {"start": 0, "stop": 6, "step": None}]}]],
            function="__operators__.getitem",
        ),
        layer("TFOpLambda", "shape", [["x", 0, 0, {"out_type": "int32", "name": None}]], function="compat.v1.shape"),
        layer("SlicingOpLambda", "batch", [["shape", 0, 0, {"slice_spec": 0}]], function="__operators__.getitem"),
        layer("TFOpLambda", "flat", [["part", 0, 0, {"shape": [["batch", 0, 0], 6]}]], function="reshape"),
        layer("TFOpLambda", "rest", [["_CONSTANT_VALUE", -1, 1.0, {"y": ["flat", 0, 0]}]], function="math.subtract"),
        layer("Dense", "dense", [[["rest", 0, 0, {}]]], units=2, kernel_initializer=INITIALISER),
        layer("TFOpLambda", "both", [[["dense", 0, 0, {"axis": -1}], ["flat", 0, 0, {"axis": -1}]]], function="concat"),
    ]  # fmt: skip
    model = load_model(saved(tmp_path / "ops.h5", functional(layers, ["both"]), like))
    given = np.random.default_rng(7).normal(size=(3, 4, 6)).astype(np.float32)
    flat = 2 * given[:, 0]
    expected = np.concatenate([like.layers[1](1 - flat), flat], axis=-1)
    np.testing.assert_allclose(model(given), expected, rtol=1e-5)
    edges = set(trace(model, given).edges)
    assert {("x", "double"), ("double", "part"), ("rest", "dense"), ("dense", "both"), ("flat", "both")} <= edges


def test_calls_of_a_nested_sequential_are_counted_as_keras_2_did(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)], name="inner")
    x = keras.Input((4,), name="x")
    first = inner(x)
    like = keras.Model(x, [first, inner(first)])
    nested = {
        "class_name": "Sequential", "name": "inner", "inbound_nodes": [[["x", 0, 0, {}]], [["inner", 1, 0, {}]]],
        "config": {"name": "inner", "layers": [layer("Dense", "d", [], units=4, batch_input_shape=[None, 4])]},
    }  # fmt: skip
    config = functional([input_layer("x", 4), nested], ["inner", "inner"])
    config["config"]["output_layers"] = [["inner", 1, 0], ["inner", 2, 0]]
    model = load_model(saved(tmp_path / "nested.h5", config, like))
    given = np.ones((1, 4), np.float32)
    for ours, theirs in zip(model(given), like(given), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (
            layer("LocallyConnected1D", "a", [[["x", 0, 0, {}]]], filters=2),
            "LocallyConnected1D, which Keras 3 no longer",
        ),
        (layer("LSTM", "a", [[["x", 0, 0, {}]]], units=4, time_major=2), "time_major=2"),
        (layer("TFOpLambda", "a", [["x", 0, 0, {}]], function="io.write_file"), "'io.write_file'"),
        (layer("TFOpLambda", "a", [["x", 0, 0, {}]], function="py_function"), "'py_function'"),
        (layer("TFOpLambda", "a", [["x", 0, 0, {}]], function="__class__"), "'__class__'"),
        (layer("Mine", "a", [[["x", 0, 0, {}]]]), "--import"),
        (layer("Dense", "a", [[["nowhere", 0, 0, {}]]], units=2), "could not be loaded"),
        (layer("Dense", "a", 7, units=2), "none of Keras 2"),
        ({"class_name": "Dense", "config": 3, "name": "a", "inbound_nodes": []}, "there is not"),
    ],
)
def test_what_cannot_be_mended_is_one_line(tmp_path: Path, made: dict[str, Any], says: str) -> None:
    like = keras.Sequential([keras.Input((5, 3)), keras.layers.LSTM(4)])
    config = functional([input_layer("x", 5, 3), made], ["a"])
    assert says in refused(saved(tmp_path / "bad.h5", config, like))
