"""What every method of the registry owes on every kind of model: one answer however it is asked for, and a model that
is left as it was."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from attribution_cases import CASES, assert_unchanged, made, state
from keras import layers

import tensorview as tv
from tensorview import compiling
from tensorview.attribution import engine, forward, probe
from tensorview.attribution.registry import METHODS, find
from tensorview.errors import OptionError, TraceError

NAMES = [method.name for method in METHODS]
FEW: dict[str, dict[str, Any]] = {
    "smoothgrad": {"samples": 3},
    "integrated_gradients": {"steps": 3},
    "rise": {"masks": 6, "cells": 3},
    "occlusion": {"patch": 4, "stride": 4},
}
"""Parameters that make a method quick."""


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever a model is traced."""
    count: list[int] = []
    for name in ("record", "record_eagerly"):
        original = getattr(compiling, name)

        def counted(*args: Any, original: Any = original) -> Any:
            count.append(1)
            return original(*args)

        monkeypatch.setattr(compiling, name, counted)
    return count


def arrays(result: Any) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    for name in ("values", "raw", "score", "weights", "delta"):
        found = getattr(result, name)
        for key, array in found.items() if isinstance(found, dict) else [("", found)]:
            if array is not None:
                yield f"{name} {key}", array


def assert_same(found: Any, wanted: Any, tolerance: float, sample: int | None = None) -> None:
    part = slice(None) if sample is None else slice(sample, sample + 1)
    for (name, a), (_, b) in zip(arrays(found), arrays(wanted), strict=True):
        largest = np.abs(wanted.score if name.startswith("delta") else b).max()  # a delta is what rounding leaves
        assert np.abs(a - b[part]).max() <= tolerance * max(1e-3, largest), name


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("case_name", CASES)
def test_the_contract(case_name: str, method: str, traces: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    model, case = made(case_name)
    x, targets, few = case.inputs(2), [2, 0], FEW.get(method, {})
    before = state(model)
    if method in case.missing:
        with pytest.raises(OptionError, match=case.missing[method]) as caught:
            tv.attribute(model, x, method, **few)
        assert "\n" not in str(caught.value)
        assert_unchanged(model, before)
        return
    result = tv.attribute(model, x, method, target=targets, **few)
    assert_unchanged(model, before)

    given = x if isinstance(x, dict) else {"": x}
    values = result.values if isinstance(result.values, dict) else {"": result.values}
    assert values.keys() <= given.keys()
    for key, found in values.items():
        assert found.shape in (given[key].shape, given[key].shape[:-1], (2, *given[key].shape[2:]))
    for name, array in arrays(result):
        assert array.dtype == np.float32, name
        assert len(array) == 2, name
        assert np.isfinite(array).all(), name
        assert array.any() or name.startswith("delta"), name
    assert find(method).signed or all(found.min() >= 0 for found in values.values())
    assert (result.layer is not None) == find(method).looks_at_layer
    assert result.steps and result.score_note and result.method == method
    assert result.target.tolist() == targets

    traced = len(traces)
    assert_same(tv.attribute(model, x, method, target=targets, **few), result, 0.0)
    for sample, target in enumerate(targets):
        one = {key: array[sample : sample + 1] for key, array in given.items()}
        alone = tv.attribute(model, one if isinstance(x, dict) else one[""], method, target=target, **few)
        assert_same(alone, result, case.tolerance, sample)
    for module, limit in ((engine, "CHUNK_BYTES"), (probe, "PASS_BYTES"), (forward, "PASS_BYTES")):
        monkeypatch.setattr(module, limit, 1)
    assert_same(tv.attribute(model, x, method, target=targets, **few), result, case.tolerance)
    tv.attribute(model, case.inputs(3), method, target=1, **few)
    assert len(traces) == traced, "traced again for another batch size or class"
    assert_unchanged(model, before)


@pytest.mark.parametrize("method", NAMES)
def test_another_seed_another_map_and_the_same_seed_the_same(method: str) -> None:
    model, case = made("shared" if method != "attention_rollout" else "token ids")
    seeded = "seed" in find(method).__dataclass_fields__
    if not seeded:
        assert method not in ("smoothgrad", "rise")
        return
    first, same, other = (tv.attribute(model, case.inputs(1), method, seed=s, **FEW[method]).raw for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 1e-4


# A model in use ---------------------------------------------------------------------------------------------------


def rich() -> keras.Model:
    """All that tracing and running could leave something on: nesting, states, statistics, dropout, losses, attention,
    pooling, and a head that CAM can read."""
    keras.utils.set_random_seed(3)
    x = keras.Input((8, 6, 2), batch_size=2)
    y = layers.MaxPooling2D()(layers.Conv2D(4, 3, padding="same", activation="relu", activity_regularizer="l2")(x))
    token = layers.Reshape((12, 4))(y)
    token = layers.LSTM(4, return_sequences=True, stateful=True)(token)
    y = layers.Add()([y, layers.Reshape((4, 3, 4))(layers.MultiHeadAttention(2, 2)(token, token))])
    y = keras.Sequential([layers.Conv2D(5, 2), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.5)])(y)
    return keras.Model(x, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(y)))


@pytest.mark.parametrize("method", NAMES)
def test_a_target_that_fails_or_is_interrupted_leaves_the_model_as_it_was(method: str) -> None:
    model = rich()
    x = np.random.default_rng(0).normal(size=(2, 8, 6, 2)).astype("float32")
    predicted = np.asarray(model(x, training=False))
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            layer.reset_states()
    before = state(model)
    found = tv.attribute(model, x, method, **FEW.get(method, {}))
    assert_unchanged(model, before)

    def broken(scores: Any) -> Any:
        raise ZeroDivisionError("on purpose")

    def interrupted(scores: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return scores[:, 0]

    with pytest.raises(TraceError, match="on purpose"):
        tv.attribute(model, x, method, target=broken, **FEW.get(method, {}))
    assert_unchanged(model, before)
    with pytest.raises(KeyboardInterrupt):
        tv.attribute(model, x, method, target=interrupted, **FEW.get(method, {}))
    assert_unchanged(model, before)
    assert_same(tv.attribute(model, x, method, **FEW.get(method, {})), found, 0.0)
    np.testing.assert_allclose(np.asarray(model(x, training=False)), predicted, atol=1e-6)


@pytest.mark.parametrize(
    ("method", "endless"),
    [
        ("smoothgrad", {"samples": 10000}), ("integrated_gradients", {"steps": 1000}), ("rise", {"masks": 100000}),
        ("occlusion", {"patch": 1, "stride": 1}),
    ],
)  # fmt: skip
def test_ctrl_c_in_the_middle_of_a_long_run(method: str, endless: dict[str, int]) -> None:
    model = rich()
    x = np.random.default_rng(0).normal(size=(2, 8, 6, 2)).astype("float32")
    found = tv.attribute(model, x, method, **FEW[method])
    before = state(model)
    runs: list[int] = []
    original = compiling.Compiled._run

    def press(self: Any, args: Any) -> Any:
        runs.append(1)
        if len(runs) == 4:  # some passes are behind it, most are to come
            threading.Thread(target=signal.raise_signal, args=(signal.SIGINT,)).start()
        return original(self, args)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(compiling.Compiled, "_run", press)
        tv.attribute(model, x, method, **endless)
    assert len(runs) >= 4
    assert_unchanged(model, before)
    assert_same(tv.attribute(model, x, method, **FEW[method]), found, 0.0)


# Rules at ReLUs, wherever they stand ------------------------------------------------------------------------------


def sites() -> dict[str, keras.Model]:
    def net(*relu: Any, **inside: Any) -> keras.Model:
        keras.utils.set_random_seed(4)
        return keras.Sequential([
            keras.Input((9, 8, 2)), layers.Conv2D(4, 3, **inside), *[make() for make in relu],
            layers.Conv2D(4, 3, **inside), *[make() for make in relu], layers.Flatten(), layers.Dense(3),
        ])  # fmt: skip

    class Operation(layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.relu(x)

    return {
        "ReLU layer": net(layers.ReLU),
        "Activation": net(lambda: layers.Activation("relu")),
        "argument": net(activation="relu"),
        "keras.ops.relu": net(Operation),
        "subclassed with tf.nn.relu": made("subclassed with tf.nn.relu")[0],
    }


def test_guided_backprop_changes_the_map_at_every_kind_of_relu() -> None:
    """tf-keras-vis silently does nothing on ReLU layers."""
    x = np.random.default_rng(1).normal(size=(2, 9, 8, 2)).astype("float32")
    for name, model in sites().items():
        plain = tv.attribute(model, x, "saliency", target=1).raw
        for method in ("guided_backprop", "rectified"):
            ruled = tv.attribute(model, x, method, target=1).raw
            assert np.abs(ruled - plain).max() > 0.05 * np.abs(plain).max(), (name, method)
            assert tv.attribute(model, x, "saliency", target=1).raw.tobytes() == plain.tobytes(), (name, method)


def test_attention_over_windows_is_refused() -> None:
    """Each window is a sample of the attention; their products say nothing of the whole picture."""

    class Windows(layers.Layer):
        def call(self, x: Any) -> Any:
            parts = tf.reshape(x, [-1, 2, 4, 2, 4, 3])
            return tf.reshape(tf.transpose(parts, [0, 1, 3, 2, 4, 5]), [-1, 16, 3])

    x = keras.Input((8, 8, 3))
    y = Windows()(x)
    for _ in range(2):
        y = y + layers.MultiHeadAttention(1, 3)(y, y)
    y = layers.Lambda(lambda t: tf.reshape(t, [-1, 64, 3]), output_shape=(64, 3))(y)
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)))
    with pytest.raises(TraceError, match="windows") as caught:
        tv.attribute(model, np.ones((2, 8, 8, 3), "float32"), "attention_rollout")
    assert "\n" not in str(caught.value)
