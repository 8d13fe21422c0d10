"""Top patches: the same as looking at every position of every input, and a patch holds all that its value hangs on."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import tensorview as tv
from tensorview.errors import TensorviewError
from tensorview.visualization.patches import _Best

COUNT = 23


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(7)
    return keras.Sequential([
        keras.Input((18, 20, 3)), layers.Conv2D(6, 3, padding="same", activation="relu", name="one"),
        layers.MaxPooling2D(), layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="two"),
        layers.Flatten(), layers.Dense(3, name="classes"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(4).random((COUNT, 18, 20, 3)).astype(np.float32)


def activations(model: keras.Model, images: np.ndarray, layer: str) -> np.ndarray:
    return np.asarray(tv.trace(model, images).activation(layer))


@pytest.mark.parametrize("batch", [1, 5, 64])
def test_they_are_those_of_a_search_through_everything(model: keras.Model, images: np.ndarray, batch: int) -> None:
    found = tv.top_patches(model, images, "two", count=4, batch=batch)
    maps = activations(model, images, "two")
    for channel in range(8):
        ranked = sorted(range(COUNT), key=lambda i: (-maps[i, ..., channel].max(), i))[:4]
        assert found.samples[channel].tolist() == ranked
        own = [maps[i, ..., channel].max() for i in ranked]  # sums of another batch may differ in their last bit
        np.testing.assert_allclose(found.values[channel], own, rtol=3e-7)
        for rank, i in enumerate(ranked):
            place = np.unravel_index(maps[i, ..., channel].argmax(), maps.shape[1:3])
            assert found.positions[channel, rank].tolist() == list(place)


def test_a_patch_holds_all_that_its_value_hangs_on(model: keras.Model, images: np.ndarray) -> None:
    found = tv.top_patches(model, images, "two", count=3)
    for patch in found.patches(5):
        rows, columns = (slice(*ends) for ends in patch.box)
        other = np.random.default_rng(1).random((1, 18, 20, 3)).astype(np.float32)
        other[0, rows, columns] = images[patch.sample, rows, columns]
        assert activations(model, other, "two")[0][(*patch.position, 5)] == pytest.approx(patch.value, rel=1e-5)
        assert patch.picture.shape == (rows.stop - rows.start, columns.stop - columns.start, 3)
        assert patch.picture.dtype == np.uint8
        np.testing.assert_allclose(patch.picture, images[patch.sample, rows, columns] * 255, atol=0.51)


def test_the_projection_is_the_deconvnets(model: keras.Model, images: np.ndarray) -> None:
    found = tv.top_patches(model, images, "two", count=3)
    [first, *_] = found.patches(2)
    whole = tv.deconvolve(model, images[first.sample : first.sample + 1], "two", 2).projection[0]
    rows, columns = (slice(*ends) for ends in first.box)
    np.testing.assert_allclose(first.projection, whole[rows, columns], atol=1e-6)
    assert np.abs(whole).sum() == pytest.approx(np.abs(first.projection).sum(), rel=1e-5), "nothing lies outside"


def test_a_folder_is_the_same_as_its_pixels(model: keras.Model, images: np.ndarray, tmp_path: Path) -> None:
    pixels = np.rint(images * 255).astype(np.uint8)
    for i, picture in enumerate(pixels):
        Image.fromarray(picture).save(tmp_path / f"{i:02}.png")
    shares: list[float] = []
    by_file = tv.top_patches(
        model, tmp_path, "one", count=2, batch=7, progress=lambda _what, share: shares.append(share)
    )
    by_array = tv.top_patches(model, pixels / np.float32(255), "one", count=2)
    np.testing.assert_array_equal(by_file.samples, by_array.samples)
    np.testing.assert_array_equal(by_file.positions, by_array.positions)
    assert by_file.names[3] == "03.png" and shares[-1] == 1 and len(shares) == 4
    np.testing.assert_array_equal(by_file.patches(1)[0].picture, by_array.patches(1)[0].picture)


def test_units_have_whole_inputs_and_few_inputs_leave_places_empty(model: keras.Model, images: np.ndarray) -> None:
    found = tv.top_patches(model, images[:2], "classes", count=5)
    scores = np.asarray(model(images[:2]))
    np.testing.assert_allclose(found.values[1, :2], sorted(scores[:, 1], reverse=True), rtol=1e-5)
    assert (found.samples[:, 2:] == -1).all() and np.isneginf(found.values[:, 2:]).all()
    assert [patch.picture.shape for patch in found.patches(1)] == [(18, 20, 3)] * 2


def test_equal_values_keep_the_order_of_the_inputs() -> None:
    best = _Best(channels=2, count=3, space=2)
    best.add(np.array([[1.0, 5], [3, 5]], np.float32), np.array([[0, 7], [4, 2]]), 0, (3, 4))
    best.add(np.array([[3.0, 5], [1, 5]], np.float32), np.array([[1, 3], [2, 6]]), 2, (3, 4))
    assert best.samples.tolist() == [[1, 2, 0], [0, 1, 2]]
    assert best.values.tolist() == [[3, 3, 1], [5, 5, 5]]
    assert best.positions.tolist() == [[[1, 0], [0, 1], [0, 0]], [[1, 3], [0, 2], [0, 3]]]


def test_signals_and_channels_first(images: np.ndarray) -> None:
    keras.utils.set_random_seed(1)
    signal = keras.Sequential([keras.Input((40, 1)), layers.Conv1D(3, 5, dilation_rate=2, name="c"), layers.Flatten()])
    x = np.random.default_rng(0).normal(size=(6, 40, 1)).astype(np.float32)
    patch = tv.top_patches(signal, x, "c", count=2).patches(1)[0]
    [(start, stop)] = patch.box
    assert stop - start == 9 and patch.projection.shape == (9, 1)
    np.testing.assert_array_equal(patch.picture, x[patch.sample, start:stop])
    first = keras.Sequential([
        keras.Input((3, 18, 20)), layers.Conv2D(4, 3, data_format="channels_first", name="c"), layers.Flatten()
    ])  # fmt: skip
    found = tv.top_patches(first, np.moveaxis(images, -1, 1), "c", count=2)
    maps = np.asarray(tv.trace(first, np.moveaxis(images, -1, 1)).activation("c"))
    np.testing.assert_allclose(found.values[:, 0], maps.max((0, 2, 3)), rtol=1e-6)
    assert found.patches(0)[0].projection.shape == (3, 3, 3)


@pytest.mark.parametrize(("layer", "options"), [("three", {}), ("two", {"count": 0}), ("two", {"batch": 0})])
def test_bad_questions_are_refused(model: keras.Model, images: np.ndarray, layer: str, options: dict[str, int]) -> None:
    with pytest.raises(TensorviewError):
        tv.top_patches(model, images, layer, **options)
    with pytest.raises(TensorviewError):
        tv.top_patches(model, "no folder", "two")
    with pytest.raises(TensorviewError, match="channel 8 does not exist"):
        tv.top_patches(model, images[:1], "two").patches(8)
