"""Activation atlas: every input is counted once, and a cell's direction is the mean of its own activations."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import tensorview as tv
from tensorview.errors import OptionError
from tensorview.visualization.atlas import within

COUNT = 70


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([
        keras.Input((16, 16, 3)), layers.Conv2D(6, 3, activation="relu", name="one"), layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax", name="classes"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((COUNT, 16, 16, 3)).astype(np.float32)


def flat(vectors: np.ndarray) -> np.ndarray:
    return vectors[:, :2]


@pytest.mark.parametrize("batch", [COUNT, 16])
def test_every_input_is_counted_and_means_are_exact(model: keras.Model, images: np.ndarray, batch: int) -> None:
    atlas = tv.activation_atlas(
        model, images, "one", cells=3, least=4, layout=flat, size=None, steps=1, batch=batch, seed=3
    )
    maps = np.asarray(model.layers[0](images))
    assert atlas.counts.sum() == COUNT and atlas.points.min() >= 0 and atlas.points.max() <= 1
    assert atlas.positions.min() >= 1 and atlas.positions.max() <= 12, "the edges are left out"
    own = maps[np.arange(COUNT), atlas.positions[:, 0], atlas.positions[:, 1]]
    np.testing.assert_allclose(atlas.activations, own, atol=1e-6)
    weights = model.get_layer("classes").get_weights()[0]
    np.testing.assert_allclose(atlas.shares, (own * weights[:, atlas.classes].T).sum(1) / 14**2, atol=1e-6)
    cell = np.minimum((atlas.points * 3).astype(int), 2)
    assert len(atlas.places) == (atlas.counts >= 4).sum() == len(atlas.made.images)
    for place, mean in zip(atlas.places, atlas.means, strict=True):
        inside = (cell[:, 1] == place[0]) & (cell[:, 0] == place[1])
        assert inside.sum() == atlas.counts[tuple(place)]
        np.testing.assert_allclose(mean, own[inside].mean(0), atol=1e-6)
    row, column = atlas.places[-1]
    tile = atlas.picture()[row * 16 : (row + 1) * 16, column * 16 : (column + 1) * 16]
    np.testing.assert_array_equal(tile, atlas.made.images[-1])


def test_points_lie_within_the_map() -> None:
    points = np.random.default_rng(0).normal(size=(1000, 2)) * [1, 50]
    points[0] = 1e6
    found = within(points)
    assert found.min() >= 0 and found[0].tolist() == [1, 1]
    assert np.quantile(found, 0.99, axis=0) == pytest.approx([1 - 0.1 / 1.2] * 2, abs=1e-3)


def test_what_makes_no_sense_is_told(model: keras.Model, images: np.ndarray) -> None:
    for options in ({"cells": 0}, {"least": 1000, "layout": flat}, {"layout": lambda v: v[:, :3]}):
        with pytest.raises(OptionError):
            tv.activation_atlas(model, images[:8], "one", size=None, steps=1, **options)


def test_the_page_holds_the_map_and_escapes_names(model: keras.Model, images: np.ndarray, tmp_path: Path) -> None:
    atlas = tv.activation_atlas(model, images, "one", cells=2, least=3, layout=flat, size=None, steps=1)
    atlas.write(tmp_path / "atlas.html", ["</script><b>", "b", "</script>", "d"])
    text = (tmp_path / "atlas.html").read_text()
    found = re.search(r'<script type="application/json" id="cells">(.*?)</script>', text)
    assert found is not None
    cells = json.loads(found[1])["cells"]
    assert [cell[:3] for cell in cells] == [[*place, atlas.counts[tuple(place)]] for place in atlas.places.tolist()]
    assert "<b>" not in text and "https://" not in text
    png = re.search(r"base64,([^\"]+)", text)
    assert png is not None
    with Image.open(io.BytesIO(base64.b64decode(png[1]))) as picture:
        np.testing.assert_array_equal(np.asarray(picture), atlas.picture())
