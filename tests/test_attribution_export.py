"""What a page is given: several targets and methods for each sample, and maps for every convolution at once."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv
from tensorview.attribution.export import explanations


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(6)
    x = keras.Input((12, 12, 3), name="image")
    y = layers.ReLU(name="relu_1")(layers.BatchNormalization(name="norm_1")(layers.Conv2D(4, 3, name="conv_1")(x)))
    z = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv_2")(y)
    y = layers.Add(name="sum")([y, z])
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(5, 3, activation="relu", name="conv_3")(y))
    return keras.Model(x, layers.Dense(4, activation="softmax", name="classes")(y))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(3, 12, 12, 3)).astype("float32")


def test_the_best_classes_of_each_sample_by_each_method(model: keras.Model, images: np.ndarray) -> None:
    found = explanations(model, images, top=2)
    order = np.argsort(-np.asarray(model(images)), axis=1)
    asked = [(item.sample, item.method, item.target) for item in found.items]
    assert asked == [
        (sample, method, order[sample, rank])
        for sample in range(3)
        for method in ("grad_cam", "saliency")
        for rank in range(2)
    ]
    assert found.notes == ()
    assert len(explanations(model, images, top=9).items) == 3 * 2 * 4, "there are only four classes"


def test_each_item_equals_attribute_on_its_own(model: keras.Model, images: np.ndarray) -> None:
    for item in explanations(model, images, top=2).items:
        alone = tv.attribute(model, images[item.sample : item.sample + 1], item.method, target=item.target)
        np.testing.assert_allclose(item.values["image"], alone.values[0], atol=1e-6)
        assert item.score == pytest.approx(alone.score[0], abs=1e-5)
        assert (item.layer, item.output, item.score_note) == (alone.layer, "classes", alone.score_note)
        if item.method == "saliency":
            np.testing.assert_allclose(item.raw["image"], alone.raw[0], atol=1e-7)
            assert item.layers == ()


def test_maps_of_every_convolution(model: keras.Model, images: np.ndarray) -> None:
    items = [item for item in explanations(model, images).items if item.method == "grad_cam"]
    for item in items:
        assert [layer.node for layer in item.layers] == ["relu_1", "conv_2", "sum", "conv_3"]
        assert item.layer == "conv_3"
        for layer in item.layers:
            alone = tv.attribute(
                model, images[item.sample : item.sample + 1], target=item.target, layer=layer.node
            )  # fmt: skip
            np.testing.assert_allclose(layer.raw, alone.raw[0], atol=1e-6)
            np.testing.assert_allclose(layer.weights, alone.weights[0], atol=1e-6)
            positive = np.maximum(alone.raw[0], 0)
            peak = positive.max()
            assert layer.blank == (peak == 0)
            np.testing.assert_allclose(layer.values, positive / peak if peak else positive, atol=1e-5)


def test_named_targets_are_explained_for_every_sample(model: keras.Model, images: np.ndarray) -> None:
    found = explanations(model, images, targets=["b", 3], methods=("saliency",), labels=("a", "b", "c", "d"))
    assert [(item.sample, item.target) for item in found.items] == [(s, t) for s in range(3) for t in (1, 3)]


def test_every_outputs_scores_come_with_it(images: np.ndarray) -> None:
    x = keras.Input((12, 12, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x))
    model = keras.Model(x, {
        "kind": layers.Dense(3, activation="softmax")(y),
        "size": layers.Dense(2)(y),
        "there": layers.Dense(1, activation="sigmoid")(y),
    })  # fmt: skip
    outputs = {output.name: output for output in explanations(model, images, methods=()).outputs}
    returned = {name: np.asarray(value) for name, value in model(images).items()}
    assert {name: output.activation for name, output in outputs.items()} == {
        "kind": "softmax", "size": "none", "there": "sigmoid",
    }  # fmt: skip
    kind = np.exp(outputs["kind"].scores)
    np.testing.assert_allclose(kind / kind.sum(1, keepdims=True), returned["kind"], atol=1e-5)
    np.testing.assert_allclose(outputs["size"].scores, returned["size"], atol=1e-6)
    assert outputs["there"].binary
    np.testing.assert_allclose(1 / (1 + np.exp(-outputs["there"].scores[:, 1:])), returned["there"], atol=1e-5)
    np.testing.assert_array_equal(outputs["there"].scores[:, 0], -outputs["there"].scores[:, 1])


def test_a_method_that_cannot_run_is_left_out_and_named() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    found = explanations(model, np.ones((2, 6), "float32"), top=1)
    assert [(item.method, item.sample) for item in found.items] == [("saliency", 0), ("saliency", 1)]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("Grad-CAM is missing: ")


def test_methods_that_ask_many_times_are_in_a_file_too(model: keras.Model, images: np.ndarray) -> None:
    names = ("saliency", "score_cam", "occlusion")
    found = explanations(model, images, top=2, methods=names)
    assert [item.method for item in found.items[:6]] == [name for name in names for _ in range(2)]
    for item in found.items:
        alone = tv.attribute(model, images[item.sample : item.sample + 1], item.method, target=item.target)
        np.testing.assert_allclose(item.values["image"], alone.values[0], atol=1e-5)
        assert item.score == pytest.approx(alone.score[0], abs=1e-5)
        assert [layer.node for layer in item.layers] == ([alone.layer] if item.method == "score_cam" else [])


def test_one_input_of_several_and_a_fixed_class() -> None:
    keras.utils.set_random_seed(2)
    a, b = keras.Input((8, 8, 1), name="a"), keras.Input((3,), name="b")
    h = layers.Concatenate()([layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(a)), b])
    model = keras.Model([a, b], layers.Dense(3)(h))
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(2, 8, 8, 1)).astype("f"), rng.normal(size=(2, 3)).astype("f")]
    found = explanations(model, inputs, targets=[1], methods=("integrated_gradients", "score_cam"))
    assert {item.target for item in found.items} == {1}
    by_method = {item.method: item for item in found.items if item.sample == 0}
    assert by_method["integrated_gradients"].values["a"].shape == (8, 8)
    assert by_method["score_cam"].values["a"].shape == (8, 8) and "b" not in by_method["score_cam"].values


def test_the_steps_of_a_grad_cam_are_the_models_own(model: keras.Model, images: np.ndarray) -> None:
    maps = keras.Model(model.input, model.get_layer("conv_3").output)
    for item in explanations(model, images, methods=("grad_cam",)).items:
        activations = np.asarray(maps(images[item.sample : item.sample + 1]))[0]
        [chosen] = [layer for layer in item.layers if layer.node == item.layer]
        order = np.argsort(-np.abs(chosen.weights) * np.abs(activations).mean((0, 1)), kind="stable")
        assert item.channels == tuple(order)
        assert item.gradient.shape == (5, *activations.shape[:2])
        np.testing.assert_allclose(item.gradient.mean((1, 2)), chosen.weights[order], atol=1e-7)
        np.testing.assert_allclose((activations * chosen.weights).sum(-1), chosen.raw, atol=1e-6)


def test_behind_an_average_and_one_dense_layer_the_map_and_the_bias_are_the_score(
    model: keras.Model, images: np.ndarray
) -> None:
    dense = model.get_layer("classes")
    dense.bias.assign([0.5, -1.0, 2.0, 0.25])
    for item in explanations(model, images, methods=("grad_cam",), top=4).items:
        [chosen] = [layer for layer in item.layers if layer.node == item.layer]
        assert item.bias == np.asarray(dense.bias)[item.target]
        assert chosen.raw.sum() + item.bias == pytest.approx(item.score, abs=1e-5)
    dense.bias.assign(np.zeros(4))
    x = keras.Input((12, 12, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(x))
    unit = keras.Model(x, layers.Dense(1, activation="sigmoid", bias_initializer="ones")(y))
    for item in explanations(unit, images, methods=("grad_cam",), targets=[0]).items:
        assert item.bias == -1
        assert item.layers[0].raw.sum() - 1 == pytest.approx(item.score, abs=1e-5)
    two = keras.Model(x, layers.Dense(3)(layers.Dense(4, activation="relu")(y)))
    assert {item.bias for item in explanations(two, images, methods=("grad_cam",)).items} == {None}
