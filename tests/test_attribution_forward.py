"""Methods that look at answers to changed inputs: Score-CAM, Ablation-CAM, occlusion, RISE."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv

Array = np.ndarray[Any, Any]


def images(*shape: int) -> Array:
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def net(last: str | None = "softmax") -> tuple[keras.Model, keras.Model, keras.Model]:
    """A model, its part up to the last ReLU, and the rest up to the logits."""
    keras.utils.set_random_seed(5)
    features = keras.Sequential([
        keras.Input((12, 11, 3)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.DepthwiseConv2D(2, depth_multiplier=2), layers.BatchNormalization(), layers.ReLU(name="last"),
    ])  # fmt: skip
    for layer in features.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([np.random.default_rng(i).uniform(0.5, 2, w.shape) for i, w in enumerate(layer.weights)])
    head = keras.Sequential([keras.Input(features.output_shape[1:]), layers.Flatten(), layers.Dense(3)])
    x = keras.Input((12, 11, 3))
    return keras.Model(x, layers.Activation(last)(head(features(x)))), features, head


def test_score_cam_equals_its_definition() -> None:
    model, features, head = net()
    x = images(2, 12, 11, 3)
    result = tv.attribute(model, x, "score_cam", target=[0, 2])
    maps = features(x).numpy()
    for i, target in enumerate((0, 2)):
        weights = np.zeros(8)
        for k in range(8):
            mask = tf.image.resize(maps[i, ..., k : k + 1], (12, 11)).numpy()
            if np.ptp(mask) > 0:
                mask = (mask - mask.min()) / np.ptp(mask)
                weights[k] = tf.nn.softmax(head(features((x[i] * mask)[None])))[0, target]
        np.testing.assert_allclose(result.weights[i][maps[i].any((0, 1))], weights[maps[i].any((0, 1))], atol=1e-5)
        np.testing.assert_allclose(result.raw[i], maps[i] @ weights, atol=2e-5 * np.abs(maps).max())


def test_one_softmax_is_taken_whether_the_model_has_it_or_not() -> None:
    (soft, _, _), (plain, _, _) = net(), net("linear")
    plain.set_weights(soft.get_weights())
    x = images(1, 12, 11, 3)
    one, other = (tv.attribute(model, x, "score_cam", target=1) for model in (soft, plain))
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-6)
    assert 0.01 < one.weights.max() <= 1
    assert one.steps[0] == "weights by the softmax of the scores"


@pytest.mark.parametrize("layer", [None, "re_lu_first"])
def test_ablation_cam_equals_its_definition(layer: str | None) -> None:
    model, features, head = net()
    features.layers[2].name = "re_lu_first"
    x = images(2, 12, 11, 3)
    result = tv.attribute(model, x, "ablation_cam", target=[0, 2], layer=layer)
    upto = 3 if layer else len(features.layers)

    def first(z: Any) -> Any:
        for part in features.layers[:upto]:
            z = part(z)
        return z

    def rest(z: Any) -> Any:
        for part in features.layers[upto:]:
            z = part(z)
        return head(z)

    maps = first(x).numpy()
    for i, target in enumerate((0, 2)):
        score = rest(maps[i : i + 1])[0, target].numpy()
        weights = []
        for k in range(maps.shape[-1]):
            without = maps[i : i + 1].copy()
            without[..., k] = 0
            weights.append((score - rest(without)[0, target].numpy()) / abs(score))
        np.testing.assert_allclose(result.weights[i], weights, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(result.raw[i], maps[i] @ np.array(weights), rtol=1e-3, atol=1e-3)


def linear() -> tuple[keras.Model, Array]:
    model = keras.Sequential([keras.Input((10, 9, 2)), layers.Flatten(), layers.Dense(3, activation="softmax")])
    return model, model.layers[-1].get_weights()[0].reshape(10, 9, 2, 3)


@pytest.mark.parametrize("fill", [0.0, 0.4])
def test_occlusion_of_a_linear_model_is_exact(fill: float) -> None:
    model, weights = linear()
    x = images(2, 10, 9, 2)
    result = tv.attribute(model, x, "occlusion", target=1, patch=4, stride=3, fill=fill)
    share = ((x - fill) * weights[..., 1]).sum(-1)
    rows, columns = [0, 3, 6], [0, 3, 5]
    total, count = np.zeros((2, 10, 9)), np.zeros((10, 9))
    for a, row in enumerate(rows):
        for b, column in enumerate(columns):
            window = (slice(None), slice(row, row + 4), slice(column, column + 4))
            drop = share[window].sum((1, 2))
            np.testing.assert_allclose(result.raw[:, a, b], drop, atol=1e-5)
            total[window] += drop[:, None, None]
            count[window[1:]] += 1
    np.testing.assert_allclose(result.values, total / count, atol=1e-5)


def test_a_patch_of_one_pixel_gives_each_pixels_share() -> None:
    model, weights = linear()
    x = images(1, 10, 9, 2)
    result = tv.attribute(model, x, "occlusion", target=2, patch=1, stride=1)
    np.testing.assert_allclose(result.values, (x * weights[..., 2]).sum(-1), atol=1e-5)


def test_rise_is_the_mean_of_masks_by_what_is_left() -> None:
    """A model whose answer is the middle pixel itself: RISE is then that pixel's mask times all masks, on the mean."""
    model = keras.Sequential([keras.Input((15, 15, 1)), layers.Flatten(), layers.Dense(1, use_bias=False)])
    weights = np.zeros((225, 1), "float32")
    weights[7 * 15 + 7] = 1
    model.layers[-1].set_weights([weights])
    result = tv.attribute(model, np.ones((1, 15, 15, 1), "float32"), "rise", masks=1500, cells=5, share=0.3)
    values = result.values[0]
    assert np.unravel_index(values.argmax(), values.shape) == (7, 7)
    # Far away masks are independent: E[m(p) m(q)] / share = share.
    far = np.r_[values[:1].ravel(), values[-1:].ravel(), values[:, 0], values[:, -1]]
    assert abs(far.mean() - 0.3) < 0.02
    assert values[7, 7] > 0.45


def test_rise_masks_are_open_by_their_share_everywhere() -> None:
    from tensorview.attribution.rise import RISE

    masks = RISE(share=0.3)._masks(range(1500), 0, [20, 17])
    assert masks.shape == (1500, 20, 17)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert np.abs(masks.mean(0) - 0.3).max() < 0.05


@pytest.mark.parametrize(
    ("name", "given"),
    [("score_cam", {}), ("ablation_cam", {}), ("occlusion", {}), ("rise", {"masks": 20})],
)
def test_the_size_of_a_pass_changes_nothing(name: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, _, _ = net()
    x = images(2, 12, 11, 3)
    whole = tv.attribute(model, x, name, **given)
    monkeypatch.setattr("tensorview.attribution.forward.PASS_BYTES", 5000)
    parts = tv.attribute(model, x, name, **given)
    np.testing.assert_allclose(parts.raw, whole.raw, atol=2e-6)


@pytest.mark.parametrize("name", ["occlusion", "rise"])
def test_signals_several_inputs_and_token_ids(name: str) -> None:
    keras.utils.set_random_seed(0)
    ids, signal, extra = (
        keras.Input((6,), dtype="int32", name="ids"), keras.Input((20, 2), name="signal"),
        keras.Input((4,), name="extra"),
    )  # fmt: skip
    read = layers.GlobalAveragePooling1D()(layers.Embedding(12, 4)(ids))
    heard = layers.GlobalAveragePooling1D()(layers.Conv1D(4, 3, activation="relu")(signal))
    model = keras.Model([ids, signal, extra], layers.Dense(2)(layers.Concatenate()([read, heard, extra])))
    inputs = [np.arange(12, dtype="int32").reshape(2, 6), images(2, 20, 2), images(2, 4)]
    result = tv.attribute(model, inputs, name, target=1, **({"masks": 30} if name == "rise" else {}))
    assert {key: value.shape for key, value in result.values.items()} == {
        "ids": (2, 6), "signal": (2, 20), "extra": (2, 4)
    }  # fmt: skip
    if name == "occlusion":
        weights = model.layers[-1].get_weights()[0][-4:, 1]
        np.testing.assert_allclose(result.values["extra"], inputs[2] * weights, atol=1e-5)


def test_a_model_for_one_batch_size_only_is_asked_in_that_size() -> None:
    model = keras.Sequential([
        keras.Input((8, 8, 1), batch_size=3), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    free = keras.Sequential([keras.Input((8, 8, 1)), *model.layers])
    x = images(3, 8, 8, 1)
    for name in ("occlusion", "score_cam", "ablation_cam"):
        one, other = (tv.attribute(m, x, name, target=0) for m in (model, free))
        np.testing.assert_allclose(one.raw, other.raw, atol=1e-5)


def test_the_folded_model_answers_as_the_plain_one() -> None:
    from tensorview.attribution.forward import Forward
    from tensorview.attribution.target import parse

    model = keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), classes=7)
    for i, layer in enumerate(model.layers):
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([np.random.default_rng(i).uniform(0.7, 1.4, w.shape) for w in layer.weights])
    x = images(2, 64, 64, 3)
    before = [w.copy() for w in model.get_weights()]
    forward = Forward(model, x, parse(3, 2), "confidence")
    np.testing.assert_allclose(forward.answer, np.asarray(model(x))[:, 3], rtol=1e-4)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
