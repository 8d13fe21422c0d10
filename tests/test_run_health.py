"""Illnesses planted in real runs are found, where they begin is told, and CI can fail on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import Example
from keras import layers

from tensorview import failing
from tensorview.cli import main
from tensorview.duplicates import duplicates
from tensorview.errors import OptionError
from tensorview.exporting import make_bundle
from tensorview.manifest import Health

Captured = pytest.CaptureFixture[str]
X = np.random.default_rng(1).normal(size=(4, 12, 12, 3)).astype("float32")


def chain() -> Any:
    keras.utils.set_random_seed(3)
    x = keras.Input((12, 12, 3), name="x")
    h = x
    for i in range(4):
        h = layers.Conv2D(8, 3, padding="same", activation="relu", name=f"c{i}")(h)
    return keras.Model(x, layers.Dense(3, name="out")(layers.GlobalAveragePooling2D(name="pool")(h)))


def told(model: Any, least: float | None = None) -> dict[str, list[Health]]:
    manifest = make_bundle(model, X, methods=(), budget=None, least=least).manifest
    return {node.id: list(node.health) for node in manifest.nodes if node.health}


def test_a_healthy_model_has_no_illness() -> None:
    assert told(chain()) == {}


def test_nan_is_told_with_where_it_began() -> None:
    model = chain()
    kernel, bias = model.get_layer("c1").get_weights()
    kernel[0, 0, 0, 2] = np.nan
    model.get_layer("c1").set_weights([kernel, bias])
    found = told(model)
    assert list(found) == ["c1", "c2", "c3", "pool", "out"]
    assert found["c1"][0].kind == "nan" and "it begins here" in found["c1"][0].text
    assert all("from 'c1' on" in found[id][0].text for id in ("c2", "c3", "pool", "out"))


def test_infinity_minus_infinity_comes_from_the_infinity() -> None:
    x = keras.Input((3,), name="x")
    big = layers.Rescaling(1e38, name="big")(layers.Rescaling(1e30, name="inf")(x))
    model = keras.Model(x, layers.Subtract(name="difference")([big, big]))
    nodes = make_bundle(model, np.ones((2, 3), "f"), methods=(), budget=None).manifest.nodes
    [nan] = next(node.health for node in nodes if node.id == "difference")
    assert nan.kind == "nan" and "from 'big' on" in nan.text


def test_nan_begins_where_it_is_made_also_of_large_numbers() -> None:
    x = keras.Input((3,), name="x")
    lowered = layers.Rescaling(1.0, -2e6, name="lowered")(x)
    model = keras.Model(x, layers.Lambda(keras.ops.log, name="log")(lowered))
    nodes = make_bundle(model, np.ones((2, 3), "f"), methods=(), budget=None).manifest.nodes
    [nan] = next(node.health for node in nodes if node.id == "log")
    assert nan.kind == "nan" and "it begins here" in nan.text


@pytest.mark.parametrize(("scale", "kind"), [(1e4, "exploding"), (1e-4, "vanishing")])
def test_values_that_explode_or_vanish(scale: float, kind: str) -> None:
    model = chain()
    for layer in model.layers[1:-2]:
        layer.set_weights([layer.get_weights()[0] * scale, layer.get_weights()[1]])
    found = told(model)
    first = next(iter(found))
    assert first in ("c1", "c2") and found[first][0].kind == kind and "it begins here" in found[first][0].text
    assert f"from {first!r} on" in found["c3"][0].text


def test_float16_explodes_long_before_float32_does() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, dtype="float16", kernel_initializer="ones", name="d")])
    nodes = make_bundle(model, np.full((8, 4), 15_500, "f"), methods=(), budget=None).manifest.nodes
    assert "exploding" in [item.kind for node in nodes for item in node.health if node.id == "d"]


def test_near_identical_filters() -> None:
    layer = layers.Conv2D(64, 3)
    layer.build((None, 8, 8, 16))
    kernel, bias = layer.get_weights()
    assert duplicates(layer) == (0, 64)
    kernel[..., 5] = kernel[..., 40] * 1.001
    kernel[..., 6] = kernel[..., 40]
    kernel[..., 7] = -kernel[..., 40]
    kernel[..., 8] = kernel[..., 40] * 3
    kernel[..., 9:12] = 0
    layer.set_weights([kernel, bias])
    assert duplicates(layer) == (2, 64), "two doubles; not the turned, the longer, the dead"
    dense = layers.Dense(300)
    dense.build((None, 2000))
    weights, bias = dense.get_weights()
    weights[:, 100:200] = weights[:, :100]
    dense.set_weights([weights, bias])
    assert duplicates(dense) == (100, 300)


def test_large_layers_are_searched_quickly_enough_to_be_searched_always() -> None:
    rng = np.random.default_rng(0)
    dense = layers.Dense(4096)
    dense.build((None, 1000))
    dense.set_weights([rng.normal(size=(1000, 4096)).astype("f"), np.zeros(4096, "f")])
    assert duplicates(dense) == (0, 4096)


@pytest.mark.parametrize(
    ("text", "says"), [("deaf", "dead"), ("dead:2", "above 0"), ("dead:x", "above 0"), (" , ", "at least one")]
)
def test_what_fail_on_does_not_know(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        failing.parse(text)


def save(model: Any, folder: Path) -> tuple[Path, Path]:
    model.save(folder / "model.keras")
    np.save(folder / "x.npy", X)
    return folder / "model.keras", folder / "x.npy"


def test_inspect_fails_on_what_it_is_told_to(tmp_path: Path, capsys: Captured) -> None:
    model = chain()
    kernel, bias = model.get_layer("c1").get_weights()
    kernel[..., :3], bias[:3] = 0, -1
    model.get_layer("c1").set_weights([kernel, bias])
    file, x = save(model, tmp_path)

    def code(*fail: str) -> int:
        return main(["inspect", str(file), "-i", str(x), *(part for text in fail for part in ("--fail-on", text))])

    assert code() == 0
    assert code("nan,inf,exploding,dead:0.5") == 0
    capsys.readouterr()
    assert code("nan,dead:0.3") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["tensorview: c1: dead: 3 of 8 channels are zero everywhere, for every input of this run"]
    assert code("daed") == 2
    assert main(["inspect", str(file), "--fail-on", "nan"]) == 2
    assert "-i" in capsys.readouterr().err.splitlines()[-1]
    assert main(["inspect", str(file), "--fail-on", "duplicate"]) == 0, "what the weights tell needs no input"


def test_inspect_tells_facts_as_json(lenet: Example, tmp_path: Path, capsys: Captured) -> None:
    np.save(tmp_path / "x.npy", lenet.inputs[:2])
    assert main(["inspect", str(lenet.path), "-i", str(tmp_path / "x.npy"), "--json"]) == 0
    rows = {layer["name"]: layer for layer in json.loads(capsys.readouterr().out)["layers"]}
    conv = rows["conv_2"]
    assert (conv["macs"], conv["flops"]) == (10 * 10 * 16 * 5 * 5 * 6, 2 * 10 * 10 * 16 * 5 * 5 * 6)
    assert conv["bytes"] == 10 * 10 * 16 * 4
    assert conv["receptive_field"]["size"] == [14, 14] and conv["receptive_field"]["step"] == [2, 2]
    assert (conv["dtype"], conv["parameters"], conv["trainable"]) == ("float32", 2416, 2416)
    shares = [row["time_share"] for row in rows.values() if row["class"] != "InputLayer"]
    assert sum(shares) == pytest.approx(1, abs=0.01) and min(shares) > 0


def test_the_dear_layer_takes_the_time() -> None:
    x = keras.Input((64, 64, 16), name="x")
    dear = layers.Conv2D(256, 7, padding="same", name="dear")(x)
    model = keras.Model(x, layers.GlobalAveragePooling2D(name="cheap")(dear))
    nodes = make_bundle(model, np.ones((1, 64, 64, 16), "f"), methods=(), budget=None).manifest.nodes
    assert next(node.time_share for node in nodes if node.id == "dear") > 0.6


def test_an_export_leaves_the_states_of_a_stateful_layer_as_they_were() -> None:
    model = keras.Sequential([keras.Input(batch_shape=(2, 4, 3)), layers.GRU(3, stateful=True, name="gru")])
    x = np.ones((2, 4, 3), "f")
    make_bundle(model, x, methods=(), budget=None)
    assert not np.any([np.asarray(state) for state in model.get_layer("gru").states])
