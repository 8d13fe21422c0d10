"""What can be asked for: classes, labels, one a sample, an output by name, anything callable."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.errors import OptionError

LABELS = ("espresso", "Egyptian cat", "tripod")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    x = keras.Input((6,), name="x")
    y = layers.Dense(8, activation="tanh")(x)
    first = layers.Dense(3, activation="softmax", name="animal")(y)
    second = layers.Dense(1, name="price")(y)
    return keras.Model(x, {"animal": first, "price": second})


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 6)).astype("float32")


def logits(model: keras.Model, data: np.ndarray) -> np.ndarray:
    hidden = np.tanh(data @ model.layers[1].get_weights()[0] + model.layers[1].get_weights()[1])
    kernel, bias = model.get_layer("animal").get_weights()
    return hidden @ kernel + bias


def test_the_top_class_is_the_default(model: keras.Model, data: np.ndarray) -> None:
    wanted = logits(model, data)
    for target in (None, "top", [None, "top", "top", None]):
        result = tv.attribute(model, data, "saliency", target=target)
        np.testing.assert_array_equal(result.target, wanted.argmax(1))
        np.testing.assert_allclose(result.score, wanted.max(1), atol=1e-5)
        assert result.output == "animal"


def test_one_class_for_all_or_one_a_sample(model: keras.Model, data: np.ndarray) -> None:
    wanted = logits(model, data)
    np.testing.assert_allclose(tv.attribute(model, data, "saliency", target=2).score, wanted[:, 2], atol=1e-5)
    for each in ([2, 0, 1, 1], np.array([2, 0, 1, 1])):
        result = tv.attribute(model, data, "saliency", target=each)
        assert result.target.tolist() == [2, 0, 1, 1]
        np.testing.assert_allclose(result.score, wanted[range(4), [2, 0, 1, 1]], atol=1e-5)


def test_labels_are_found_in_any_case(model: keras.Model, data: np.ndarray) -> None:
    result = tv.attribute(model, data, "saliency", target="egyptian Cat", labels=LABELS)
    assert result.target.tolist() == [1] * 4
    mixed = tv.attribute(model, data, "saliency", target=["tripod", "0", 1, "top"], labels=LABELS)
    assert mixed.target[:3].tolist() == [2, 0, 1]
    named = tv.attribute(model, data, "saliency", target="cat", labels=("espresso", "Egyptian cat, cat", "wild cat"))
    assert named.target.tolist() == [1] * 4
    with pytest.raises(OptionError, match="'Egyptian cat'"):
        tv.attribute(model, data, "saliency", target="egyptian dog", labels=LABELS)


def test_another_output_by_name_or_position(model: keras.Model, data: np.ndarray) -> None:
    prices = np.asarray(model(data)["price"])[:, 0]
    for output in ("price", 1):
        result = tv.attribute(model, data, "saliency", target=(output, 0))
        np.testing.assert_allclose(result.score, prices, atol=1e-6)
        assert (result.output, result.activation) == ("price", "none")
    with pytest.raises(OptionError, match=r"'prices'.*'price'"):
        tv.attribute(model, data, "saliency", target=("prices", 0))
    with pytest.raises(OptionError, match=r"one class \(0\)"):
        tv.attribute(model, data, "saliency", target=("price", 1))


@pytest.mark.parametrize("end", [keras.ops.mean, lambda h: keras.ops.sum(h, 0), lambda h: keras.ops.reshape(h, (-1,))])
def test_an_output_that_has_no_row_for_each_sample(end: Any, data: np.ndarray) -> None:
    x = keras.Input(data.shape[1:])
    mixing = keras.Model(x, end(keras.layers.Dense(2)(x)))
    with pytest.raises(OptionError, match="no row for each sample"):
        tv.attribute(mixing, data, "saliency")


def test_a_callable_of_the_scores(model: keras.Model, data: np.ndarray) -> None:
    def margin(scores: tf.Tensor) -> tf.Tensor:
        return scores[:, 0] - scores[:, 2]

    wanted = logits(model, data)
    result = tv.attribute(model, data, "saliency", target=margin)
    np.testing.assert_allclose(result.score, wanted[:, 0] - wanted[:, 2], atol=1e-5)
    parts = [tv.attribute(model, data, "saliency", target=c).raw for c in (0, 2)]
    np.testing.assert_allclose(result.raw, parts[0] - parts[1], atol=1e-6)
    assert (result.target == -1).all()
    with pytest.raises(OptionError, match="one value a sample"):
        tv.attribute(model, data, "saliency", target=lambda scores: scores)
