"""A training that was recorded: every number is that of the weights at that epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv
from tensorview.callbacks import Snapshot
from tensorview.errors import TensorviewError


class Kept(keras.callbacks.Callback):
    """What Keras itself says of the weights at each epoch's end."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[Any] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.weights.append(self.model.get_weights())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.weights.append(self.model.get_weights())


def net() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Flatten(),
        layers.Dense(10, activation="softmax", name="digits"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Ten patterns with noise: something that a small net learns at once."""
    random = np.random.default_rng(0)
    patterns = random.random((10, 8, 8, 1))
    classes = random.integers(0, 10, count)
    return (patterns[classes] + 0.1 * random.normal(size=(count, 8, 8, 1))).astype(np.float32), classes


def fit(model: keras.Model, snapshot: Snapshot, epochs: int) -> tuple[Kept, Any]:
    kept = Kept()
    x, y = data()
    history = model.fit(x, y, epochs=epochs, batch_size=16, verbose=0, callbacks=[kept, snapshot])
    return kept, history.history


@pytest.mark.parametrize("name", ["training.html", "training.tview", "training"])
def test_every_number_is_of_the_weights_at_that_epoch(tmp_path: Path, name: str) -> None:
    model, (x, _) = net(), data()
    kept, history = fit(model, Snapshot(tmp_path / name, x[:3], methods=("grad_cam",)), 2)
    bundle = tv.open_bundle(tmp_path / name)
    manifest = bundle.manifest
    assert [moment.epoch for moment in manifest.moments] == [0, 1, 2]
    assert [moment.first for moment in manifest.moments] == [0, 3, 6] and len(manifest.samples) == 9
    again = net()
    for moment, weights in zip(manifest.moments, kept.weights, strict=True):
        again.set_weights(weights)
        truth = tv.trace(again, x[:3])
        for i in range(3):
            for id in ("conv", "digits"):
                own = truth.activation(id)[i]
                step = np.ptp(own) / 250 + 1e-6
                np.testing.assert_allclose(bundle.activation(id, moment.first + i), own, atol=step)
            top = manifest.samples[moment.first + i].predictions[0].top[0]
            assert top.value == pytest.approx(float(truth.outputs[i, top.index]), abs=1e-6)
        nodes = {node.node: node for node in moment.nodes}
        kernel = next(weight for weight in nodes["conv"].weights if weight.name == "kernel")
        assert kernel.tensor is not None
        own = np.moveaxis(weights[0], (3, 2), (0, 1))
        np.testing.assert_allclose(bundle.tensor(kernel.tensor), own, atol=np.ptp(own) / 250)
        assert kernel.summary.max == pytest.approx(float(own.max()), rel=1e-5)
        by_hand = tv.attribute(again, x[:3], "grad_cam").target.tolist()
        told = {item.sample: item for item in manifest.attributions if moment.first <= item.sample < moment.first + 3}
        assert {told[moment.first + i].target for i in range(3)} <= set(range(10)) and len(by_hand) == len(told)
    for moment, loss in zip(manifest.moments[1:], history["loss"], strict=True):
        assert {item.name: item.value for item in moment.measures}["loss"] == pytest.approx(loss)
    last = next(node for node in manifest.nodes if node.id == "conv").weights
    assert last == next(node for node in manifest.moments[-1].nodes if node.node == "conv").weights


def test_recording_changes_no_training(tmp_path: Path) -> None:
    plain, recorded = net(), net()
    x, y = data()
    keras.utils.set_random_seed(5)
    plain.fit(x, y, epochs=2, verbose=0)
    keras.utils.set_random_seed(5)
    recorded.fit(x, y, epochs=2, verbose=0, callbacks=[Snapshot(tmp_path / "t.tview", x[:1])])
    for a, b in zip(plain.get_weights(), recorded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_training_goes_on_and_long_ones_are_thinned(tmp_path: Path) -> None:
    model, (x, y) = net(), data(16)
    snapshot = Snapshot(tmp_path / "t.tview", x[:1], every=2, most=3)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[snapshot])
    assert [one.epoch for one in snapshot.snapshots] == [0, 2, 3]
    model.fit(x, y, epochs=3, verbose=0, callbacks=[snapshot])
    epochs = [moment.epoch for moment in tv.open_bundle(tmp_path / "t.tview").manifest.moments]
    assert epochs[0] == 0 and epochs[-1] == 6 and len(epochs) <= 3 and snapshot.every > 2


@pytest.mark.parametrize("options", [{"every": 0}, {"most": 1}, {"path": "x.png"}])
def test_bad_options_are_refused_before_the_training(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / options.pop("path", "t.html")
    with pytest.raises(TensorviewError):
        Snapshot(path, np.zeros((1, 8, 8, 1)), **options)
    (tmp_path / "there.html").write_text("mine")
    with pytest.raises(TensorviewError, match="exists already"):
        Snapshot(tmp_path / "there.html", np.zeros((1, 8, 8, 1)))
