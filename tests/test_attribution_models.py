"""Attribution on real trained models."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import Example, load_example
from keras import layers
from PIL import Image

import tensorview as tv
from tensorview.errors import OptionError

LAST = {
    "basic_pitch_cnn": "contour_relu",
    "crepe_tiny": "conv6_BN",
    "cvae_mnist_decoder": "dec_up2",
    "efficientnet_lite0": "head_relu6",
    "lenet_mnist": "conv_2",
    "mtcnn_onet": "prelu4",
    "mtcnn_pnet": "prelu3",
    "unet_digit": "up0_relu2",
    "vit_mnist": "norm_a1",
}


def flat(values: Any) -> list[np.ndarray]:
    return list(values.values()) if isinstance(values, dict) else [values]


def test_saliency_of_every_model(example: Example) -> None:
    result = tv.attribute(example.model, example.inputs, "saliency")
    inputs = flat(example.inputs) if isinstance(example.inputs, dict | np.ndarray) else list(example.inputs)
    for raw, given in zip(flat(result.raw), inputs, strict=True):
        assert raw.shape == given.shape
    for values in flat(result.values):
        assert np.isfinite(values).all()
        assert values.max() > 0


def test_grad_cam_of_every_model_looks_at_the_layer_that_one_would_choose(example: Example) -> None:
    if example.name not in LAST:
        with pytest.raises(OptionError, match="no convolution"):
            tv.attribute(example.model, example.inputs)
        return
    result = tv.attribute(example.model, example.inputs)
    assert result.layer == LAST[example.name]
    for values in flat(result.values):
        assert np.isfinite(values).all()
        assert 0 <= values.min() <= values.max() <= 1


def test_the_digits_class_is_what_lenet_sees(lenet: Example) -> None:
    result = tv.attribute(lenet.model, lenet.inputs, "grad_cam")
    np.testing.assert_array_equal(result.target, np.asarray(lenet.model(lenet.inputs)).argmax(1))
    assert result.values.shape == (len(result.target), 28, 28)


@pytest.mark.parametrize(
    "method",
    ["saliency", "gradient_input", "smoothgrad", "integrated_gradients", "guided_backprop", "rectified", "occlusion"],
)
def test_an_input_that_the_answer_does_not_rest_on_has_a_map_of_zeros(method: str, rng: np.random.Generator) -> None:
    used, unused = keras.Input((6, 6, 1), name="used"), keras.Input((4,), name="unused")
    maps = layers.Conv2D(2, 3, activation="relu")(used)
    model = keras.Model(
        [used, unused], {"kind": layers.Dense(3, name="kind")(layers.Flatten()(maps)), "other": layers.Dense(2)(unused)}
    )
    given = {"used": rng.normal(size=(2, 6, 6, 1)), "unused": rng.normal(size=(2, 4))}
    result = tv.attribute(model, given, method, target=("kind", 1))
    assert np.abs(result.values["used"]).max() > 0
    np.testing.assert_allclose(result.values["unused"], np.zeros((2, 4)), atol=1e-6)


def test_a_segmentation_is_explained_where_it_marks() -> None:
    example = load_example("unet_digit")
    mask = np.asarray(example.model(example.inputs))[..., 0] > 0.5
    values = tv.attribute(example.model, example.inputs).values
    inside = np.array([v[m].mean() for v, m in zip(values, mask, strict=True)])
    outside = np.array([v[~m].mean() for v, m in zip(values, mask, strict=True)])
    assert (inside > 1.5 * outside).all()


@pytest.mark.needs("efficientnet_lite0")
def test_grad_cam_finds_the_cup(coffee: Path) -> None:
    model = load_example("efficientnet_lite0").model
    with Image.open(coffee) as photo:
        pixels = np.asarray(photo.convert("RGB").resize((224, 224)), np.float32)[None]
    result = tv.attribute(model, pixels)
    assert result.target.tolist() == [967]
    y, x = np.unravel_index(result.values[0].argmax(), (224, 224))
    left, top, right, bottom = 172 / 600 * 224, 18 / 400 * 224, 408 / 600 * 224, 308 / 400 * 224
    assert left < x < right
    assert top < y < bottom
    cup = np.zeros((224, 224), bool)
    cup[math.ceil(top) : int(bottom), math.ceil(left) : int(right)] = True
    assert result.values[0][cup].mean() >= 1.5 * result.values[0][~cup].mean()
