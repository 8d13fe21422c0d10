"""Models whose Python code decides by the values of tensors: traced along the path that the input takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.framework import ops

import tensorview as tv

X = np.random.default_rng(7).normal(size=(2, 4)).astype("float32")
CHAIN = {("input", "a"), ("a", "b"), ("b", "out")}


class Deciding(keras.Model):
    """Two layers and an output, called as the given function says."""

    def __init__(self, way: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.way = way
        self.a, self.b = layers.Dense(4, name="a"), layers.Dense(4, name="b")
        self.out = layers.Dense(3, name="out")

    def call(self, x: Any) -> Any:
        return self.way(self, x)


def branch(m: Any, x: Any) -> Any:
    h = m.a(x)
    return m.out(m.b(h) + 1 if tf.reduce_mean(tf.square(h)) > 0 else h)


def loop(m: Any, x: Any) -> Any:
    h, n = m.a(x), 0
    while bool(tf.norm(h) < 50) and n < 3:
        h, n = m.b(h) * 3, n + 1
    return m.out(h)


def count(m: Any, x: Any) -> Any:
    h = m.a(x)
    for _ in range(tf.cast(tf.reduce_sum(tf.ones([2])), tf.int32)):
        h = m.b(h) + x
    return m.out(h)


def rows(m: Any, x: Any) -> Any:
    return m.out(m.b(tf.stack([row * 2 if row[0] > 0 else -row for row in m.a(x)])))


def floats(m: Any, x: Any) -> Any:
    h = m.a(x)
    return m.out(m.b(h * max(float(value) for value in tf.reduce_mean(h, 0))))


def position(m: Any, x: Any) -> Any:
    h = m.a(x)
    return m.out(m.b(h) * [1.0, 2.0, 3.0, 4.0][tf.argmax(h[0])])


def numbers(m: Any, x: Any) -> Any:
    h = m.a(x)
    return m.out(m.b(h * np.asarray(h).max() + h.numpy().min()))


def sizes(m: Any, x: Any) -> Any:
    h = m.a(x)
    kept = tf.boolean_mask(h, h[:, 0] > -100)
    for i in range(kept.shape[0]):
        h = h + kept[i]
    return m.out(m.b(h))


def lengths(m: Any, x: Any) -> Any:
    h = m.a(x)
    return m.out(m.b(h) * float(len(tf.where(h > -100))))


WAYS = [branch, loop, count, rows, floats, position, numbers, sizes, lengths]


def expected(model: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outputs and the top score's gradient by the input, of a plain eager call."""
    with tf.GradientTape() as tape:
        given = tf.constant(x)
        tape.watch(given)
        outputs = model(given)
        score = tf.reduce_max(outputs, 1)
    return outputs.numpy(), tape.gradient(score, given).numpy()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_trace_and_gradient_are_those_of_an_eager_call(way: Any) -> None:
    keras.utils.set_random_seed(3)
    model = Deciding(way)
    trace = tv.trace(model, X)
    outputs, gradient = expected(model, X)
    np.testing.assert_allclose(trace.outputs, outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tv.attribute(model, X, "saliency").raw, gradient, rtol=1e-4, atol=1e-6)
    assert {("input", "a"), ("a", "b")} <= set(trace.edges)
    assert any("decides in Python by its values" in note for note in trace.notes)


def test_edges_are_those_of_the_path_taken() -> None:
    assert set(tv.trace(Deciding(branch), X).edges) == CHAIN
    taken = tv.trace(Deciding(count), X)
    assert set(taken.edges) == {
        ("input", "a"), ("a", "b"), ("b", "b#1"), ("input", "b#1"), ("b#1", "out"), ("input", "out"),
    }  # fmt: skip


def test_another_input_takes_its_own_path() -> None:
    class Sign(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.small, self.large = layers.Dense(2, name="small"), layers.Dense(2, name="large")
            self.small.build((None, 3))
            self.large.build((None, 3))

        def call(self, x: Any) -> Any:
            return self.large(x) if tf.reduce_sum(x) > 0 else self.small(x)

    model = Sign()
    for sign, layer in ((1, model.large), (-1, model.small), (1, model.large)):
        x = sign * np.ones((2, 3), "float32")
        raw = tv.attribute(model, x, "saliency", target=1).raw
        np.testing.assert_allclose(raw, np.tile(np.asarray(layer.kernel)[:, 1], (2, 1)), rtol=1e-6)
        assert layer.name in [node.id for node in tv.trace(model, x).nodes]
    note = tv.attribute(model, np.ones((3, 3), "float32"), "saliency").score_note
    assert "path that the model's Python code took" in note


def test_nested_in_a_functional_model() -> None:
    inner = Deciding(branch)
    inner(X)
    x = keras.Input((4,), name="x")

    class Call(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="call")
            self.inner = inner

        def call(self, x: Any) -> Any:
            return self.inner(x)

        def compute_output_spec(self, x: Any) -> Any:
            return keras.KerasTensor((x.shape[0], 3))

    model = keras.Model(x, layers.Dense(2, name="last")(Call()(layers.Dense(4, name="first")(x))))
    trace = tv.trace(model, X)
    name = inner.name
    assert set(trace.edges) == {
        ("x", "first"), ("first", f"call/{name}/a"), (f"call/{name}/a", f"call/{name}/b"),
        (f"call/{name}/b", f"call/{name}/out"), (f"call/{name}/out", "last"),
    }  # fmt: skip
    np.testing.assert_allclose(trace.outputs, model(X), rtol=1e-5)


def test_nothing_is_left_on_symbolic_tensors() -> None:
    before = dict(vars(ops.SymbolicTensor))
    tv.trace(Deciding(branch), X)
    assert dict(vars(ops.SymbolicTensor)) == before


@pytest.mark.parametrize("mode", ["full", "activations"])
def test_rematerialised_layers_are_seen(mode: str) -> None:
    with keras.RematScope(mode=mode):
        x = keras.Input((4,), name="x")
        h = layers.Dense(5, activation="relu", name="a")(x)
        model = keras.Model(x, layers.Dense(3, name="b")(h))
    trace = tv.trace(model, X)
    assert set(trace.edges) == {("x", "a"), ("a", "b")}
    assert trace.notes == ()
    outputs, gradient = expected(model, X)
    np.testing.assert_allclose(trace.outputs, outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tv.attribute(model, X, "saliency").raw, gradient, rtol=1e-5, atol=1e-6)


class TestInnerFunctions:
    @pytest.mark.parametrize("signature", [None, [tf.TensorSpec([None, 4], tf.float32)]])
    def test_are_seen_into(self, signature: Any) -> None:
        def way(m: Any, x: Any) -> Any:
            @tf.function(input_signature=signature, reduce_retracing=signature is None)
            def inside(h: Any) -> Any:
                return tf.nn.relu(m.b(h)) if tf.reduce_sum(h) > 1e9 else m.b(h)

            plain = tf.function(lambda h: m.b(h) * 2.0, input_signature=signature)
            return m.out(plain(m.a(x)) + tf.cast(tf.shape(inside(m.a(x)))[0], tf.float32))

        model = Deciding(way)
        trace = tv.trace(model, X)
        assert {("input", "a"), ("a", "b"), ("b", "out")} <= set(trace.edges)
        np.testing.assert_allclose(trace.outputs, model(X), rtol=1e-5, atol=1e-6)

    def test_a_branch_by_a_tensor_stays_one_of_the_graph(self) -> None:
        def way(m: Any, x: Any) -> Any:
            @tf.function
            def inside(h: Any) -> Any:
                if tf.reduce_sum(h) > 0:
                    h = h * 2.0
                return m.b(h)

            return m.out(inside(m.a(x)))

        model = Deciding(way)
        trace = tv.trace(model, np.concatenate([X, -X]))
        assert set(trace.edges) == CHAIN
        assert trace.notes == ()
        for sign in (1, -1):
            np.testing.assert_allclose(tv.trace(model, sign * X).outputs, model(sign * X), rtol=1e-5, atol=1e-6)

    def test_of_a_whole_call(self) -> None:
        class Model(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.b = layers.Dense(4, name="a"), layers.Dense(2, name="b")

            @tf.function
            def call(self, x: Any) -> Any:
                return self.b(self.a(x))

        model = Model()
        assert set(tv.trace(model, X).edges) == {("input", "a"), ("a", "b")}
        np.testing.assert_allclose(tv.trace(model, X).outputs, model(X), rtol=1e-5)
