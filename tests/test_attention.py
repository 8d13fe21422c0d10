"""Attention scores: what a trace shows is what weighed the values in that very call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as k

from tensorview import export, open_bundle, trace
from tensorview.structure import structure
from tensorview.tracing import Trace


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def scores_of(run: Trace) -> list[Any]:
    return [node for node in run.nodes if node.scores]


def rebuilt(layer: Any, scores: np.ndarray, value: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Scores times projected values through the output projection, by NumPy alone."""
    read = [np.asarray(w.numpy(), np.float64) for w in layer._value_dense.weights]
    values = np.tensordot(value, read[0], 1) + read[1]
    values = np.repeat(values, getattr(layer, "num_repeats", 1), axis=2)
    mixed = np.einsum("bnts,bsnh->btnh", scores, values)
    if layer.get_config().get("use_gate"):
        gate = [np.asarray(w.numpy(), np.float64) for w in layer._gate_dense.weights]
        mixed = mixed / (1 + np.exp(-(np.tensordot(query, gate[0], 1) + gate[1])))
    out = [np.asarray(w.numpy(), np.float64) for w in layer._output_dense.weights]
    return np.asarray(np.tensordot(mixed, out[0], 2) + out[1])


def noisy(layer: Any) -> Any:
    """Biases begin as zeros; here they mean something."""
    for weight in layer.weights:
        if "seed" not in weight.path:
            weight.assign(noise(*weight.shape))
    return layer


MULTI = {"num_heads": 3, "key_dim": 5, "value_dim": 4}
GROUPED = {"head_dim": 5, "num_query_heads": 4, "num_key_value_heads": 2}
KINDS: list[tuple[str, Callable[[], Any], int, dict[str, Any]]] = [
    ("plain", lambda: k.MultiHeadAttention(**MULTI), 3, {}),
    ("one head", lambda: k.MultiHeadAttention(num_heads=1, key_dim=5), 1, {}),
    ("causal", lambda: k.MultiHeadAttention(**MULTI), 3, {"use_causal_mask": True}),
    ("dropout", lambda: k.MultiHeadAttention(**MULTI, dropout=0.4), 3, {}),
    ("dropout and causal", lambda: k.MultiHeadAttention(**MULTI, dropout=0.4), 3, {"use_causal_mask": True}),
    ("window", lambda: k.MultiHeadAttention(**MULTI, sliding_window=2), 3, {}),
    ("gated", lambda: k.MultiHeadAttention(**MULTI, use_gate=True), 3, {}),
    ("grouped", lambda: k.GroupQueryAttention(**GROUPED), 4, {}),
    ("grouped causal", lambda: k.GroupQueryAttention(**GROUPED), 4, {"use_causal_mask": True}),
    ("grouped with dropout", lambda: k.GroupQueryAttention(**GROUPED, dropout=0.5), 4, {}),
]


@pytest.mark.parametrize(("make", "heads", "call"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS])
def test_scores_times_values_are_the_output(make: Any, heads: int, call: dict[str, Any]) -> None:
    x = keras.Input((6, 8))
    layer = make()
    model = keras.Model(x, layer(x, x, **call))
    noisy(layer)
    data = noise(2, 6, 8)
    run = trace(model, data)
    [node] = scores_of(run)
    assert node.shape == (2, heads, 6, 6)
    scores = run.activation(node.id)
    np.testing.assert_allclose(scores.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(rebuilt(layer, scores, data, data), model(data), rtol=2e-4, atol=1e-4)
    name = layer.name
    assert {(f"{name}/query", node.id), (f"{name}/key", node.id)} <= set(run.edges)
    assert (f"{name}/query", f"{name}/attention_output") not in run.edges
    assert (f"{name}/value", node.id) not in run.edges
    if "dropout" not in layer.get_config() or not layer.get_config()["dropout"]:
        assert node.id == f"{name}/scores"
        assert node.class_name == "AttentionScores"
        assert {(node.id, f"{name}/attention_output"), (f"{name}/value", f"{name}/attention_output")} <= set(run.edges)
        assert [item.id for item in run.nodes].index(node.id) < [item.id for item in run.nodes].index(
            f"{name}/attention_output"
        )
    if call:
        assert not np.triu(scores, 1).any()
    known = structure(run).descriptions[node.id]
    assert (known.kind, known.form, known.axes) == ("attention", "matrix", ("head", "query", "key"))


def test_cross_attention_by_keyword_with_a_key_of_its_own_and_a_mask() -> None:
    q, v, key = keras.Input((4, 8)), keras.Input((6, 7)), keras.Input((6, 9))
    mask = keras.Input((4, 6), dtype="bool")
    layer = k.MultiHeadAttention(**MULTI)
    model = keras.Model([q, v, key, mask], layer(value=v, query=q, key=key, attention_mask=mask))
    noisy(layer)
    allowed = np.random.default_rng(0).random((2, 4, 6)) > 0.4
    allowed[:, :, 0] = True
    data = [noise(2, 4, 8), noise(2, 6, 7), noise(2, 6, 9), allowed]
    run = trace(model, data)
    [node] = scores_of(run)
    scores = run.activation(node.id)
    assert scores.shape == (2, 3, 4, 6)
    assert not (scores * ~allowed[:, None]).any()
    np.testing.assert_allclose(rebuilt(layer, scores, data[1], data[0]), model(data), rtol=2e-4, atol=1e-4)
    assert (run.input_ids[3], node.id) in run.edges


@pytest.mark.filterwarnings("ignore:Layer 'query':UserWarning")  # Keras's own, of GroupQueryAttention
@pytest.mark.filterwarnings("ignore:Exception encountered:UserWarning")
@pytest.mark.filterwarnings("ignore:Layer '(key|value)':UserWarning")
@pytest.mark.parametrize("kind", ["MultiHeadAttention", "GroupQueryAttention"])
def test_padded_tokens_get_nothing(kind: str) -> None:
    tokens = keras.Input((5,), dtype="int32")
    x = k.Embedding(9, 8, mask_zero=True)(tokens)
    settings: dict[str, Any] = MULTI if kind == "MultiHeadAttention" else GROUPED
    layer = getattr(k, kind)(**settings, name="attend")
    model = keras.Model(tokens, layer(x, x))
    noisy(layer)
    data = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]])
    run = trace(model, data)
    [node] = scores_of(run)
    scores = run.activation(node.id)
    assert not scores[0, :, :3, 3:].any()
    embedded = run.activation("embedding" if "embedding" in [n.id for n in run.nodes] else run.nodes[1].id)
    np.testing.assert_allclose(rebuilt(layer, scores, embedded, embedded), model(data), rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_precisions(policy: str) -> None:
    x = keras.Input((6, 8))
    layer = k.MultiHeadAttention(**MULTI, dtype=policy)
    model = keras.Model(x, layer(x, x))
    data = noise(2, 6, 8)
    run = trace(model, data)
    [node] = scores_of(run)
    assert node.dtype == layer.compute_dtype, "the very numbers that weigh the values"
    scores = np.asarray(run.activation(node.id), np.float64)
    near = {"mixed_float16": 3e-3, "mixed_bfloat16": 3e-2, "float64": 1e-9}[policy]
    np.testing.assert_allclose(rebuilt(layer, scores, data, data), np.asarray(model(data), np.float64), atol=near)


@pytest.mark.parametrize(("axes", "shape", "axis_names"), [
    ((1, 2), (3, 3, 4, 3, 4), ("head", "query y", "query x", "key y", "key x")),
    ((2,), (3, 3, 4, 4), ("place", "head", "query", "key")),
    ((1,), (4, 3, 3, 3), ("place", "head", "query", "key")),
])  # fmt: skip
def test_several_attention_axes(axes: Any, shape: Any, axis_names: Any, tmp_path: Any) -> None:
    x = keras.Input((3, 4, 8))
    layer = k.MultiHeadAttention(num_heads=3, key_dim=5, attention_axes=axes)
    model = keras.Model(x, layer(x, x))
    data = noise(1, 3, 4, 8)
    run = trace(model, data)
    [node] = scores_of(run)
    assert node.class_name == "Softmax"
    assert node.shape == (1, *shape)
    scores = run.activation(node.id)
    np.testing.assert_allclose(scores.reshape(*shape[: 5 - len(axes) * 2 + len(axes) - 1], -1).sum(), 3 * 12, rtol=1e-5)
    value = np.tensordot(data, layer._value_dense.weights[0].numpy(), 1)
    equation = {(1, 2): "bnyxYX,bYXnh->byxnh", (2,): "bynxX,byXnh->byxnh", (1,): "bxnyY,bYxnh->byxnh"}[axes]
    output = np.tensordot(np.einsum(equation, scores, value), layer._output_dense.weights[0].numpy(), 2)
    np.testing.assert_allclose(output, model(data), rtol=1e-3, atol=1e-5)
    known = structure(run).descriptions[node.id]
    assert (known.form, known.axes) == ("matrix", axis_names)
    export(model, data, tmp_path / "bundle.tview", format="tview")
    kept = open_bundle(tmp_path / "bundle.tview").activation(node.id, 0)
    assert kept.shape == shape
    np.testing.assert_allclose(kept, scores[0], atol=0.01)


def test_attention_layers_without_layers_inside() -> None:
    q, v = keras.Input((4, 8)), keras.Input((6, 8))
    plain, additive = k.Attention(name="plain"), k.AdditiveAttention(name="additive", use_scale=False)
    model = keras.Model([q, v], [plain([q, v]), additive([q, v])])
    data = [noise(2, 4, 8), noise(2, 6, 8)]
    run = trace(model, data)
    assert {node.id for node in scores_of(run)} == {"plain/scores", "additive/scores"}
    for name, expected in zip(("plain", "additive"), model(data), strict=True):
        scores = run.activation(f"{name}/scores")
        assert scores.shape == (2, 1, 4, 6)
        np.testing.assert_allclose(scores[:, 0] @ data[1], expected, rtol=1e-4, atol=1e-5)
        edges = set(run.edges)
        ids = run.input_ids
        assert {(ids[0], f"{name}/scores"), (ids[1], f"{name}/scores"), (f"{name}/scores", name)} <= edges
        assert (ids[0], name) not in edges
        assert (ids[1], name) in edges
    assert {node.group for node in scores_of(run)} == {None}


def test_shared_nested_and_subclassed() -> None:
    @keras.saving.register_keras_serializable("tests")
    class Block(k.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="block")
            self.attend = k.MultiHeadAttention(2, 4, name="attend")

        def call(self, x: Any) -> Any:
            return x + self.attend(x, x)

    block = Block()
    x = keras.Input((5, 8))
    inner = keras.Model(x, block(x), name="inner")
    y = keras.Input((5, 8))
    model = keras.Model(y, inner(inner(y)))
    run = trace(model, noise(1, 5, 8))
    assert [(node.id, node.group, node.call) for node in scores_of(run)] == [
        ("inner/block/attend/scores", "inner/block/attend", 0),
        ("inner#1/block/attend/scores", "inner#1/block/attend", 1),
    ]
    first, second = (run.activation(node.id) for node in scores_of(run))
    assert np.abs(first - second).max() > 1e-3


def test_attention_written_by_hand_and_softmaxes_that_are_none() -> None:
    class Own(k.Layer):  # type: ignore[misc]
        """Two heads out of raw operations, and a mixture of two experts."""

        def __init__(self) -> None:
            super().__init__(name="own")
            self.to_qkv, self.gate = k.Dense(24, name="qkv"), k.Dense(2, name="gate")

        def call(self, x: Any) -> Any:
            q, key, v = keras.ops.split(keras.ops.reshape(self.to_qkv(x), (-1, 5, 2, 12)), 3, axis=-1)
            q, key, v = (keras.ops.transpose(part, (0, 2, 1, 3)) for part in (q, key, v))
            weights = keras.ops.softmax(q @ keras.ops.transpose(key, (0, 1, 3, 2)) / 2.0)
            mixed = keras.ops.reshape(keras.ops.transpose(weights @ v, (0, 2, 1, 3)), (-1, 5, 8))
            experts = keras.ops.softmax(self.gate(x))
            return keras.ops.einsum("bte,btec->btc", experts, keras.ops.stack([mixed, x], axis=2))

    x = keras.Input((5, 8))
    model = keras.Model(x, k.Softmax()(k.Dense(3)(Own()(x))))
    run = trace(model, noise(2, 5, 8))
    [node] = scores_of(run)
    assert (node.id, node.shape, node.group) == ("own/scores", (2, 2, 5, 5), "own")
    assert ("own/qkv", "own/scores") in run.edges


def test_a_wall_of_heads_is_exported(tmp_path: Any) -> None:
    x = keras.Input((6, 8))
    model = keras.Model(x, k.MultiHeadAttention(3, 4, name="attend")(x, x))
    data = noise(2, 6, 8)
    scores = trace(model, data).activation("attend/scores")
    export(model, data, tmp_path / "bundle.tview", format="tview")
    bundle = open_bundle(tmp_path / "bundle.tview")
    node = bundle.node("attend/scores")
    assert (node.kind, node.form, node.axes, node.shape) == ("attention", "matrix", ("head", "query", "key"), (3, 6, 6))
    assert (node.class_name, node.channel_axis, node.label) == ("AttentionScores", 0, "scores")
    for sample in (0, 1):
        kept = bundle.activation("attend/scores", sample)
        assert np.abs(kept - scores[sample]).max() <= np.ptp(scores[sample]) / 500
        summary = next(a for a in bundle.manifest.samples[sample].activations if a.node == node.id).summary
        assert summary.count == 108
        assert summary.mean == pytest.approx(scores[sample].mean(), rel=1e-5)


def test_what_can_not_be_seen_is_said() -> None:
    class Fused(k.MultiHeadAttention):  # type: ignore[misc]
        def _compute_attention(self, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> Any:
            """One operation for the whole, as a fused kernel is one."""
            return keras.ops.einsum("btnh,bsnh,bsnd->btnd", query, key, value), None

    x = keras.Input((6, 8))
    run = trace(keras.Model(x, Fused(2, 4, name="fused")(x, x)), noise(1, 6, 8))
    assert scores_of(run) == []
    assert any("scores" in note and "'fused'" in note for note in run.notes)


def test_the_operation_of_keras_has_scores_too() -> None:
    q, v = keras.Input((4, 2, 8)), keras.Input((6, 2, 8))
    model = keras.Model([q, v], keras.ops.dot_product_attention(q, v, v))
    data = [noise(1, 4, 2, 8), noise(1, 6, 2, 8)]
    run = trace(model, data)
    [node] = scores_of(run)
    assert node.shape == (1, 2, 4, 6)
    scores = run.activation(node.id)
    np.testing.assert_allclose(np.einsum("bnts,bsnh->btnh", scores, data[1]), model(data), rtol=1e-4, atol=1e-5)


def test_multiply_adds_of_attention_without_weights() -> None:
    x, y = keras.Input((4, 8)), keras.Input((6, 8))
    model = keras.Model([x, y], k.Add()([k.Attention(name="cross")([x, y]), k.Attention(name="self")([x, x])]))
    counted = {node.id: node.macs for node in structure(trace(model, [noise(1, 4, 8), noise(1, 6, 8)])).nodes}
    assert counted["cross"] == 4 * 6 * 8 * 2
    assert counted["self"] == 4 * 4 * 8 * 2
