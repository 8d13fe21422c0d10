"""Rules: what a bundle says of how values come about. The page's tests reckon with them on the same models."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from originmodels import FIXTURES, MODELS, built

import tensorview as tv
from tensorview.structure import structure

RECORDED = json.loads(FIXTURES.read_text())


def rules(model: Any, inputs: Any) -> dict[str, Any]:
    return {node.id: node.rule for node in structure(tv.trace(model, inputs), weights=False).nodes}


@pytest.mark.parametrize("name", MODELS)
def test_the_pages_fixtures_are_what_bundles_say(name: str) -> None:
    found = rules(*built(name))
    recorded = {node["id"]: node["rule"] for node in RECORDED[name]["manifest"]["nodes"]}
    assert list(found) == list(recorded), "run python tests/originmodels.py"
    for id, rule in found.items():
        kept = recorded[id]
        assert (None if rule is None else rule.name) == (kept and kept["name"])
        if rule is not None:
            for field in ("inputs", "window", "stride", "dilation", "before", "axes"):
                assert list(getattr(rule, field)) == kept[field], (id, field)


class Doubling(layers.Dense):  # type: ignore[misc]
    """A layer that is called Dense by its ancestry and does something else."""

    def call(self, inputs: Any) -> Any:
        return 2 * super().call(inputs)


def test_nothing_is_claimed_of_what_is_not_kerass_own() -> None:
    x = keras.Input((4,), name="x")
    y = Doubling(4, name="doubled")(x)
    y = layers.Dense(4, activation=lambda z: z * z, name="squared")(y)
    y = layers.Dense(4, name="plain")(y)
    y = layers.Lambda(lambda z: z + 1, name="unknown")(y)
    found = rules(keras.Model(x, y), np.ones((1, 4), np.float32))
    assert found["plain"].name == "dense"
    assert {id for id, rule in found.items() if rule is None} == {"x", "doubled", "squared", "unknown"}


def test_nothing_is_claimed_where_something_lies_between() -> None:
    class Between(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = layers.Dense(3, name="one"), layers.Dense(3, name="two")

        def call(self, x: Any) -> Any:
            return self.two(self.one(x) * 2.0)

    found = rules(Between(), np.ones((1, 3), np.float32))
    assert found["one"].inputs
    assert found["two"] is None


def test_nothing_is_claimed_where_masked_steps_are_left_out() -> None:
    ids = keras.Input((4,), dtype="int32", name="ids")
    padded = keras.layers.Embedding(5, 3, mask_zero=True, name="e")(ids)
    plain = keras.layers.Dense(3, name="d")(padded - 0.5)
    ends = [
        keras.layers.Multiply(name="masked")([padded, plain]),
        keras.layers.Maximum(name="most")([plain, padded]),
        keras.layers.Multiply(name="whole")([plain, plain]),
        keras.layers.GlobalAveragePooling1D(name="mean")(padded),
        keras.layers.GlobalAveragePooling1D(name="all")(plain),
        keras.layers.Masking(-1.0, name="cut")(plain),
        keras.layers.Masking(0.0, name="kept")(plain),
    ]
    found = rules(keras.Model(ids, ends), np.array([[1, 2, 0, 0]]))
    names = {name: None if rule is None else rule.name for name, rule in found.items()}
    assert [names[name] for name in ("masked", "most", "mean", "cut")] == [None] * 4
    assert [names[name] for name in ("whole", "all", "kept")] == ["multiply", "mean", "same"]


def test_nothing_is_claimed_of_operations_on_the_batch_or_beside_the_nodes() -> None:
    x = keras.Input((4, 3), name="x")
    ends = [
        keras.ops.mean(x), keras.ops.sum(x, axis=(0, 1)), keras.ops.softmax(x, axis=0), x[0], x[:, None][..., :1, :, :],
        keras.ops.transpose(x, (1, 0, 2)), keras.ops.power(keras.ops.abs(x), x), x + np.ones(3, np.float32),
        keras.ops.matmul(x, np.ones((3, 2), np.float32)), keras.ops.einsum("abc,abd->cd", x, x),
        keras.ops.pad(x, ((0, 0), (1, 1), (0, 0)), mode="reflect"), keras.ops.clip(x, 0, np.ones(3, np.float32)),
        layers.Dot(axes=2, normalize=True)([x, x]), layers.UpSampling2D(interpolation="bicubic")(x[:, None]),
        layers.Normalization(mean=0.0, variance=1.0, invert=True)(x),
    ]  # fmt: skip
    found = rules(keras.Model(x, ends), np.ones((1, 4, 3), np.float32))
    told = [id for id, rule in found.items() if rule is not None]
    assert sorted(told) == ["absolute", "get_item", "get_item~2", "get_item~3"]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras's own quantize
def test_nothing_is_claimed_of_layers_that_compute_with_other_numbers() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="quantised"), layers.Dense(4, name="adapted")])
    model.get_layer("quantised").quantize("int8")
    model.get_layer("adapted").enable_lora(2)
    found = rules(model, np.ones((1, 6), np.float32))
    assert (found["quantised"], found["adapted"]) == (None, None)
