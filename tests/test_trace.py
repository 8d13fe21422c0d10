"""The trace: which calls there are, and how they are wired and nested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.deep import run_deep
from tensorview.errors import InputError, TraceError
from tensorview.tracing import outline


def edges(trace: Any) -> set[tuple[str, str]]:
    return set(trace.edges)


def ids(trace: Any) -> list[str]:
    return [node.id for node in trace.nodes]


def rng(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape).astype("float32")


class TestWiring:
    def test_sequential_without_input_is_built_by_its_first_input(self) -> None:
        model = keras.Sequential([layers.Dense(4, name="a"), layers.ReLU(name="b")])
        trace = tv.trace(model, rng(3, 5))
        assert ids(trace)[1:] == ["a", "b"]
        assert edges(trace) == {(ids(trace)[0], "a"), ("a", "b")}
        assert trace.nodes[1].shape == (3, 4) == trace.activation("a").shape

    def test_residual_add_and_operator(self) -> None:
        x = keras.Input((8,), name="x")
        h = layers.Dense(8, name="d")(x)
        y = layers.Add(name="sum")([x, h])
        z = keras.Model(x, y * 2.0 + h)
        trace = tv.trace(z, rng(2, 8))
        assert ("x", "sum") in edges(trace)
        assert ("d", "sum") in edges(trace)
        [multiply] = [node for node in trace.nodes if node.class_name == "Multiply"]
        [add] = [node for node in trace.nodes if node.class_name == "Add" and node.id != "sum"]
        assert edges(trace) == {
            ("x", "d"), ("x", "sum"), ("d", "sum"), ("sum", multiply.id), (multiply.id, add.id), ("d", add.id),
        }  # fmt: skip
        assert trace.output_ids == (add.id,)

    def test_shared_layer_is_a_node_for_each_call(self) -> None:
        a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
        shared = layers.Dense(3, name="shared")
        model = keras.Model([a, b], layers.Concatenate(name="both")([shared(a), shared(b)]))
        first, second = rng(2, 4), rng(2, 4) + 1
        trace = tv.trace(model, [first, second])
        calls = {node.call: node.id for node in trace.nodes if node.layer == "shared"}
        assert len(calls) == 2
        assert calls[0] == "shared"
        assert edges(trace) == {("a", calls[0]), ("b", calls[1]), (calls[0], "both"), (calls[1], "both")}
        np.testing.assert_allclose(trace.activation(calls[1]), shared(second), rtol=1e-6)

    def test_nested_and_shared_model_is_a_group_for_each_call(self) -> None:
        inner_in = keras.Input((4,))
        inner = keras.Model(inner_in, layers.ReLU(name="r")(layers.Dense(4, name="d")(inner_in)), name="inner")
        x = keras.Input((4,), name="x")
        model = keras.Model(x, inner(inner(x)))
        trace = tv.trace(model, rng(2, 4))
        assert [(g.id, g.call, g.group) for g in trace.groups] == [("inner", 0, None), ("inner#1", 1, None)]
        assert [(n.id, n.group) for n in trace.nodes if n.layer == "d"] == [
            ("inner/d", "inner"), ("inner#1/d", "inner#1"),
        ]  # fmt: skip
        assert edges(trace) == {
            ("x", "inner/d"), ("inner/d", "inner/r"), ("inner/r", "inner#1/d"), ("inner#1/d", "inner#1/r"),
        }  # fmt: skip
        np.testing.assert_array_equal(trace.activation("inner"), trace.activation("inner/r"))

    def test_dict_inputs_and_outputs(self) -> None:
        a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
        model = keras.Model({"b": b, "a": a}, {"p": layers.Dense(2, name="dp")(a), "q": layers.Dense(1, name="dq")(b)})
        inputs = {"a": rng(2, 3), "b": rng(2, 2)}
        trace = tv.trace(model, inputs)
        assert edges(trace) == {("a", "dp"), ("b", "dq")}
        assert dict(zip(trace.output_names, trace.output_ids, strict=True)) == {"p": "dp", "q": "dq"}
        np.testing.assert_allclose(trace.outputs["q"], model(inputs)["q"], rtol=1e-6)

    def test_dropout_in_inference_has_its_own_edges(self) -> None:
        x = keras.Input((4,), name="x")
        h = layers.Dense(4, name="h")(x)
        dropped = layers.Dropout(0.5, name="drop")(h)
        sibling = layers.Dense(2, name="sibling")(h)
        after = layers.Dense(2, name="after")(dropped)
        trace = tv.trace(keras.Model(x, [sibling, after]), rng(2, 4))
        assert edges(trace) == {("x", "h"), ("h", "drop"), ("h", "sibling"), ("drop", "after")}

    def test_input_that_is_an_output_and_the_same_output_twice(self) -> None:
        x = keras.Input((4,), name="x")
        h = layers.Dense(4, name="h")(x)
        trace = tv.trace(keras.Model(x, [x, h, h]), rng(2, 4))
        assert trace.output_ids == ("x", "h", "h")
        assert edges(trace) == {("x", "h")}

    def test_attention_called_by_keyword_keeps_its_edges(self) -> None:
        x, y = keras.Input((5, 8), name="x"), keras.Input((6, 8), name="y")
        attention = layers.MultiHeadAttention(2, 4, name="mha")
        model = keras.Model([x, y], attention(query=x, value=y, key=y))
        trace = tv.trace(model, [rng(2, 5, 8), rng(2, 6, 8)])
        assert [group.id for group in trace.groups] == ["mha"]
        assert {("x", "mha/query"), ("y", "mha/key"), ("y", "mha/value")} <= edges(trace)
        assert {("mha/query", "mha/scores"), ("mha/key", "mha/scores")} <= edges(trace)
        assert {("mha/scores", "mha/attention_output"), ("mha/value", "mha/attention_output")} <= edges(trace)
        assert trace.activation("mha").shape == (2, 5, 8)

    def test_rnn_is_one_node(self) -> None:
        x = keras.Input((7, 3), name="x")
        states = layers.Bidirectional(layers.LSTM(4), name="bi")(x)
        model = keras.Model(x, layers.Dense(1, name="y")(states))
        trace = tv.trace(model, rng(2, 7, 3))
        assert ids(trace) == ["x", "bi", "y"]
        assert trace.groups == ()

    def test_a_layer_that_returns_several_tensors(self) -> None:
        x = keras.Input((7, 3), name="x")
        sequence, hidden, cell = layers.LSTM(4, return_sequences=True, return_state=True, name="lstm")(x)
        trace = tv.trace(keras.Model(x, [sequence, hidden, cell]), rng(2, 7, 3))
        found = trace.activation("lstm")
        assert [part.shape for part in found] == [(2, 7, 4), (2, 4), (2, 4)]
        np.testing.assert_array_equal(found[0][:, -1], found[1])

    def test_masks_pass_through_renewed_tensors(self) -> None:
        x = keras.Input((5,), dtype="int32", name="x")
        h = layers.Embedding(10, 4, mask_zero=True, name="embed")(x)
        h = layers.Dropout(0.3, name="drop")(h)
        model = keras.Model(x, layers.LSTM(3, name="lstm")(h))
        tokens = np.array([[1, 2, 0, 0, 0], [4, 5, 6, 7, 8]])
        np.testing.assert_allclose(tv.trace(model, tokens).outputs, model(tokens), rtol=1e-5, atol=1e-6)


class Block(layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Dense(4, name="first")
        self.second = layers.Dense(4, name="second")

    def call(self, x: Any) -> Any:
        return tf.nn.relu(self.first(x)) + self.second(x) * 2.0


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.block = Block(name="block")
        self.head = layers.Dense(2, name="head")

    def call(self, x: Any) -> Any:
        return tf.nn.softmax(self.head(self.block(self.block(x))))


class TestSubclassed:
    def test_raw_operations_between_layers_are_followed(self) -> None:
        x = rng(2, 4)
        model = Subclassed()
        trace = tv.trace(model, x)
        [source] = trace.input_ids
        assert edges(trace) == {
            (source, "block/first"), (source, "block/second"),
            ("block/first", "block#1/first"), ("block/second", "block#1/first"),
            ("block/first", "block#1/second"), ("block/second", "block#1/second"),
            ("block#1/first", "head"), ("block#1/second", "head"),
        }  # fmt: skip
        assert trace.output_ids == ("head",)
        np.testing.assert_allclose(trace.outputs, model(x), rtol=1e-5)
        np.testing.assert_allclose(trace.activation("block"), model.block(x), rtol=1e-5)

    def test_layers_that_cannot_be_seen_are_named(self) -> None:
        class Hidden(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.first, self.second = layers.Dense(2, name="first"), layers.LSTM(2, name="second")
                self.last = layers.Dense(2, name="last")

            def call(self, x: Any) -> Any:
                def inside(x: Any) -> Any:
                    return self.second(self.first(x))

                return self.last(tf.cond(tf.reduce_sum(x) > 0, lambda: inside(x), lambda: inside(x)))

        trace = tv.trace(Hidden(), rng(2, 3, 4))
        [note] = trace.notes
        assert note.startswith("Not seen to run: 'first', 'second'.")
        assert "'last'" not in note


class TestOddities:
    def test_names_that_no_graph_scope_allows(self) -> None:
        names = ["mit Leerzeichen", "層", "<img src=x onerror=alert(1)>", "a:b", "__proto__"]
        x = keras.Input((4,), name="ein gang")
        h = x
        for name in names:
            h = layers.Dense(4, name=name)(h)
        trace = tv.trace(keras.Model(x, h), rng(1, 4))
        assert [node.layer for node in trace.nodes] == ["ein gang", *names]

    def test_the_same_name_twice_gets_two_ids(self) -> None:
        class Twins(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.pair = [layers.Dense(3, name="twin"), layers.Dense(3, name="twin")]

            def call(self, x: Any) -> Any:
                return self.pair[1](self.pair[0](x))

        trace = tv.trace(Twins(), rng(1, 3))
        first, second = (node for node in trace.nodes if node.layer == "twin")
        assert first.id != second.id
        assert first.call == second.call == 0
        assert (first.id, second.id) in edges(trace)

    def test_a_thousand_layers(self) -> None:
        def build() -> keras.Model:
            x = keras.Input((2,), name="x")
            h = x
            for i in range(1000):
                h = layers.ReLU(name=f"r{i}")(h)
            return keras.Model(x, h)

        # Keras itself needs a deep stack to build this one.
        trace = tv.trace(run_deep(build), np.ones((1, 2), "float32"))
        assert len(trace.nodes) == 1001
        assert len(trace.edges) == 1000

    def test_fixed_batch_size_is_honoured(self) -> None:
        x = keras.Input(batch_shape=(4, 3), name="x")
        model = keras.Model(x, layers.Dense(2)(x))
        assert tv.trace(model, rng(4, 3)).outputs.shape == (4, 2)
        with pytest.raises(InputError, match="exactly 4"):
            tv.trace(model, rng(3, 3))

    def test_wrong_shapes_say_what_was_expected(self) -> None:
        x = keras.Input((28, 28, 1), name="digit")
        model = keras.Model(x, layers.Flatten()(x))
        with pytest.raises(InputError, match=r"'digit'.*\(any, 28, 28, 1\).*\(28, 28, 1\).*batch first"):
            tv.trace(model, rng(28, 28, 1))
        with pytest.raises(InputError, match=r"\(2, 32, 32, 1\) came"):
            tv.trace(model, rng(2, 32, 32, 1))

    @pytest.mark.parametrize("model", ["model.keras", None, object()])
    def test_what_is_no_model(self, model: Any, tmp_path: Path) -> None:
        x, path = rng(2, 4), tmp_path / "out.html"
        calls: list[tuple[Any, ...]] = [(tv.trace, x), (tv.attribute, x), (tv.export, x, path), (tv.export, None, path)]
        for function, *rest in calls:
            with pytest.raises(TraceError, match="expected a Keras 3 model"):
                function(model, *rest)

    def test_complex_numbers_are_no_input(self) -> None:
        model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
        with pytest.raises(InputError, match="complex"):
            tv.trace(model, np.ones((2, 4), complex))

    def test_an_error_of_keras_is_told_by_its_cause(self) -> None:
        any_size = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 3)])
        with pytest.raises(TraceError) as caught:
            tv.trace(any_size, rng(1, 1, 1, 3))
        assert "output size would be negative" in str(caught.value)
        assert "\x1b" not in str(caught.value)
        assert "function_node" not in str(caught.value)

    def test_what_fails_within_the_graph_is_told_by_its_cause(self) -> None:
        words = keras.Sequential([keras.Input((4,), dtype="int32"), layers.Embedding(10, 3), layers.Flatten()])
        for use in (tv.trace, lambda model, x: tv.attribute(model, x, "saliency", target=0)):
            with pytest.raises(TraceError) as caught:
                use(words, np.full((1, 4), 99))
            assert str(caught.value) == "the model could not be run: indices[0,0] = 99 is not in [0, 10)"

    def test_an_unknown_id_names_near_ones(self) -> None:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="predictions")])
        with pytest.raises(TraceError, match="predictions"):
            tv.trace(model, rng(1, 3)).activation("prediction")

    def test_large_activations_come_in_shares(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from tensorview import passes

        monkeypatch.setattr(passes, "GROUP_BYTES", 1000)
        x = keras.Input((16,), name="x")
        h = x
        kept = []
        for i in range(6):
            h = layers.Dense(16, name=f"d{i}")(h)
            kept.append(h)
        model, all_of_it = keras.Model(x, h), keras.Model(x, kept)
        values = rng(8, 16)
        traced = []
        monkeypatch.setattr(
            layers.Dense, "call", lambda *a, call=layers.Dense.call, **k: traced.append(1) or call(*a, **k)
        )
        trace = tv.trace(model, values)
        monkeypatch.undo()
        assert len(traced) == 6, "one trace serves all shares"
        for i, expected in reversed([*enumerate(all_of_it(values))]):
            assert trace.activation(f"d{i}").shape == (8, 16)
            np.testing.assert_allclose(trace.activation(f"d{i}"), expected, rtol=1e-5, atol=1e-6)


class TestNames:
    def test_an_unnamed_input_has_its_layers_name(self) -> None:
        x = keras.Input((3,))
        model = keras.Model(x, layers.Dense(2, name="y")(x))
        assert tv.trace(model, rng(1, 3)).input_ids == (model.layers[0].name,)

    @pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning")
    def test_inputs_may_come_by_layer_name_or_by_the_models_own_keys(self) -> None:
        keys = {"a": keras.Input((3,), name="first"), "b": keras.Input((2,))}
        model = keras.Model(keys, layers.Concatenate(name="y")([keys["a"], keys["b"]]))
        a, b = rng(2, 3), rng(2, 2) + 5
        second = model.layers[1].name if model.layers[0].name == "first" else model.layers[0].name
        expected = np.concatenate([a, b], axis=1)
        for inputs in ({"a": a, "b": b}, {"first": a, second: b}):
            np.testing.assert_array_equal(tv.trace(model, inputs).outputs, expected)
        with pytest.raises(InputError, match="first"):
            tv.trace(model, {"a": a, "c": b})

    def test_ids_of_operations_do_not_depend_on_what_was_built_before(self) -> None:
        def build() -> keras.Model:
            x = keras.Input((3,), name="x")
            return keras.Model(x, (x + 1.0) * 2.0 + 3.0)

        first, second = ids(tv.trace(build(), rng(1, 3))), ids(tv.trace(build(), rng(1, 3)))
        assert first == second == ["x", "add", "multiply", "add~2"]


def test_a_model_of_short_texts_shows_its_graph_without_an_input() -> None:
    class Placed(keras.layers.Layer):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.places = self.add_weight(shape=(12, shape[-1]), name="places")

        def call(self, x: Any) -> Any:
            return x + tf.slice(self.places, (0, 0), (tf.shape(x)[1], -1))

    x = keras.Input((None,), dtype="int32", name="x")
    model = keras.Model(x, Placed(name="placed")(keras.layers.Embedding(9, 4, name="words")(x)))
    run = outline(model)
    assert run.edges == (("x", "words"), ("words", "placed"))
    assert run.notes == ("The model takes inputs of any size; shapes are those for x (8,).",)
