"""What a manifest says of calls and of the groups around them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tensorview.structure import structure
from tensorview.tracing import trace


class Block(keras.layers.Layer):  # type: ignore[misc]
    """A dense layer and a weight of its own."""

    def __init__(self) -> None:
        super().__init__(name="block")
        self.inner = keras.layers.Dense(3, name="inner")

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(3,), name="token")
        self.inner.build(shape)

    def call(self, x: Any) -> Any:
        return self.inner(x) + self.token


class Around(keras.layers.Layer):  # type: ignore[misc]
    """A block and a weight of its own."""

    def __init__(self) -> None:
        super().__init__(name="around")
        self.block = Block()

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(), name="scale")
        self.block.build(shape)

    def call(self, x: Any) -> Any:
        return self.block(x) * self.scale


def test_each_weight_is_shown_by_the_innermost_call_that_holds_it() -> None:
    x = keras.Input((4,), name="x")
    model = keras.Model(x, keras.layers.Dense(2, name="out")(Around()(x)))
    known = structure(trace(model, np.ones((2, 4), np.float32)))
    shown = {item.layer: [weight.name for weight in item.weights] for item in (*known.nodes, *known.groups)}
    assert shown == {
        "x": [],
        "inner": ["kernel", "bias"],
        "out": ["kernel", "bias"],
        "block": ["token"],
        "around": ["scale"],
    }


def test_attention_counts_what_it_does_between_its_layers() -> None:
    x = keras.Input((5, 6))
    model = keras.Model(x, keras.layers.MultiHeadAttention(2, 3, name="attention")(x, x))
    known = structure(trace(model, np.ones((2, 5, 6), np.float32)))
    products = 5 * 5 * 2 * (3 + 3)
    assert known.between == products
    assert sum(node.macs or 0 for node in known.nodes) == 4 * 5 * 6 * 6
    [group] = known.groups
    assert {fact.name: fact.value for fact in group.facts}["multiply-adds of the scores"] == f"{products}"
