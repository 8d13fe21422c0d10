"""A trace leaves the model as it was, and hears of no other thread's calls."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.deep import run_deep
from tensorview.errors import TraceError


def ids(trace: Any) -> list[str]:
    return [node.id for node in trace.nodes]


def rng(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape).astype("float32")


class TestLeftAsItWas:
    def test_attributes_losses_and_weights(self) -> None:
        class Keeper(layers.Layer):
            last: Any = None

            def call(self, x: Any) -> Any:
                self.last = x
                self.add_loss(tf.reduce_sum(x))
                return x * 1.0

        x = keras.Input((3,))
        keeper = Keeper(name="keeper")
        dense = layers.Dense(2, activity_regularizer="l2")
        model = keras.Model(x, dense(keeper(x)))
        model(np.ones((1, 3)))
        before, losses, weights = keeper.last, list(model.losses), [w.numpy() for w in model.weights]
        scope = layers.Layer.__call__
        tv.trace(model, rng(2, 3))
        assert keeper.last is before
        assert [float(a) for a in model.losses] == [float(a) for a in losses]
        assert all(np.array_equal(a, b.numpy()) for a, b in zip(weights, model.weights, strict=True))
        assert layers.Layer.__call__ is scope

    def test_state_of_a_stateful_rnn(self) -> None:
        x = keras.Input(batch_shape=(2, 5, 3))
        rnn = layers.LSTM(4, stateful=True, name="rnn")
        model = keras.Model(x, rnn(x))
        model(rng(2, 5, 3))
        before = [state.numpy() for state in rnn.states]
        tv.trace(model, rng(2, 5, 3))
        assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, rnn.states, strict=True))
        assert any(a.any() for a in before)

    def test_after_an_error_too(self) -> None:
        class Broken(layers.Layer):
            def call(self, x: Any) -> Any:
                self.kept = x
                raise RuntimeError("no luck today")

            def compute_output_shape(self, shape: Any) -> Any:
                return shape

        x = keras.Input((3,))
        broken = Broken(name="broken")
        broken.built = True
        model = keras.Model(x, broken(x))
        call = layers.Layer.__call__
        with pytest.raises(TraceError, match="no luck today"):
            tv.trace(model, rng(1, 3))
        assert not hasattr(broken, "kept")
        assert layers.Layer.__call__ is call

    @pytest.mark.parametrize("depth", [3, 250])
    def test_after_ctrl_c_too(self, depth: int) -> None:
        """In a shallow model's call, and in the deep one's thread, which must not go on working on the model."""
        calls: list[str] = []
        armed = threading.Event()

        class Interrupted(layers.Layer):
            def call(self, x: Any) -> Any:
                calls.append(self.name)
                self.kept = x
                if armed.is_set():
                    armed.clear()
                    os.kill(os.getpid(), signal.SIGINT)
                    if threading.current_thread() is not threading.main_thread():
                        told.wait()
                return x * 1.0

        def build() -> keras.Model:
            x = keras.Input((3,))
            h = x
            for _ in range(depth):
                h = Interrupted()(h)
            return keras.Model(x, h)

        model = run_deep(build)
        for layer in model.layers[1:]:
            del layer.kept
        call, told = layers.Layer.__call__, threading.Event()

        def interrupt(*_: Any) -> None:
            told.set()
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGINT, interrupt)
        armed.set()
        calls.clear()
        try:
            with pytest.raises(KeyboardInterrupt):
                tv.trace(model, rng(1, 3))
        finally:
            signal.signal(signal.SIGINT, before)
        assert len(calls) <= 3
        assert [layer.name for layer in model.layers if hasattr(layer, "kept")] == [], calls
        assert layers.Layer.__call__ is call

    def test_other_threads_are_not_recorded(self) -> None:
        other = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="foreign")])
        stop, seen = threading.Event(), []

        def hammer() -> None:
            while not stop.is_set():
                other(np.ones((1, 4)))
                seen.append(1)

        x = keras.Input((4,), name="x")
        h = x
        for i in range(30):
            h = layers.Dense(4, name=f"d{i}")(h)
        model = keras.Model(x, h)
        threads = [threading.Thread(target=hammer) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            traces = [tv.trace(model, rng(1, 4)) for _ in range(3)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert seen
        assert all(ids(trace) == ["x", *(f"d{i}" for i in range(30))] for trace in traces)

    def test_traces_in_two_threads_at_once(self) -> None:
        def chain(prefix: str) -> keras.Model:
            x = keras.Input((4,), name=f"{prefix}x")
            h = x
            for i in range(20):
                h = layers.Dense(4, name=f"{prefix}{i}")(h)
            return keras.Model(x, h)

        found: dict[str, list[str]] = {}

        def work(prefix: str, model: keras.Model) -> None:
            found[prefix] = ids(tv.trace(model, rng(1, 4)))

        threads = [threading.Thread(target=work, args=(p, chain(p))) for p in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found["a"] == ["ax", *(f"a{i}" for i in range(20))]
        assert found["b"] == ["bx", *(f"b{i}" for i in range(20))]
