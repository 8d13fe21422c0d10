"""Which layer is looked at: by name, by call id, the last convolution, the tokens of a transformer, or all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from test_attribution_rollout import images, vit

import tensorview as tv
from tensorview.attribution.layer_method import LayerMethod
from tensorview.attribution.registry import METHODS
from tensorview.cli import main
from tensorview.errors import OptionError

Array = np.ndarray[Any, Any]
CAMS = [method.name for method in METHODS if issubclass(method, LayerMethod) and method.name != "cam"]


def convnet(*, names: tuple[str, str] = ("first", "second")) -> keras.Model:
    keras.utils.set_random_seed(3)
    x = keras.Input((12, 10, 3))
    y = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu", name=names[0])(x))
    y = layers.Conv2D(6, 3, activation="relu", name=names[1])(y)
    return keras.Model(x, layers.Dense(5, activation="softmax")(layers.Flatten()(y)))


def pictures() -> Array:
    return np.random.default_rng(0).normal(size=(3, 12, 10, 3)).astype("float32")


@pytest.mark.parametrize("method", CAMS)
def test_all_layers_at_once_are_each_by_itself(method: str) -> None:
    model, x = convnet(), pictures()
    every = tv.attribute(model, x, method, target=[0, 3, 1], layer="all")
    assert list(every.layers) == ["first", "second"]
    for name, maps in every.layers.items():
        alone = tv.attribute(model, x, method, target=[0, 3, 1], layer=name)
        np.testing.assert_allclose(maps.raw, alone.raw, rtol=1e-5, atol=1e-6)
        peak = np.maximum(alone.raw, 0).max((1, 2), keepdims=True)
        np.testing.assert_allclose(maps.values, np.maximum(alone.raw, 0) / np.where(peak > 0, peak, 1), atol=1e-5)
        assert (maps.weights is None) == (alone.weights is None)
        if maps.weights is not None and alone.weights is not None:
            np.testing.assert_allclose(maps.weights, alone.weights, rtol=1e-5, atol=1e-6)
    assert every.layer == "second"
    assert tv.attribute(model, x, method).layers == {}


@pytest.mark.parametrize("method", ["score_cam", "ablation_cam", "guided_grad_cam", "deconvnet"])
def test_a_method_of_one_layer_says_so(method: str) -> None:
    with pytest.raises(OptionError, match="one layer at a time"):
        tv.attribute(convnet(), pictures(), method, layer="all")


def test_a_layer_goes_before_a_word_that_it_is_called_by() -> None:
    model, x = convnet(names=("all", "second")), pictures()
    assert tv.attribute(model, x, layer="all").layer == "all"
    assert tv.attribute(model, x, layer="last-conv").layer == "second"
    assert tv.attribute(model, x, layer=model.get_layer("all")).layer == "all"


@pytest.mark.parametrize("token", [None, "first", "last"])
def test_grad_cam_of_a_transformer_looks_at_the_tokens_of_its_last_attention(token: str | None) -> None:
    """By hand: the gradient at those tokens, by a second model that goes on from them."""
    model, x = vit(token=token), images()
    found = tv.attribute(model, x, "grad_cam", target=1)
    norm = [layer for layer in model.layers if isinstance(layer, layers.LayerNormalization)][-1]
    assert found.layer == norm.name
    head = model.layers[-1]
    logit = keras.Model(model.inputs, [norm.output, head.input])
    with tf.GradientTape() as tape:
        tokens, last = logit(tf.constant(x))
        score = tf.reduce_sum((last @ head.kernel + head.bias)[:, 1])
    gradient = np.asarray(tape.gradient(score, tokens))
    weighted = (np.asarray(tokens) * gradient.mean(1, keepdims=True)).sum(-1)
    own = weighted[:, 1:] if token == "first" else weighted[:, :-1] if token == "last" else weighted
    np.testing.assert_allclose(found.raw, own.reshape(-1, 2, 3), atol=1e-6)
    assert found.values.shape == (2, 8, 12)
    assert "tokens on their grid of 2×3" in found.steps
    assert not found.blank.all()


def test_of_a_transformer_the_last_convolution_can_be_asked_for_and_all() -> None:
    model, x = vit(token="first"), images()
    assert tv.attribute(model, x, layer="last-conv").layer == "patches"
    every = tv.attribute(model, x, layer="all")
    assert [maps.raw.shape for maps in every.layers.values()] == [(2, 2, 3)] * 3
    assert next(iter(every.layers)) == "patches"


@pytest.mark.parametrize("method", [*CAMS, "score_cam", "ablation_cam", "guided_grad_cam", "deconvnet"])
def test_every_cam_lays_tokens_on_their_grid(method: str) -> None:
    found = tv.attribute(vit(token="first"), images(), method)
    assert found.values.shape == (2, 8, 12)
    if method not in ("guided_grad_cam", "deconvnet"):
        assert found.raw.shape == (2, 2, 3)


def test_tokens_of_a_text_are_a_line() -> None:
    keras.utils.set_random_seed(1)
    ids = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 6, name="embed")(ids)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)])
    model = keras.Model(ids, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x)))
    found = tv.attribute(model, np.arange(14).reshape(2, 7) % 11)
    assert (found.layer, found.values.shape, found.raw.shape) == ("embed", (2, 7), (2, 7))


def test_a_convolution_after_the_attention_is_looked_at() -> None:
    x = keras.Input((6, 4))
    y = layers.Conv1D(4, 3, padding="same", name="after")(layers.MultiHeadAttention(2, 2)(x, x))
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))
    assert tv.attribute(model, np.ones((1, 6, 4), "float32")).layer == "after"


def test_the_command_line_draws_and_writes_all_layers(tmp_path: Path) -> None:
    convnet().save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", pictures()[:1])
    common = ["attribute", str(tmp_path / "model.keras"), "-i", str(tmp_path / "x.npy"), "--layer", "all", "-q"]
    assert main([*common, "-o", str(tmp_path / "heat.npz")]) == 0
    with np.load(tmp_path / "heat.npz") as maps:
        assert {name: maps[name].shape for name in maps.files} == {"first": (1, 10, 8), "second": (1, 3, 2)}
        assert all(maps[name].max() == 1 for name in maps.files)
    assert main([*common, "-o", str(tmp_path / "heat.png")]) == 0
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
