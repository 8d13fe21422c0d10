"""DeconvNet's projections in a bundle: what the file holds is what tv.deconvolve gives."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv
from tensorview.errors import OptionError
from tensorview.exporting import export, make_bundle


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(5)
    x = keras.Input((16, 14, 3), name="image")
    y = layers.MaxPooling2D(name="pool")(layers.Conv2D(12, 3, activation="relu", name="one")(x))
    y = layers.Conv2D(5, 3, activation="relu", name="two")(y)
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(layers.MaxPooling2D(name="last")(y))))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, 16, 14, 3)).astype("float32")


def test_a_bundle_holds_the_projections_that_deconvolve_gives(model: keras.Model, images: np.ndarray) -> None:
    bundle = make_bundle(model, images, methods=(), deconv={"two": [3, 0], "one": [7]})
    asked = [(item.sample, item.node, item.channel) for item in bundle.manifest.projections]
    assert asked == [(s, node, c) for s in (0, 1) for node, c in (("two", 3), ("two", 0), ("one", 7))]
    for item in bundle.manifest.projections:
        found = tv.deconvolve(model, images, item.node, item.channel)
        kept = found.kept[item.sample][..., item.channel]
        assert item.kept == kept.max() and kept[item.place] == kept.max()
        [signal] = item.inputs
        own = np.moveaxis(found.projection[item.sample], -1, 0)
        steps = np.ptp(own.reshape(3, -1), 1)[:, None, None] / 252
        assert (np.abs(bundle.tensor(signal.tensor) - own) <= steps * 0.51).all()
        assert [pool.node for pool in item.pools] == (["pool"] if item.node == "two" else [])
        for stored, pool in zip(item.pools, found.pools, strict=True):
            assert stored.total == 12 and 0 < len(stored.channels) <= 8
            size = np.abs(pool.pooled[item.sample]).sum((0, 1))
            assert list(stored.channels) == list(np.argsort(-size, kind="stable")[: len(stored.channels)])
            switches = np.moveaxis(pool.switches[item.sample], -1, 0)[list(stored.channels)]
            np.testing.assert_array_equal(bundle.tensor(stored.switches), switches)
            unpooled = np.moveaxis(pool.unpooled[item.sample], -1, 0)[list(stored.channels)]
            seen = bundle.tensor(stored.unpooled)
            np.testing.assert_allclose(seen, unpooled, atol=np.abs(unpooled).max() / 250)
            assert np.abs(seen[switches == 0]).max() <= 1e-6 * np.abs(seen).max()


def test_without_channels_those_that_fire_most_strongly(model: keras.Model, images: np.ndarray) -> None:
    bundle = make_bundle(model, images, methods=(), deconv={"one": []})
    peaks = np.asarray(keras.Model(model.input, model.get_layer("one").output)(images)).max((0, 1, 2))
    shown = [item.channel for item in bundle.manifest.projections if item.sample == 0]
    assert shown == list(np.argsort(-peaks)[:4])


def test_a_channel_that_is_not_there_is_one_line(model: keras.Model, images: np.ndarray) -> None:
    with pytest.raises(OptionError, match="channel 5 does not exist"):
        make_bundle(model, images, methods=(), deconv={"two": [5]})


def test_they_are_in_json_as_numbers(model: keras.Model, images: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    export(model, images, path, format="json", methods=("grad_cam",), deconv={"two": [1]})
    data = json.loads(path.read_text())
    item = data["projections"][0]
    assert np.shape(item["inputs"][0]["values"]) == (3, 16, 14)
    assert np.shape(item["pools"][0]["switches"]["values"])[1:] == (14, 12)
    grad_cam = data["attributions"][0]
    assert np.shape(grad_cam["gradients"]["values"]) == (5, 5, 4)
