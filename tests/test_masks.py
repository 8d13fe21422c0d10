"""Masks: which steps of a sequence are padding is recorded with what each layer returned."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
from keras import layers as k

from tensorview import export, open_bundle, trace

TOKENS = np.array([[3, 1, 4, 0, 0], [2, 7, 1, 8, 2]])
EXPECTED = TOKENS != 0


def reader() -> Any:
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    x = k.Embedding(9, 4, mask_zero=True, name="embed")(tokens)
    x = k.Dense(4, name="dense")(k.Dropout(0.5, name="drop")(x))
    x = k.LSTM(3, return_sequences=True, name="lstm")(x)
    return keras.Model(tokens, k.LSTM(2, name="last")(x))


def test_a_trace_knows_the_masks() -> None:
    run = trace(reader(), TOKENS)
    for name in ("embed", "drop", "dense", "lstm"):
        np.testing.assert_array_equal(run.mask(name), EXPECTED, err_msg=name)
    assert run.mask("tokens") is None
    assert run.mask("last") is None, "the last step has no steps"


def test_masking_layers_and_what_takes_masks_along() -> None:
    x = keras.Input((4, 3))
    masked = k.Masking(name="masking")(x)
    join, ones = k.Concatenate(name="both"), k.Masking(mask_value=1.0, name="ones")
    both = join([masked, ones(x)])
    model = keras.Model(x, k.Bidirectional(k.GRU(2, return_sequences=True), name="ways")(both))
    data = np.random.default_rng(0).normal(size=(1, 4, 3)).astype(np.float32)
    data[0, 1], data[0, 2] = 0, 1
    run = trace(model, data)
    zeros = run.mask("masking")
    assert zeros is not None
    assert zeros.tolist() == [[True, False, True, True]]
    expected = join([model.get_layer("masking")(data), ones(data)])._keras_mask
    for name in ("both", "ways"):
        np.testing.assert_array_equal(run.mask(name), expected, err_msg=name)


def test_a_nested_model_and_a_subclassed_one() -> None:
    inner = reader()

    class Outer(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.inner = inner

        def call(self, x: Any) -> Any:
            return self.inner(x)

    run = trace(Outer(), TOKENS)
    [name] = [node.id for node in run.nodes if node.layer == "lstm"]
    np.testing.assert_array_equal(run.mask(name), EXPECTED)


def test_masks_are_exported(tmp_path: Any) -> None:
    export(reader(), TOKENS, tmp_path / "bundle.tview", format="tview")
    bundle = open_bundle(tmp_path / "bundle.tview")
    for sample in (0, 1):
        for name in ("embed", "dense", "lstm"):
            mask = bundle.mask(name, sample)
            assert mask is not None
            assert mask.tolist() == EXPECTED[sample].tolist()
        assert bundle.mask("last", sample) is None
        kept = [a.mask for a in bundle.manifest.samples[sample].activations if a.mask is not None]
        assert len({ref.offset for ref in kept}) == 1, "one mask, written once"
    export(reader(), TOKENS, tmp_path / "bundle.json", format="json")
    plain = json.loads((tmp_path / "bundle.json").read_text())
    found = {entry["node"]: entry.get("mask") for entry in plain["samples"][0]["activations"]}
    assert found["lstm"] == [1, 1, 1, 0, 0]
    assert found["last"] is None


def test_statistics_are_of_the_steps_that_count(tmp_path: Any) -> None:
    x = keras.Input((4, 3), name="steps")
    model = keras.Model(x, k.LSTM(2, return_sequences=True, name="lstm")(k.Masking(mask_value=-9.0, name="masking")(x)))
    data = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    data[0, 2:] = -9.0
    bundle = export(model, data, tmp_path / "b.tview", format="tview")
    for sample, steps in ((0, 2), (1, 4)):
        kept = np.arange(4) < steps
        np.testing.assert_array_equal(bundle.mask("steps", sample), kept)
        for node in ("steps", "masking"):
            found = next(item for item in bundle.manifest.samples[sample].activations if item.node == node).summary
            own = data[sample, :steps]
            assert (found.count, found.min, found.max) == (own.size, float(own.min()), float(own.max())), (sample, node)


def test_what_makes_masks_is_no_layer_to_look_at(tmp_path: Any) -> None:
    x = keras.Input((4, 3))
    model = keras.Model(x, k.LSTM(2)(k.Masking()(x)))
    bundle = export(model, np.zeros((1, 4, 3), np.float32), tmp_path / "b.tview", format="tview")
    roles = {node.class_name: node.role for node in bundle.manifest.nodes}
    assert {role for name, role in roles.items() if name not in ("InputLayer", "LSTM")} == {"stub"}
    assert roles["LSTM"] == "layer"
