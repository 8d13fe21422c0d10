"""What holds for every method in the registry; test_attribution_contract.py has what it owes on each kind of model."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv
from tensorview.attribution.parameters import parameters
from tensorview.attribution.registry import METHODS, find
from tensorview.cli import main
from tensorview.errors import OptionError

NAMES = [method.name for method in METHODS]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Everything that a method may need: ReLUs, a pooling, attention, and a head that CAM can read."""
    keras.utils.set_random_seed(3)
    x = keras.Input((12, 10, 3))
    y = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu", name="conv_1")(x))
    tokens = layers.Reshape((20, 4))(y)
    y = layers.Add()([y, layers.Reshape((5, 4, 4))(layers.MultiHeadAttention(2, 3)(tokens, tokens))])
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, activation="relu", name="conv_2")(y))
    return keras.Model(x, layers.Dense(5, activation="softmax", name="classes")(y))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 12, 10, 3)).astype("float32")


@pytest.mark.parametrize("name", NAMES)
def test_shapes_types_and_finite_values(name: str, model: keras.Model, images: np.ndarray) -> None:
    result = tv.attribute(model, images, name)
    assert result.method == name
    assert result.values.shape == (3, 12, 10)
    assert result.values.dtype == np.float32
    assert result.raw.dtype == np.float32
    assert result.raw.shape[0] == 3
    assert np.isfinite(result.values).all()
    assert np.isfinite(result.raw).all()
    assert find(name).signed or result.values.min() >= 0
    assert result.score.shape == result.target.shape == result.blank.shape == (3,)
    assert not result.blank.any()
    assert result.steps
    assert (result.layer is not None) == find(name).looks_at_layer


@pytest.mark.parametrize("name", NAMES)
def test_another_class_gets_another_map(name: str, model: keras.Model, images: np.ndarray) -> None:
    one, other = (tv.attribute(model, images, name, target=target) for target in (0, 1))
    assert (np.abs(one.raw - other.raw).max() > 1e-4) is np.bool_(find(name).by_class)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_and_parameter_says_what_it_is(method: type) -> None:
    assert dataclasses.is_dataclass(method)
    assert method.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for words in (method.title, method.question, method.paper, method.range, method.cost):  # type: ignore[attr-defined]
        assert words.strip()
    assert method.question.endswith("?")  # type: ignore[attr-defined]
    for parameter in parameters(method):
        assert parameter.help.strip(), parameter.name
        assert parameter.kind in (bool, int, float, str)
        assert parameter.check(parameter.default) == parameter.default
        assert parameter.parse(str(parameter.default).lower()) == parameter.default


def test_methods_are_listed_without_tensorflow() -> None:
    code = "import sys, tensorview as tv; print([m.name for m in tv.methods()], 'tensorflow' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == f"{NAMES} False"


def test_the_command_lists_all_methods_and_each_with_its_own_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert main(["methods", "--json"]) == 0
    for facts, method in zip(json.loads(capsys.readouterr().out), METHODS, strict=True):
        assert (facts["name"], facts["paper"], facts["cost"]) == (method.name, method.paper, method.cost)
        assert facts["definition"]
        assert [item["name"] for item in facts["parameters"]] == [item.name for item in parameters(method)]
        assert main(["methods", method.name]) == 0
        shown = capsys.readouterr().out
        for word in (method.title, method.question, method.paper, *(f"{p.name}=" for p in parameters(method))):
            assert word in shown
    assert main(["methods", "grad_cm"]) == 2
    assert "'grad_cam'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"method": "grad_cm"}, ("'grad_cm'", "'grad_cam'", "saliency")),
        ({"layer": "conv2"}, ("'conv2'", "conv_2")),
        ({"layer": "classes"}, ("'classes'", "no feature maps", "conv_1", "conv_2")),
        ({"method": "saliency", "layer": "conv_2"}, ("takes no layer",)),
        ({"counterfact": True}, ("'counterfact'", "'counterfactual'")),
        ({"counterfactual": "yes"}, ("counterfactual", "true or false")),
        ({"method": "saliency", "sigma": 1.0}, ("'sigma'", "none")),
        ({"target": 5}, ("target 5", "5 classes (0 to 4)")),
        ({"target": -1}, ("-1", "count from 0")),
        ({"target": "cat"}, ("'cat'", "labels")),
        ({"target": [0, 1]}, ("2 targets", "3 samples")),
        ({"target": ("head", 1)}, ("'head'", "outputs are classes")),
        ({"target": 1.5}, ("1.5",)),
    ],
)
def test_a_wrong_option_is_named_with_what_would_be_right(
    call: dict[str, object], words: tuple[str, ...], model: keras.Model, images: np.ndarray
) -> None:
    with pytest.raises(OptionError) as caught:
        tv.attribute(model, images, **call)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_grad_cam_needs_maps_in_space() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(3)])
    with pytest.raises(OptionError, match=r"no convolution.*saliency"):
        tv.attribute(model, np.ones((1, 6), "float32"), "grad_cam")
