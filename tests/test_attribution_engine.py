"""One trace for all classes and batch sizes, and a model that is left as it was."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.attribution.export import explanations
from tensorview.errors import InputError, OptionError, TraceError


class Counting(layers.Layer):
    """Counts how often Python runs it."""

    calls = 0

    def call(self, x: Any) -> Any:
        type(self).calls += 1
        return x * 1.0


@pytest.fixture
def count() -> Iterator[type[Counting]]:
    Counting.calls = 0
    yield Counting
    Counting.calls = 0


def net(*middle: Any) -> keras.Model:
    return keras.Sequential([
        keras.Input((10, 10, 2)), layers.Conv2D(4, 3, activation="relu"), *middle,
        layers.BatchNormalization(name="last"), layers.Dropout(0.3), layers.Flatten(),
        layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def data(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, 10, 10, 2)).astype("float32")


@pytest.mark.parametrize("method", ["saliency", "grad_cam"])
def test_another_class_or_batch_size_is_not_traced_again(method: str, count: type[Counting]) -> None:
    model = net(Counting())
    tv.attribute(model, data(1), method)
    traced = count.calls
    for n, target in ((1, 0), (1, 4), (3, [1, 2, 3]), (7, None), (2, "top")):
        tv.attribute(model, data(n), method, target=target)
    assert count.calls == traced


def test_an_export_traces_once_for_all_methods_and_targets(count: type[Counting]) -> None:
    model = net(Counting())
    count.calls = 0
    explanations(model, data(2), top=4)
    assert count.calls == 1
    explanations(model, data(3), targets=[1, 2])
    assert count.calls == 1


def test_a_changed_model_is_not_answered_from_memory() -> None:
    model = net()
    x = data(2)
    before = tv.attribute(model, x, "saliency", target=0)
    model.layers[-1].set_weights([w + 1 for w in model.layers[-1].get_weights()])
    assert np.abs(tv.attribute(model, x, "saliency", target=0).score - before.score).max() > 0.5
    model.layers[-1].activation = keras.activations.linear
    assert tv.attribute(model, x, "saliency", target=0).activation == "none"


def state(model: keras.Model) -> dict[str, Any]:
    inside = {
        (i, name): (id(value), len(value) if isinstance(value, list | dict | set | tuple) else None)
        for i, layer in enumerate(model._flatten_layers())
        for name, value in vars(layer).items()
    }
    return {"attributes": inside, "weights": [w.copy() for w in model.get_weights()], "config": model.to_json()}


def assert_unchanged(model: keras.Model, before: dict[str, Any]) -> None:
    after = state(model)
    assert after["attributes"] == before["attributes"]
    assert after["config"] == before["config"]
    for new, old in zip(after["weights"], before["weights"], strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("method", ["saliency", "grad_cam"])
def test_the_model_is_left_as_it_was(method: str) -> None:
    model = net()
    x = data(2)
    predicted = np.asarray(model(x))
    before = state(model)
    tv.attribute(model, x, method)
    assert_unchanged(model, before)
    for wrong in ({"target": 99}, {"layer": "nowhere"}, {"target": lambda scores: scores}):
        with pytest.raises(OptionError):
            tv.attribute(model, x, method, **wrong)
        assert_unchanged(model, before)
    with pytest.raises(InputError):
        tv.attribute(model, x[:, :5], method)
    assert_unchanged(model, before)
    np.testing.assert_array_equal(np.asarray(model(x)), predicted)


def test_a_target_that_raises_leaves_nothing_behind_and_works_the_next_time() -> None:
    model = net()
    x = data(1)
    model(x)
    before = state(model)

    def broken(scores: Any) -> Any:
        raise ZeroDivisionError("on purpose")

    with pytest.raises(TraceError, match="on purpose"):
        tv.attribute(model, x, target=broken)
    assert_unchanged(model, before)
    assert tv.attribute(model, x).layer == "last"


def test_the_model_can_be_forgotten() -> None:
    model = net()
    tv.attribute(model, data(1))
    explanations(model, data(1))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_large_batches_go_through_in_parts_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = net(), data(5)
    whole = tv.attribute(model, x, target=[0, 1, 2, 3, 4])
    monkeypatch.setattr("tensorview.attribution.engine.CHUNK_BYTES", 1)
    again = net()
    again.set_weights(model.get_weights())
    parts = tv.attribute(again, x, target=[0, 1, 2, 3, 4])
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-6)
    np.testing.assert_array_equal(parts.target, whole.target)


def test_a_stateful_model_is_run_from_the_same_state_each_time() -> None:
    model = keras.Sequential([
        keras.Input((5, 3), batch_size=2), layers.LSTM(4, stateful=True), layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    first, second = (tv.attribute(model, x, "saliency") for _ in range(2))
    np.testing.assert_array_equal(first.raw, second.raw)
    assert first.values.shape == (2, 5)


def test_a_model_that_needs_its_batch_size_is_traced_for_it() -> None:
    class Fixed(layers.Layer):
        def call(self, x: Any) -> Any:
            rows = [x[i] * 2 for i in range(x.shape[0])]
            return keras.ops.stack(rows)

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.fixed, self.head = Fixed(), layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.head(self.fixed(x))

    model = Model()
    x = np.ones((2, 4), "float32")
    result = tv.attribute(model, x, "saliency", target=1)
    np.testing.assert_allclose(result.raw, 2 * np.stack([model.head.get_weights()[0][:, 1]] * 2), atol=1e-6)


def test_a_run_that_fails_says_why_in_one_line() -> None:
    class Checked(layers.Layer):
        def call(self, x: Any) -> Any:
            tf.debugging.assert_less(tf.reduce_max(x), 2.0, "values are too large")
            return x * 1.0

    model = keras.Sequential([keras.Input((3,)), Checked(), layers.Dense(2)])
    assert tv.attribute(model, np.ones((1, 3), "float32"), "saliency").values.shape == (1, 3)
    with pytest.raises(TraceError, match="could not be run") as caught:
        tv.attribute(model, np.full((1, 3), 5.0, "float32"), "saliency")
    assert "\n" not in str(caught.value)
