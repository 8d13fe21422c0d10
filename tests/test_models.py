"""Real trained models, exported whole: what a bundle keeps is what the model computes, told by the model itself.

Larger models than those in tests/data/models are used where they are found; pytest's header says which were not.
"""

from __future__ import annotations

import itertools
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import Example, found_models, load_example

import tensorview as tv
from tensorview.manifest import Activation, NodeInfo


@cache
def exported(name: str, folder: Path, budget: float) -> tv.Bundle:
    """The bundle as a reader gets it: written to a file, and read again."""
    example = load_example(name)
    path = folder / f"{name}-{budget:g}.tview"
    tv.export(example.model, example.inputs, path, format="tview", budget=budget)
    return tv.open_bundle(path)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@cache
def own_values(name: str) -> dict[str, np.ndarray]:
    """What the model computes, by node id, from sub-models that end at each layer; nothing of ours is in the way."""
    example = load_example(name)
    model, inputs = example.model, example.inputs
    graph = model._functional if isinstance(model, keras.Sequential) else model
    ends = {item.name: item.output for item in graph.operations}
    given = [inputs[tensor.name] for tensor in model.inputs] if isinstance(inputs, dict) else [inputs]
    flat = [np.asarray(array, tensor.dtype) for array, tensor in zip(given, model.inputs, strict=True)]
    values = dict(zip(ends, keras.Model(list(model.inputs), list(ends.values()))(flat), strict=True))
    found = {id: np.asarray(value) for id, value in values.items()}
    for layer in model.layers:
        if isinstance(layer, keras.layers.MultiHeadAttention):
            source = values[layer._inbound_nodes[0].input_tensors[0]._keras_history.operation.name]
            found |= inside_attention(layer, source)
    return found


def inside_attention(layer: Any, x: Any) -> dict[str, np.ndarray]:
    """Attention of a sequence to itself, from its weights alone."""
    parts = {}
    for role in ("query", "key", "value"):
        dense = getattr(layer, f"_{role}_dense")
        parts[role] = np.einsum("btc,chd->bthd", x, dense.kernel) + dense.bias
    scores = np.einsum("bqhd,bkhd->bhqk", parts["query"], parts["key"]) / math.sqrt(layer.key_dim)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    parts["scores"] = shares
    mixed = np.einsum("bhqk,bkhd->bqhd", shares, parts["value"])
    dense = layer._output_dense
    parts["attention_output"] = np.einsum("bqhd,hdc->bqc", mixed, dense.kernel) + dense.bias
    return {f"{layer.name}/{role}": np.asarray(values) for role, values in parts.items()}


def area_mean(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Each new cell is the mean over the area that it covers: repeat to a common size, then take means of blocks."""
    for axis, size in enumerate(shape):
        old = values.shape[axis]
        common = math.gcd(old, size)
        repeated = np.repeat(values, size // common, axis=axis)
        blocks = (*values.shape[:axis], size, old // common, *values.shape[axis + 1 :])
        values = repeated.reshape(blocks).mean(axis=axis + 1)
    return values


def half_steps(bundle: tv.Bundle, node: NodeInfo, activation: Activation) -> Any:
    """Half a quantisation step of each channel, to be broadcast over values in the model's own order."""
    ref = activation.tensor
    assert ref is not None
    if ref.quant is None:
        return 0.0
    scale = np.frombuffer(bundle.blob(ref.blob), "<f4", ref.shape[0], ref.quant)
    if node.form == "generic":
        return np.repeat(scale, node.shape[-1]).reshape(node.shape) / 2
    shape = [1] * len(node.shape)
    shape[node.channel_axis or 0] = ref.shape[0]
    return scale.reshape(shape) / 2


def check(name: str, bundle: tv.Bundle) -> int:
    """Every activation of every sample against the model's own; the number of those that were reduced."""
    layer_of = {node.id: node.layer for node in bundle.manifest.nodes}
    by_layer = own_values(name)
    own = by_layer | {id: by_layer[layer] for id, layer in layer_of.items() if layer in by_layer}
    nodes = {node.id: node for node in bundle.manifest.nodes}
    composite = {group.id for group in bundle.manifest.groups}
    assert {layer_of[id] if layer_of[id] in by_layer else id for id in nodes} == set(by_layer) - composite
    reduced = 0
    for index, sample in enumerate(bundle.manifest.samples):
        assert [activation.node for activation in sample.activations] == list(nodes)
        for activation in sample.activations:
            node = nodes[activation.node]
            expected = own[node.id][index].astype(np.float64)
            kept = bundle.activation(node.id, index)
            assert expected.shape == node.shape, node.id
            mask = bundle.mask(node.id, index)  # padding is no activation: statistics leave it out
            counted = expected if mask is None else expected[np.asarray(mask, bool)]
            assert activation.summary.count == counted.size
            np.testing.assert_allclose(
                [activation.summary.min, activation.summary.max],
                [counted.min(), counted.max()],
                rtol=1e-4,
                atol=1e-4 * np.abs(expected).max() + 1e-7,
                err_msg=node.id,
            )
            if kept.shape != expected.shape:
                reduced += 1
                expected = area_mean(expected, kept.shape)
            # Compiled and eager kernels add up in another order: that is not what is tested here.
            noise = 2e-5 * np.abs(expected).max() + 1e-6
            allowed = half_steps(bundle, node, activation) * 1.0001 + noise
            excess = np.abs(kept - expected) - allowed
            assert excess.max() <= 0, f"{node.id} of sample {index}"
    return reduced


@pytest.mark.parametrize("name", found_models())
def test_every_activation_is_the_models_own(name: str, folder: Path) -> None:
    example = load_example(name)
    model, inputs = example.model, example.inputs
    bundle = exported(name, folder, 16.0)
    first = next(iter(inputs.values())) if isinstance(inputs, dict) else inputs
    assert len(bundle.manifest.samples) == len(first)
    check(name, bundle)
    assert bundle.manifest.model.params == model.count_params()


@pytest.mark.parametrize("name", [name for name in found_models() if name != "vit_mnist"])
def test_edges_are_those_of_the_functional_graph(name: str) -> None:
    example = load_example(name)
    model, inputs = example.model, example.inputs
    graph = model._functional if isinstance(model, keras.Sequential) else model
    names = {operation.name for operation in graph.operations}
    expected = {
        (tensor._keras_history.operation.name, operation.name)
        for operation in graph.operations
        for call in operation._inbound_nodes
        for tensor in call.input_tensors
        if tensor._keras_history.operation.name in names  # a layer remembers calls of earlier builds too
    }
    trace = tv.trace(model, inputs)
    layer = {node.id: node.layer for node in trace.nodes}  # one call each: no layer is shared here
    assert {(layer[source], layer[target]) for source, target in trace.edges} == expected


@pytest.mark.parametrize("name", [name for name in ("basic_pitch_cnn", "unet_digit") if name in found_models()])
def test_a_reduced_map_is_the_area_mean(name: str, folder: Path) -> None:
    whole, small = exported(name, folder, 16.0), exported(name, folder, 0.75)
    assert check(name, small) > 0
    listed = {item.node for item in small.manifest.budget.reductions}
    smaller = {
        activation.node
        for activation in small.manifest.samples[0].activations
        if activation.tensor is not None and activation.tensor.source is not None
    }
    assert listed == smaller, "what was reduced is said"
    assert small.manifest.budget.limit == 0.75 * 2**20
    assert {item.node for item in whole.manifest.budget.reductions} <= listed


def test_plain_json_can_be_read_with_json_alone(lenet: Example, folder: Path) -> None:
    model, inputs = lenet.model, lenet.inputs
    path = folder / "lenet.json"
    tv.export(model, inputs[:2], path, format="json", full=True)
    document = json.loads(path.read_text())
    assert document["format"] == "tensorview-json-1"
    own = own_values("lenet_mnist")
    assert [node["id"] for node in document["nodes"]] == list(own)
    assert [(edge["source"], edge["target"]) for edge in document["edges"]] == list(itertools.pairwise(own))
    for index, sample in enumerate(document["samples"]):
        for activation in sample["activations"]:
            expected = own[activation["node"]][index]
            values, half = np.array(activation["values"]), np.array(activation["precision"])
            assert list(values.shape) == activation["shape"] == list(expected.shape)
            assert activation["reduced_from"] is None
            assert (np.abs(values - expected) <= half + 1e-5 * np.abs(expected).max() + 1e-6).all(), activation["node"]
    for node in document["nodes"][1:]:
        layer = model.get_layer(node["layer"])
        assert [weight["shape"] for weight in node["weights"]] == [list(weight.shape) for weight in layer.weights]
        for weight, variable in zip(node["weights"], layer.weights, strict=True):
            stored, real = np.array(weight["values"]), variable.numpy()
            if real.ndim == 4:
                real = real.transpose(3, 2, 0, 1)
            half = np.array(weight["precision"]).reshape(-1, *[1] * (stored.ndim - 1))
            assert (np.abs(stored - real) <= half * 1.0001 + 1e-6).all(), weight["name"]
    said = [sample["predictions"][0]["top"][0]["index"] for sample in document["samples"]]
    assert said == list(own.values())[-1][:2].argmax(axis=1).tolist()
