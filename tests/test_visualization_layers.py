"""Activation grids, groups of channels, and which channels spoke for a class."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import tensorview as tv
from tensorview.errors import OptionError, TensorviewError
from tensorview.visualization.grid import activation_grid, neuron_groups
from tensorview.visualization.nmf import nmf


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential([
        keras.Input((20, 24, 3)), layers.Conv2D(6, 5, strides=2, activation="relu", name="one"),
        layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax", name="classes"),
    ])  # fmt: skip


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, 20, 24, 3)).astype(np.float32)


def test_channels_add_up_to_the_score(model: keras.Model) -> None:
    found = tv.channel_attribution(model, images(3), "one", 2)
    weights, bias = model.get_layer("classes").get_weights()
    maps = np.asarray(model.layers[0](images(3)))
    np.testing.assert_allclose(found.values, maps.mean((1, 2)) * weights[:, 2], atol=1e-6)
    np.testing.assert_allclose(found.values.sum(1) + bias[2], found.score, atol=1e-5)
    np.testing.assert_allclose(found.maps.sum((1, 2)), found.values, atol=1e-6)
    assert found.strongest(1, 2) == np.argsort(-found.values[1])[:2].tolist()
    assert found.target.tolist() == [2, 2, 2]
    with pytest.raises(OptionError, match="no feature maps"):
        tv.channel_attribution(model, images(1), "classes")


def test_channels_first_is_summed_over_its_own_space() -> None:
    keras.utils.set_random_seed(2)
    first = keras.Sequential([
        keras.Input((3, 9, 8)), layers.Conv2D(5, 3, data_format="channels_first", name="c"), layers.Flatten(),
        layers.Dense(2, name="d"),
    ])  # fmt: skip
    x = np.random.default_rng(0).random((2, 3, 9, 8)).astype(np.float32)
    found = tv.channel_attribution(first, x, "c", 1)
    assert found.values.shape == (2, 5)
    np.testing.assert_allclose(found.values.sum(1) + first.get_layer("d").get_weights()[1][1], found.score, atol=1e-4)


def test_a_grid_has_an_image_for_each_place(model: keras.Model) -> None:
    x = images(1)
    grid = activation_grid(model, x, "one", cells=4, size=None, steps=2)
    maps = np.asarray(model.layers[0](x))[0]
    assert maps.shape == (8, 10, 6) and grid.activations.shape == (4, 4, 6)
    rows = maps[2:4].mean(0)
    np.testing.assert_allclose(grid.activations[1, 0], rows[0] * 0.4 + rows[1] * 0.4 + rows[2] * 0.2, atol=1e-5)
    assert grid.picture().shape == (80, 96, 3)
    np.testing.assert_array_equal(grid.picture()[20:40, 24:48], grid.made.images[5])
    with pytest.raises(TensorviewError):
        activation_grid(model, images(2), "one")
    with pytest.raises(OptionError, match="rows and columns"):
        activation_grid(model, x, "classes")


def test_groups_are_what_fires_together(model: keras.Model) -> None:
    found = neuron_groups(model, images(2), "one", groups=3, size=None, steps=2)
    maps = np.maximum(np.asarray(model.layers[0](images(2))), 0)
    rest = np.square(maps - found.maps @ found.directions).sum() / np.square(maps).sum()
    assert found.maps.shape == (2, 8, 10, 3) and found.error == pytest.approx(rest, rel=1e-4) and rest < 0.3
    assert found.maps.min() >= 0 and len(found.made.images) == 3
    with pytest.raises(OptionError, match="groups are 1 to 6"):
        neuron_groups(model, images(1), "one", groups=7)


def test_factors_that_were_put_in_are_found() -> None:
    random = np.random.default_rng(5)
    right = np.eye(3, 12) + np.eye(3, 12, k=6)
    left = random.random((200, 3)) ** 4
    found, directions = nmf(left @ right, 3, steps=600, tolerance=0)
    np.testing.assert_allclose(found @ directions, left @ right, atol=1e-2)
    likeness = directions @ (right / np.linalg.norm(right, axis=1, keepdims=True)).T
    assert (likeness.max(1) > 0.98).all() and sorted(likeness.argmax(1)) == [0, 1, 2]
    np.testing.assert_array_equal(nmf(left @ right, 3)[0], nmf(left @ right, 3)[0])
    assert not np.any(nmf(np.zeros((4, 5)), 2)[0])
