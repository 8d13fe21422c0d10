"""Models whose Python code no graph can trace: run eagerly, and what ran is written into a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.errors import TraceError

X = np.random.default_rng(5).normal(size=(2, 6, 4)).astype("float32")


class Eager(keras.Model):
    """Refuses to run in a graph, as code does that asks for eager tensors."""

    def __init__(self, way: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.way = way
        self.a, self.b = layers.Dense(4, name="a"), layers.Dense(4, name="b", activation="relu")
        self.conv = layers.Conv1D(4, 3, padding="same", name="conv")
        self.norm, self.drop = layers.BatchNormalization(name="norm"), layers.Dropout(0.5, name="drop")
        self.attend = layers.MultiHeadAttention(2, 3, name="attend")
        self.lstm = layers.LSTM(5, name="lstm")
        self.inner = keras.Sequential([layers.Dense(4, name="first"), layers.Dense(4, name="second")], name="inner")
        self.out = layers.Dense(3, name="out", activation="softmax")

    def call(self, x: Any) -> Any:
        if not tf.executing_eagerly():
            raise RuntimeError("this needs eager tensors")
        return self.way(self, x)


def made(way: Callable[[Any, Any], Any]) -> Any:
    keras.utils.set_random_seed(4)
    return Eager(way)


def raw(m: Any, x: Any) -> Any:
    h = m.conv(m.a(x) + 2 * x)
    h = m.drop(m.norm(h))
    h = m.inner(h[:, ::-1])
    return m.out(m.lstm(tf.concat([h, tf.matmul(h, x, transpose_b=True)], -1)))


def attention(m: Any, x: Any) -> Any:
    h = m.a(x)
    return m.out(m.attend(h, m.b(h)) + h)


def loop(m: Any, x: Any) -> Any:
    h = m.a(x)
    while float(tf.norm(h)) < 40:
        h = m.a(h) * 1.5 + h
    return m.out(h if float(h[0, 0, 0]) > 0 else m.b(h))


EDGES = {
    raw: {
        ("input", "a"), ("input", "conv"), ("a", "conv"), ("conv", "norm"), ("norm", "drop"), ("drop", "inner/first"),
        ("inner/first", "inner/second"), ("inner/second", "lstm"), ("input", "lstm"), ("lstm", "out"),
    },
    attention: {
        ("input", "a"), ("a", "b"), ("a", "attend/query"), ("b", "attend/key"), ("b", "attend/value"),
        ("attend/query", "attend/scores"), ("attend/key", "attend/scores"),
        ("attend/scores", "attend/attention_output"), ("attend/value", "attend/attention_output"),
        ("attend/attention_output", "out"), ("a", "out"),
    },
}  # fmt: skip


@pytest.mark.parametrize("way", EDGES, ids=lambda way: way.__name__)
def test_edges_are_those_of_the_operations_that_ran(way: Any) -> None:
    trace = tv.trace(made(way), X)
    assert set(trace.edges) == EDGES[way]
    assert any("was run eagerly" in note and "edges may be missing" in note for note in trace.notes)


@pytest.mark.parametrize("way", [raw, attention, loop], ids=lambda way: way.__name__)
def test_values_and_gradients_are_those_of_an_eager_call(way: Any) -> None:
    model = made(way)
    with tf.GradientTape() as tape:
        given = tf.constant(X)
        tape.watch(given)
        outputs = model(given)
        logits = tf.math.log(outputs) if outputs.shape.rank == 2 else tf.reduce_sum(tf.math.log(outputs), 1)
        best = tf.argmax(outputs if outputs.shape.rank == 2 else tf.reduce_sum(outputs, 1), -1)
        score = tf.gather(logits - tf.reduce_mean(logits, -1, keepdims=True), best, batch_dims=1)
    trace = tv.trace(model, X)
    np.testing.assert_allclose(trace.outputs, outputs, rtol=1e-6)
    np.testing.assert_allclose(trace.activation("a"), model.a(X), rtol=1e-5, atol=1e-6)

    def centred(z: Any) -> Any:
        z = z if z.shape.rank == 2 else tf.reduce_sum(z, 1)
        return tf.gather(z - tf.reduce_mean(z, -1, keepdims=True), best, batch_dims=1)

    found = tv.attribute(model, X, "saliency", target=centred)
    np.testing.assert_allclose(found.raw, tape.gradient(score, given), rtol=1e-3, atol=1e-5)


def test_an_input_that_takes_another_path_is_run_anew() -> None:
    def sign(m: Any, x: Any) -> Any:
        return m.out(m.a(x) if float(tf.reduce_sum(x)) > 0 else m.b(x) * 0.0)

    model, up, down = made(sign), np.abs(X), -np.abs(X)
    assert set(tv.trace(model, up).edges) == {("input", "a"), ("a", "out")}
    assert set(tv.trace(model, down).edges) == {("input", "b"), ("b", "out")}
    first = tv.attribute(model, up, "saliency")
    assert np.abs(first.raw).max() > 0
    assert np.abs(tv.attribute(model, down, "saliency").raw).max() == 0, "not the path of the input before"
    np.testing.assert_array_equal(tv.attribute(model, up, "saliency").raw, first.raw)


def test_states_are_left_as_they_were() -> None:
    class Counting(layers.Layer):
        def build(self, shape: Any) -> None:
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x: Any) -> Any:
            self.count.assign_add(1.0)
            return x + self.count

    model = made(lambda m, x: m.out(m.counting(x)))
    model.counting = Counting(name="counting")
    expected = model(X)
    model.counting.count.assign(0.0)
    trace = tv.trace(model, X)
    np.testing.assert_allclose(trace.outputs, expected, rtol=1e-6)
    assert float(model.counting.count) == 0


def test_what_is_compiled_on_the_way_keeps_its_edges() -> None:
    double = tf.function(lambda h: tf.nn.relu(h) * 2, jit_compile=True)
    model = made(lambda m, x: m.out(m.a(x) + double(m.b(x))))
    trace = tv.trace(model, X)
    np.testing.assert_allclose(trace.outputs, model(X), rtol=1e-5)
    assert set(trace.edges) == {("input", "a"), ("input", "b"), ("a", "out"), ("b", "out")}
    assert any("No gradient goes through" in note for note in trace.notes)


def test_numbers_that_went_through_numpy_are_right() -> None:
    model = made(lambda m, x: m.out(m.b(tf.constant(np.sort(m.a(x).numpy(), axis=1)))))
    trace = tv.trace(model, X)
    np.testing.assert_allclose(trace.outputs, model(X), rtol=1e-6)
    assert set(trace.edges) == {("input", "a"), ("b", "out")}


def test_the_bundle_says_that_edges_may_be_missing(tmp_path: Any) -> None:
    tv.export(made(raw), X, tmp_path / "model.tview", format="tview")
    assert any("edges may be missing" in note for note in tv.open_bundle(tmp_path / "model.tview").manifest.notes)


def test_a_model_that_fails_is_one_clear_line() -> None:
    def fails(m: Any, x: Any) -> Any:
        raise ValueError("nothing works")

    for use in (lambda m: tv.trace(m, X), lambda m: tv.attribute(m, X, "saliency")):
        with pytest.raises(TraceError, match=r"could not be (run|called).*: nothing works"):
            use(made(fails))
