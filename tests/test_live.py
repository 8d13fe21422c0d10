"""Runs that follow one another: each as a run by itself would be, and nothing traced anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from conftest import Example, load_example

from tensorview import attribute
from tensorview.blobs import inflate, read_tensor
from tensorview.errors import BundleError, OptionError
from tensorview.exporting import make_bundle
from tensorview.inputs import as_batch
from tensorview.live import Live, Run
from tensorview.manifest import Sample
from tensorview.passes import Passes
from tensorview.tracing import trace


def tensor(run: Run, ref: Any) -> np.ndarray:
    data = run.blob(ref.blob)
    return read_tensor(ref, inflate(run.blobs[ref.blob][0], data))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each trace that is made."""
    made: list[int] = []
    own: Callable[..., Any] = Passes._first_pass
    monkeypatch.setattr(Passes, "_first_pass", lambda self: made.append(1) or own(self))
    return made


@pytest.mark.parametrize("name", ["lenet_mnist", "cvae_mnist_decoder", "lstm_japanese_vowels", "vit_mnist"])
def test_runs_are_those_of_the_model(name: str, passes: list[int]) -> None:
    example = load_example(name)
    batch = as_batch(example.model, example.inputs)
    live = Live(example.model)
    live.warm()
    assert len(passes) == (name != "lstm_japanese_vowels"), "which takes sequences of any length"
    for index in range(min(3, len(batch.names))):
        arrays = keras.tree.map_structure(lambda a, i=index: None if a is None else a[i : i + 1], batch.arrays)
        run = live.run(as_batch(example.model, arrays))
        whole = make_bundle(example.model, arrays, format="tview", methods=(), budget=None)
        [sample] = whole.manifest.samples
        assert said(run.sample) == said(sample)
        for mine, theirs in zip(run.sample.activations, sample.activations, strict=True):
            assert (mine.node, mine.summary) == (theirs.node, theirs.summary)
            assert (mine.tensor is None) == (theirs.tensor is None)
            if mine.tensor and theirs.tensor:
                assert mine.tensor.shape == theirs.tensor.shape
                np.testing.assert_allclose(
                    tensor(run, mine.tensor), whole.tensor(theirs.tensor), rtol=1e-5, atol=_step(whole, theirs.tensor)
                )
    bundles = min(3, len(batch.names))
    assert len(passes) == bundles + 1, "one trace for all live runs, made before the first"


def said(sample: Sample) -> list[Any]:
    return [(p.name, p.kind, [(score.index, score.value) for score in p.top]) for p in sample.predictions]


def _step(bundle: Any, ref: Any) -> float:
    """A follower's codes may be its leader's in a bundle: half a step of each apart."""
    values = bundle.tensor(ref)
    return float(np.ptp(values)) / 252 if ref.quant is not None else 1e-6


def test_values_are_the_models_own_numbers(lenet: Example) -> None:
    live = Live(lenet.model)
    live.run(as_batch(lenet.model, lenet.inputs[:1]))
    run = live.run(as_batch(lenet.model, lenet.inputs[1:2]))
    plain = trace(lenet.model, lenet.inputs[1:2])
    for node in plain.nodes:
        np.testing.assert_array_equal(run.values(node.id), plain.activation(node.id)[0])
    with pytest.raises(BundleError, match="no blob"):
        run.blob("a99.0")
    with pytest.raises(BundleError, match="no blob"):
        run.blob("../manifest.json")


def test_another_shape_is_another_trace() -> None:
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3), keras.layers.ReLU()])
    live = Live(model)
    for size in (8, 12, 8):
        run = live.run(as_batch(model, np.ones((1, size, size, 3), np.float32)))
        for activation, node in zip(run.sample.activations, run.trace.nodes, strict=True):
            assert activation.tensor is not None
            assert tensor(run, activation.tensor).shape[1:] == node.shape[1:3]


def test_a_model_that_decides_by_values_is_traced_along_each_path() -> None:
    class Choosing(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.small, self.large = keras.layers.Dense(2, name="small"), keras.layers.Dense(2, name="large")

        def call(self, x: Any) -> Any:
            return self.small(x) if float(keras.ops.sum(x)) < 1 else self.large(x)

    model = Choosing()
    model(np.zeros((1, 3), np.float32))
    model(np.ones((1, 3), np.float32))
    live = Live(model)
    for value, name in ((0.0, "small"), (1.0, "large"), (0.0, "small")):
        run = live.run(as_batch(model, np.full((1, 3), value, np.float32)))
        assert [node.layer for node in run.trace.nodes][-1] == name


def test_attributions_are_those_of_attribute(lenet: Example) -> None:
    live = Live(lenet.model)
    digit = lenet.inputs[3:4]
    run = live.run(as_batch(lenet.model, digit), ("grad_cam",))
    [heat] = run.attributions
    wanted = attribute(lenet.model, digit, "grad_cam")
    assert heat.target == wanted.target[0]
    shown = tensor(run, heat.inputs[0].tensor)[0] * heat.inputs[0].peak
    np.testing.assert_allclose(shown, wanted.values[0], atol=1 / 252)

    more = run.explain("smoothgrad", 5, None, {"samples": 3, "seed": 1})
    again = attribute(lenet.model, digit, "smoothgrad", 5, samples=3, seed=1)
    assert (more.method, more.target) == ("smoothgrad", 5)
    shown = tensor(run, more.inputs[0].tensor)[0] * more.inputs[0].peak
    np.testing.assert_allclose(shown, again.values[0], atol=again.values.max() / 252)
    assert [method.name for method in run.methods] == ["grad_cam", "smoothgrad"]
    with pytest.raises(OptionError, match="samples"):
        run.explain("smoothgrad", 5, None, {"samples": 0})
