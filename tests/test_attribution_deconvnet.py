"""DeconvNet: from a channel down to the input, with switches and unpooled maps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.errors import OptionError

Array = np.ndarray[Any, Any]


def images(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def net(*, pool: bool = True) -> keras.Model:
    keras.utils.set_random_seed(6)
    return keras.Sequential([
        keras.Input((14, 12, 2)), layers.Conv2D(5, 3, activation="relu", name="one"),
        *([layers.MaxPooling2D(name="pool")] if pool else []), layers.Conv2D(6, 2, name="two"),
        layers.ReLU(name="relu"), layers.GlobalAveragePooling2D(), layers.Dense(3),
    ])  # fmt: skip


def strongest(maps: Array, channel: int) -> Array:
    kept = np.zeros_like(maps)
    for i, one in enumerate(maps[..., channel]):
        place = np.unravel_index(one.argmax(), one.shape)
        kept[(i, *place, channel)] = one[place]
    return kept


def by_hand(model: keras.Model, x: Array, channel: int) -> tuple[Array, Array, Array]:
    """The paper's way down, step by step in NumPy and transposed convolutions: projection, switches, unpooled."""
    one, two = (model.get_layer(name).get_weights() for name in ("one", "two"))
    a = np.maximum(tf.nn.conv2d(x, one[0], 1, "VALID").numpy() + one[1], 0)
    n, h, w, c = a.shape
    windows = a[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4)
    windows = windows.reshape(n, h // 2, w // 2, c, 4)
    places, pooled = windows.argmax(-1), windows.max(-1)
    b = np.maximum(tf.nn.conv2d(pooled, two[0], 1, "VALID").numpy() + two[1], 0)
    signal = np.maximum(strongest(b, channel), 0)
    signal = tf.nn.conv2d_transpose(signal, two[0], pooled.shape, 1, "VALID").numpy()
    switches, unpooled = np.zeros(a.shape, bool), np.zeros_like(a)
    for i, y, z, k in np.ndindex(places.shape):
        at = (i, 2 * y + places[i, y, z, k] // 2, 2 * z + places[i, y, z, k] % 2, k)
        switches[at], unpooled[at] = True, signal[i, y, z, k]
    down = tf.nn.conv2d_transpose(np.maximum(unpooled, 0), one[0], x.shape, 1, "VALID").numpy()
    return down, switches, unpooled


@pytest.mark.parametrize("channel", [0, 3])
def test_it_is_the_papers_way_down(channel: int) -> None:
    model, x = net(), images(2, 14, 12, 2)
    found = tv.deconvolve(model, x, "relu", channel)
    projection, switches, unpooled = by_hand(model, x, channel)
    assert found.layer == "relu"
    np.testing.assert_allclose(found.projection, projection, atol=1e-6)
    np.testing.assert_allclose(found.values, np.abs(projection).max(-1), atol=1e-6)
    [pool] = found.pools
    assert pool.node == "pool"
    alive = unpooled != 0
    np.testing.assert_array_equal(pool.switches[alive], switches[alive])
    assert (pool.switches.reshape(2, 6, 2, 5, 2, 5).sum((2, 4)) == 1).all()
    np.testing.assert_allclose(pool.unpooled, unpooled, atol=1e-6)
    np.testing.assert_allclose(pool.pooled.sum(), unpooled.sum(), rtol=1e-5)


def test_all_of_a_channel_is_the_sum_of_more_than_its_strongest() -> None:
    model, x = net(), images(1, 14, 12, 2)
    whole, part = (tv.deconvolve(model, x, "relu", 2, keep=keep) for keep in ("all", "strongest"))
    maps = keras.Model(model.inputs[0], model.get_layer("relu").output)(x).numpy()
    np.testing.assert_allclose(whole.kept[..., 2], maps[..., 2], atol=1e-6)
    assert not np.delete(whole.kept, 2, -1).any()
    np.testing.assert_allclose(part.kept, strongest(maps, 2), atol=1e-6)
    assert np.abs(whole.projection - part.projection).max() > 1e-3


def test_without_max_pooling_only_what_is_kept_counts_not_the_picture() -> None:
    model = net(pool=False)
    one, other = (tv.deconvolve(model, images(1, 14, 12, 2, seed=seed), "relu", 1) for seed in (1, 2))
    a, b = (np.argwhere(found.kept[0])[0] for found in (one, other))
    shift = (b - a)[:2]
    moved = np.roll(one.projection, shift, (1, 2)) / one.kept.max()
    np.testing.assert_allclose(other.projection / other.kept.max(), moved, atol=1e-5)


def test_twice_the_activation_gives_twice_the_projection() -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu", use_bias=False), layers.MaxPooling2D(),
        layers.Conv2D(3, 2, activation="relu", use_bias=False, name="end"), layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    x = images(1, 8, 8, 1)
    one, double = tv.deconvolve(model, x, "end", 1), tv.deconvolve(model, 2 * x, "end", 1)
    np.testing.assert_allclose(double.projection, 2 * one.projection, atol=1e-6)


def test_another_channel_is_not_traced_again() -> None:
    class Counting(layers.Layer):
        calls = 0

        def call(self, x: Any) -> Any:
            type(self).calls += 1
            return x * 1.0

    model = keras.Sequential([keras.Input((8, 8, 1)), Counting(), layers.Conv2D(4, 3, name="c"), layers.Flatten()])
    tv.deconvolve(model, images(1, 8, 8, 1), "c", 0)
    before = Counting.calls
    tv.deconvolve(model, images(3, 8, 8, 1), "c", 3)
    assert Counting.calls == before


def test_as_a_method_it_takes_the_channel_that_adds_most_to_the_class() -> None:
    model, x = net(), images(1, 14, 12, 2)
    weights = model.layers[-1].get_weights()[0]
    maps = keras.Model(model.inputs[0], model.get_layer("relu").output)(x).numpy()
    for target in range(3):
        channel = int((maps.mean((0, 1, 2)) * weights[:, target]).argmax())
        found = tv.attribute(model, x, "deconvnet", target=target)
        np.testing.assert_allclose(found.raw, tv.deconvolve(model, x, "relu", channel).projection, atol=1e-6)
        chosen = tv.attribute(model, x, "deconvnet", layer="one", channel=4, keep="all")
        wanted = tv.deconvolve(model, x, "one", 4, keep="all").projection
        np.testing.assert_allclose(chosen.raw, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"layer": "relu", "channel": 6}, "channel 6 .*'relu' has 6"),
        ({"layer": "relu", "channel": -1}, "from 0"),
        ({"layer": "relu", "channel": 0, "keep": "some"}, "strongest or all"),
        ({"layer": "rlu", "channel": 0}, "'relu'"),
    ],
)
def test_what_cannot_be_projected_is_said(call: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        tv.deconvolve(net(), images(1, 14, 12, 2), **call)


def test_signals_are_projected_too() -> None:
    model = keras.Sequential([
        keras.Input((20, 2)), layers.Conv1D(4, 3, activation="relu"), layers.MaxPooling1D(name="p"),
        layers.Conv1D(3, 3, activation="relu", name="c"), layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    found = tv.deconvolve(model, images(2, 20, 2), "c", 1)
    assert found.projection.shape == (2, 20, 2)
    assert found.values.shape == (2, 20)
    assert [pool.node for pool in found.pools] == ["p"]


def test_the_strongest_of_a_channel_below_zero_everywhere_is_its_own() -> None:
    x = keras.Input((4, 4, 1))
    model = keras.Sequential([x, layers.Conv2D(2, 1, bias_initializer=keras.initializers.Constant(-9.0), name="maps")])
    picture = np.random.default_rng(0).normal(size=(1, 4, 4, 1)).astype("float32")
    found = tv.deconvolve(model, picture, "maps", 1)
    maps = np.asarray(model(picture))[0, ..., 1]
    assert maps.max() < 0
    assert np.argwhere(found.kept[0, ..., 1]).tolist() == [list(np.unravel_index(maps.argmax(), (4, 4)))]
    assert np.argwhere(found.values[0]).tolist() == np.argwhere(found.kept[0, ..., 1]).tolist()
