"""Attention rollout: held to the product of the recorded scores, to a case by hand, and to its grid."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from conftest import load_example
from keras import layers, ops

import tensorview as tv
from tensorview.errors import OptionError

Array = np.ndarray[Any, Any]


def by_numpy(scores: list[Array]) -> Array:
    """The last layer's product with those before it, in float64, one sample and head after the other."""
    count, tokens = len(scores[0]), scores[0].shape[-1]
    product = np.stack([np.eye(tokens)] * count)
    for one in scores:
        for sample in range(count):
            mixed = sum(one[sample, head].astype(np.float64) for head in range(one.shape[1])) / one.shape[1]
            mixed = (mixed + np.eye(tokens)) / (mixed + np.eye(tokens)).sum(1)[:, None]
            product[sample] = mixed @ product[sample]
    return product


class ClassToken(layers.Layer):
    """Puts one learned token before all others, or after them."""

    def __init__(self, last: bool) -> None:
        super().__init__()
        self.last = last

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="random_normal")

    def call(self, x: Any) -> Any:
        token = ops.repeat(self.token, ops.shape(x)[0], 0)
        return ops.concatenate([x, token] if self.last else [token, x], 1)


def vit(*, token: str | None, grouped: bool = False, first: bool = False) -> keras.Model:
    """Patches of 4 of a picture of 8×12, so a grid of 2×3; two attentions."""
    keras.utils.set_random_seed(4)
    image = keras.Input((8, 12, 3))
    x = layers.Conv2D(8, 4, 4, name="patches")(image)
    x = layers.Reshape((6, 8))(x)
    if token:
        x = ClassToken(token == "last")(x)
    for i in range(2):
        y = layers.LayerNormalization()(x)
        attend = (
            layers.GroupQueryAttention(4, 4, 2, name=f"attend{i}")
            if grouped
            else layers.MultiHeadAttention(2, 4, name=f"attend{i}")
        )
        x = layers.Add()([x, attend(y, y)])
    if token:
        x = x[:, -1 if token == "last" else 0]
    else:
        x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(image, layers.Dense(3, activation="softmax")(x))


def images(count: int = 2) -> Array:
    return np.random.default_rng(2).normal(size=(count, 8, 12, 3)).astype("float32")


def scores_of(model: Any, inputs: Any) -> list[Array]:
    run = tv.trace(model, inputs)
    return [run.activation(node.id) for node in run.nodes if node.scores]


def test_a_vit_by_an_independent_product() -> None:
    example = load_example("vit_mnist")
    found = tv.attribute(example.model, example.inputs, "attention_rollout")
    expected = by_numpy(scores_of(example.model, example.inputs))
    np.testing.assert_allclose(found.raw, expected, atol=1e-6)
    np.testing.assert_allclose(found.raw.sum(-1), 1, atol=1e-5)
    row = expected.mean(1).reshape(-1, 4, 4)
    large = keras.ops.image.resize((row / row.max((1, 2), keepdims=True))[..., None], (28, 28))[..., 0]
    np.testing.assert_allclose(found.values, large, atol=1e-5)
    assert found.steps[:2] == ("mean over tokens", "tokens on their grid of 4×4")


def test_attention_that_is_equal_everywhere() -> None:
    """Without keys all scores are 1/T: a layer is I/2 + J/2T, and the two of them I/4 + 3J/4T."""
    model = vit(token=None)
    for layer in model.layers:
        if isinstance(layer, layers.MultiHeadAttention):
            layer._key_dense.set_weights([0 * w for w in layer._key_dense.get_weights()])
    found = tv.attribute(model, images(), "attention_rollout")
    np.testing.assert_allclose(found.raw, np.tile(np.eye(6) / 4 + 3 / 24, (2, 1, 1)), atol=1e-6)
    np.testing.assert_allclose(found.values, 1, atol=1e-6)


@pytest.mark.parametrize("token", ["first", "last"])
def test_the_class_tokens_row_is_laid_on_the_grid(token: str) -> None:
    model = vit(token=token)
    found = tv.attribute(model, images(), "attention_rollout")
    expected = by_numpy(scores_of(model, images()))
    row = expected[:, 0, 1:] if token == "first" else expected[:, -1, :-1]
    row = (row / row.max(1, keepdims=True)).reshape(2, 2, 3)
    large = keras.ops.image.resize(row[..., None], (8, 12))[..., 0]
    np.testing.assert_allclose(found.values, large, atol=1e-5)
    assert found.steps[:2] == ("the class token's row", "tokens on their grid of 2×3")


@pytest.mark.filterwarnings("ignore:Layer '(query|key|value)':UserWarning")  # Keras's own, of GroupQueryAttention
def test_grouped_queries() -> None:
    model = vit(token=None, grouped=True)
    found = tv.attribute(model, images(), "attention_rollout")
    np.testing.assert_allclose(found.raw, by_numpy(scores_of(model, images())), atol=1e-6)


def test_a_signal_and_token_ids_keep_their_line() -> None:
    signal, ids = keras.Input((10, 4)), keras.Input((None,), dtype="int32")
    for given, x, data in (
        (signal, signal, np.random.default_rng(0).normal(size=(2, 10, 4)).astype("float32")),
        (ids, layers.Embedding(9, 4)(ids), np.arange(14).reshape(2, 7) % 9),
    ):
        y = layers.MultiHeadAttention(2, 4)(x, x)
        model = keras.Model(given, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)))
        found = tv.attribute(model, data, "attention_rollout")
        row = by_numpy(scores_of(model, data)).mean(1)
        np.testing.assert_allclose(found.values, row / row.max(1, keepdims=True), atol=1e-5)
        assert found.values.shape == data.shape[:2]


def test_models_that_cannot_be_rolled_out_say_why() -> None:
    image = keras.Input((8, 8, 1))
    plain = keras.Model(image, layers.Dense(2)(layers.Flatten()(image)))
    with pytest.raises(OptionError, match="no attention leads to this output"):
        tv.attribute(plain, images()[:, :8, :8, :1], "attention_rollout")
    x = keras.Input((6, 4))
    a, b = (layers.MultiHeadAttention(1, 4, name=name)(x, x) for name in ("left", "right"))
    beside = keras.Model(x, layers.Dense(2)(layers.Flatten()(a + b)))
    tokens = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    with pytest.raises(OptionError, match="one after the other"):
        tv.attribute(beside, tokens, "attention_rollout")
    across = keras.Model(x, layers.Dense(2)(layers.Flatten()(layers.MultiHeadAttention(1, 4)(x[:, :2], x))))
    with pytest.raises(OptionError, match="over the same tokens"):
        tv.attribute(across, tokens, "attention_rollout")
