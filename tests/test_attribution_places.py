"""Where a question is asked: a unit, a channel, a pixel or a mask of an output with positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import tensorview as tv
from tensorview.attribution.place import read
from tensorview.cli import main
from tensorview.errors import OptionError

Array = np.ndarray[Any, Any]


def segmentation(classes: int, activation: str) -> keras.Model:
    """Each pixel's scores are a linear function of that pixel alone, so a question about one touches no other."""
    keras.utils.set_random_seed(5)
    x = keras.Input((6, 5, 2))
    y = layers.Conv2D(3, 1, name="maps")(x)
    return keras.Model(x, layers.Conv2D(classes, 1, activation=activation, name="mask")(y))


def pictures(count: int = 2) -> Array:
    return np.random.default_rng(1).normal(size=(count, 6, 5, 2)).astype("float32")


def logits(model: keras.Model, x: Array) -> Array:
    maps, mask = (layer.kernel.numpy()[0, 0] for layer in model.layers[1:])
    return np.asarray(x @ maps @ mask)


def test_a_unit_is_one_class_at_one_position() -> None:
    model, x = segmentation(3, "softmax"), pictures()
    wanted = logits(model, x)
    result = tv.attribute(model, x, "saliency", target=2, at=(4, 1))
    np.testing.assert_allclose(result.score, wanted[:, 4, 1, 2], atol=1e-5)
    assert np.argwhere(result.values[0]).tolist() == [[4, 1]]
    assert "at one position" in result.score_note
    kernel = model.layers[1].kernel.numpy()[0, 0] @ model.layers[2].kernel.numpy()[0, 0]
    np.testing.assert_allclose(result.raw[0, 4, 1], kernel[:, 2], atol=1e-6)


def test_a_pixel_alone_asks_for_the_class_that_is_highest_there() -> None:
    model, x = segmentation(3, "softmax"), pictures()
    wanted = logits(model, x)
    result = tv.attribute(model, x, "saliency", at=[(0, 0), (5, 4)])
    assert result.target.tolist() == [wanted[0, 0, 0].argmax(), wanted[1, 5, 4].argmax()]
    assert [np.argwhere(one).tolist() for one in result.values] == [[[0, 0]], [[5, 4]]]


@pytest.mark.parametrize("dtype", [bool, "float32"])
def test_a_mask_weighs_the_positions(dtype: Any) -> None:
    model, x = segmentation(3, "softmax"), pictures()
    weights = np.zeros((6, 5), dtype)
    weights[1:3, 2:] = 1 if dtype is bool else 0.5
    result = tv.attribute(model, x, "saliency", target=1, at=weights)
    np.testing.assert_allclose(result.score, (logits(model, x)[..., 1] * weights).sum((1, 2)), atol=1e-5)
    assert ((result.values[0] > 0) == (weights > 0)).all()
    each = np.stack([weights, weights[::-1]])
    apart = tv.attribute(model, x, "saliency", target=1, at=each)
    assert ((apart.values > 0) == (each > 0)).all()


def test_a_channel_is_the_class_at_all_positions() -> None:
    model, x = segmentation(3, "softmax"), pictures()
    whole = tv.attribute(model, x, "saliency", target=1)
    everywhere = tv.attribute(model, x, "saliency", target=1, at=np.ones((6, 5), bool))
    np.testing.assert_allclose(whole.score, logits(model, x)[..., 1].sum((1, 2)), atol=1e-5)
    np.testing.assert_allclose(whole.raw, everywhere.raw, atol=1e-6)


def test_a_map_of_one_sigmoid_unit_answers_for_what_it_says_there() -> None:
    model, x = segmentation(1, "sigmoid"), pictures()
    says = np.asarray(model(x))[:, 3, 2, 0] > 0.5
    assert says.tolist() == tv.attribute(model, x, "saliency", at=(3, 2)).target.astype(bool).tolist()


def test_positions_in_time() -> None:
    keras.utils.set_random_seed(2)
    signal = keras.Input((9, 2))
    model = keras.Model(signal, layers.Conv1D(4, 1, activation="softmax")(signal))
    x = np.random.default_rng(0).normal(size=(2, 9, 2)).astype("float32")
    for at in (7, (7,)):
        assert np.argwhere(tv.attribute(model, x, "saliency", target=3, at=at).values[0]).tolist() == [[7]]


@pytest.mark.parametrize("method", ["grad_cam", "smoothgrad", "score_cam", "ablation_cam", "occlusion", "rise"])
def test_every_kind_of_method_keeps_to_the_place(method: str) -> None:
    """A batch with a place for each sample is these samples one by one, also in methods that run copies of them."""
    model, x = segmentation(3, "softmax"), pictures(3)
    places = [(0, 1), (5, 4), (2, 2)]
    parameters = {"smoothgrad": {"samples": 5}, "rise": {"masks": 30}}.get(method, {})
    batch = tv.attribute(model, x, method, target=[0, 1, 2], at=places, **parameters)
    for i, place in enumerate(places):
        alone = tv.attribute(model, x[i : i + 1], method, target=i, at=place, **parameters)
        np.testing.assert_allclose(batch.values[i], alone.values[0], atol=1e-5)
    assert np.abs(batch.raw).max() > 0


def test_confidence_in_a_segmentation_is_the_mean_over_its_pixels() -> None:
    """The sigmoid of a score that is summed over positions would be 0 or 1, and Score-CAM's map blank."""
    model, x = segmentation(1, "sigmoid"), pictures()
    model.layers[-1].bias.assign([-9.0])
    result = tv.attribute(model, x, "score_cam", layer="maps")
    assert any("the mean over positions of the sigmoid" in step for step in result.steps)
    masked = np.asarray(model(x * 1.0)).mean((1, 2, 3))
    assert (result.weights < masked.max() * 20).all() and (result.weights > 0).all()


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((6, 0), ("6×5", "(6, 0)")),
        ((1,), ("6×5", "(1,)")),
        ((-1, 0), ("count from 0",)),
        ([(0, 0)], ("6×5", "[[0, 0]]")),
        (np.ones((5, 6), bool), ("6×5", "a mask of 5×6")),
        (np.ones((3, 6, 5), bool), ("a mask of 3×6×5",)),
        (np.zeros((6, 5), bool), ("zero everywhere",)),
        (np.full((6, 5), np.nan), ("not finite",)),
        ("middle", ("position", "mask", "middle")),
        ([(0, 0), (1,)], ("position", "mask")),
        (np.ones((6, 5), int), ("whole numbers",)),
    ],
)
def test_a_place_that_is_none_is_told_of_in_one_line(at: Any, words: tuple[str, ...]) -> None:
    model, x = segmentation(3, "softmax"), pictures()
    with pytest.raises(OptionError) as caught:
        tv.attribute(model, x, "saliency", at=at)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_place_needs_positions_and_no_function() -> None:
    flat = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    with pytest.raises(OptionError, match="no positions"):
        tv.attribute(flat, np.ones((1, 4), "float32"), "saliency", at=(0, 0))
    with pytest.raises(OptionError, match="says itself where"):
        tv.attribute(segmentation(3, "softmax"), pictures(), "saliency", target=lambda s: s[:, 0, 0, 0], at=(0, 0))


def test_places_from_files(tmp_path: Path) -> None:
    model, x = segmentation(3, "softmax"), pictures(1)
    drawn = np.zeros((12, 10), np.uint8)  # twice the size of the output
    drawn[4:8, 6:] = 255
    Image.fromarray(drawn).save(tmp_path / "mask.png")
    found = tv.attribute(model, x, "saliency", target=0, at=read(str(tmp_path / "mask.png"))).values[0]
    assert found[2:4, 3:].all() and not found[:1].any() and not found[:, :2].any()
    np.save(tmp_path / "mask.npy", drawn[::2, ::2] > 0)
    found = tv.attribute(model, x, "saliency", target=0, at=read(str(tmp_path / "mask.npy"))).values[0]
    assert ((found > 0) == (drawn[::2, ::2] > 0)).all()
    with pytest.raises(OptionError, match=r"no\.png"):
        read("no.png")


def test_the_command_line_asks_at_a_place_of_an_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = keras.Input((6, 5, 2), name="x")
    y = layers.Conv2D(3, 1)(x)
    outputs = {"mask": layers.Conv2D(2, 1, activation="softmax")(y), "price": layers.Dense(1)(layers.Flatten()(y))}
    model = keras.Model(x, outputs)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", pictures(2))
    (tmp_path / "margin.py").write_text("def margin(scores):\n    return scores[:, 0, 0, 1] - scores[:, 0, 0, 0]\n")
    common = ["attribute", str(tmp_path / "model.keras"), "-i", str(tmp_path / "x.npy"), "--method", "saliency"]
    to = ["-o", str(tmp_path / "heat.npy"), "--force"]

    def values(*options: str) -> Array:
        assert main([*common, *options, *to]) == 0, capsys.readouterr().err
        return np.asarray(np.load(tmp_path / "heat.npy"))

    for options, call in (
        (["--target", "mask:1", "--at", "2,3"], {"target": ("mask", 1), "at": (2, 3)}),
        (["--target", "1:0"], {"target": ("price", 0)}),
        (["--target", "price:"], {"target": ("price", None)}),
        (["--target", "0", "--target", "1"], {"target": [0, 1]}),
        (["--target", f"{tmp_path / 'margin.py'}:margin"], {"target": lambda s: s[:, 0, 0, 1] - s[:, 0, 0, 0]}),
    ):
        np.testing.assert_allclose(
            values(*options), tv.attribute(model, pictures(2), "saliency", **call).values, atol=1e-6
        )
    assert "at (2, 3)" in capsys.readouterr().out
    for options, words in (
        (["--target", "prize:0"], ("'prize'", "'price'")),
        (["--target", "0", "--target", "price:0"], ("same output",)),
        (["--target", "0"] * 3, ("3 targets", "2 samples")),
        (["--target", f"{tmp_path / 'margin.py'}:other"], ("no function 'other'",)),
        (["--at", "2,9"], ("6×5", "(2, 9)")),
    ):
        assert main([*common, *options, *to]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        for word in words:
            assert word in error


def test_an_export_explains_a_place(tmp_path: Path) -> None:
    model, x = segmentation(3, "softmax"), pictures(1)
    bundle = tv.export(model, x, tmp_path / "page.html", target=2, at=(4, 1), methods=["saliency"])
    [item] = bundle.manifest.attributions
    assert (item.target, item.target_label) == (2, "2 at (4, 1)")
    assert item.score == pytest.approx(float(logits(model, x)[0, 4, 1, 2]), abs=1e-5)
