"""Attribution methods side by side: numbers against their definitions, files that hold what they say."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import Example
from keras import layers
from PIL import Image

import tensorview as tv
from tensorview.cli import main
from tensorview.comparison.table import COLUMNS, best
from tensorview.errors import OptionError, OutputError

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def linear() -> Any:
    """Each pixel speaks for class 1 by its own weight, so that gradient × input is exactly right and shuffled maps are
    not."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    weights = np.zeros((36, 2), np.float32)
    weights[:, 1] = np.linspace(-1, 1, 36)
    model.layers[-1].set_weights([weights, np.zeros(2, np.float32)])
    return model


X = np.random.default_rng(0).uniform(0.5, 1, (3, 6, 6, 1)).astype("float32")


@pytest.fixture(scope="module")
def found(linear: Any) -> tv.Comparison:
    return tv.compare(linear, X, ("gradient_input", "saliency", "grad_cam"), 1, steps=9, labels=("no", "yes"))


def test_a_map_that_is_exactly_right_is_the_most_faithful(found: tv.Comparison) -> None:
    exact, size, _ = found.rows
    assert exact.curves is not None and size.curves is not None
    assert (exact.curves.deletion_area < size.curves.deletion_area).all()
    deletion = next(column for column in COLUMNS if column.name == "deletion")
    assert best(deletion, found) == deletion.of(exact) == pytest.approx(exact.curves.deletion_area.mean())
    assert exact.curves.deletion.shape == (3, 10)


def test_what_the_model_says_is_what_is_compared(found: tv.Comparison, linear: Any) -> None:
    np.testing.assert_allclose(found.answers.values, np.asarray(linear(X))[:, 1], rtol=1e-5)
    assert [found.label(i) for i in range(3)] == ["yes"] * 3
    assert found.rows[0].curves is not None
    np.testing.assert_allclose(found.rows[0].curves.insertion[:, -1], found.answers.values, rtol=1e-5)


def test_a_method_that_can_not_explain_this_says_why_and_stops_no_other(found: tv.Comparison) -> None:
    row = found.rows[2]
    assert row.attribution is None and row.curves is None
    assert "no convolution" in (row.note or "")


def test_where_no_method_works_that_is_an_error(linear: Any) -> None:
    with pytest.raises(OptionError, match="no convolution"):
        tv.compare(linear, X, ("grad_cam",))


@pytest.mark.parametrize(
    ("given", "says"),
    [({"methods": ()}, "no methods"), ({"methods": ("salience",)}, "saliency"), ({"metrics": ("magic",)}, "curves"),
     ({"steps": 0}, "above 0")],
)  # fmt: skip
def test_wrong_options_are_named(linear: Any, given: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        tv.compare(linear, X, **given)


def test_the_model_keeps_its_weights(lenet: Example) -> None:
    before = [np.array(weight) for weight in lenet.model.get_weights()]
    tv.compare(lenet.model, lenet.inputs[:1], ("saliency",), metrics=("randomisation",))
    for old, new in zip(before, lenet.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_signals_and_several_inputs_compare() -> None:
    keras.utils.set_random_seed(2)
    a, b = keras.Input((20, 3), name="a"), keras.Input((4,), name="b")
    h = layers.Concatenate()([layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3, activation="relu")(a)), b])
    model = keras.Model([a, b], layers.Dense(3)(h))
    rng = np.random.default_rng(1)
    inputs = {"a": rng.normal(size=(2, 20, 3)).astype("f"), "b": rng.normal(size=(2, 4)).astype("f")}
    found = tv.compare(model, inputs, ("saliency", "grad_cam"), steps=4)
    assert found.input == "a"
    for row in found.rows:
        assert row.values is not None and row.values.shape == (2, 20)
        assert row.curves is not None and row.curves.deletion.shape == (2, 5)


def test_a_page_a_picture_and_data(lenet: Example, tmp_path: Path, capsys: Captured) -> None:
    photo = tmp_path / "<b>'wide.png"
    Image.fromarray(np.random.default_rng(4).integers(0, 255, (90, 300, 3), np.uint8)).save(photo)
    outputs = [tmp_path / f"out.{ending}" for ending in ("html", "png", "json")]
    arguments = ["compare", lenet.path, "-i", photo, "--methods", "grad_cam,saliency", "--steps", "5"]
    arguments += [part for path in outputs for part in ("-o", path)]
    assert main([str(argument) for argument in arguments]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert re.search(r"grad_cam +\d\.\d{3} +\d\.\d{3}", told.out)

    page = outputs[0].read_text()
    assert "<b>" + "'wide" not in page and "&lt;b&gt;" in page
    assert "<script" not in page and "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    images = [Image.open(io.BytesIO(base64.b64decode(data))) for data in re.findall(r"base64,([^\"]+)\"", page)]
    assert [image.size for image in images] == [(300, 90)] * 3
    assert page.count("<polyline") == 4

    data = json.loads(outputs[2].read_text())
    for item in data["methods"]:
        assert len(item["deletion"]["curves"][0]) == 6
        assert item["deletion"]["area"][0] == pytest.approx(
            np.trapezoid(item["deletion"]["curves"][0], data["methods"][0]["shares"])
        )
        assert f"{item['deletion']['area'][0]:.3f}" in page, "the page shows the same numbers"
        assert len(item["randomisation"]["similarity"]) == 3
    with Image.open(outputs[1]) as image:
        assert image.width > 3 * 240


@pytest.mark.parametrize("output", ["out.pdf", "missing/out.html"])
def test_where_it_can_not_be_written_nothing_is_computed(
    output: str, lenet: Example, tmp_path: Path, capsys: Captured
) -> None:
    arguments = ["compare", lenet.path, "-i", "no-such.png", "-o", tmp_path / output]
    assert main([str(argument) for argument in arguments]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_writing_keeps_what_is_there(found: tv.Comparison, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        found.write(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == "mine"
