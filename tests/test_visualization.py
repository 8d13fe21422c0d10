"""Feature visualization: what is made is what the objective asks for, and the model's own numbers say so."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import model_path
from keras import layers, ops

import tensorview as tv
from tensorview.errors import OptionError, TensorviewError
from tensorview.visualization import (
    Adam,
    Fourier,
    Jitter,
    Momentum,
    Pad,
    Pixels,
    Rotate,
    Scale,
    caricature,
    channel,
    direction,
    diversity,
    inversion,
    l2,
    logit,
    lp_norm,
    neuron,
    total_variation,
    transforms,
)
from tensorview.visualization.parametrisation import COLOURS, DECORRELATED

Array = np.ndarray[Any, Any]


def net(shape: tuple[int, ...] = (24, 24, 3), *, seed: int = 3, **options: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return keras.Sequential([
        keras.Input(shape, **options), layers.Conv2D(6, 5, activation="relu", name="one"), layers.MaxPooling2D(),
        layers.Conv2D(8, 3, activation="relu", name="two"), layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax", name="classes"),
    ])  # fmt: skip


def maps(model: keras.Model, name: str, x: Array) -> Array:
    return np.asarray(keras.Model(model.inputs[0], model.get_layer(name).output)(x))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return net()


@pytest.fixture(scope="module")
def lenet() -> keras.Model:
    return tv.load_model(model_path("lenet_mnist"))


# What is made ----------------------------------------------------------------------------------------------------


def test_the_score_is_the_models_own(model: keras.Model) -> None:
    found = tv.visualize(model, ["channel:two:5", "neuron:two:2", "neuron:two:1@0,3", "layer:one", "logit:2"], steps=3)
    assert found.values.shape == (5, 24, 24, 3) and found.values.dtype == np.float32
    one, two = maps(model, "one", found.values), maps(model, "two", found.values)
    middle = two.shape[1] // 2
    weights, bias = model.get_layer("classes").get_weights()
    logit = two[4].mean((0, 1)) @ weights[:, 2] + bias[2]
    expected = [two[0, ..., 5].mean(), two[1, middle, middle, 2], two[2, 0, 3, 1], (one[3] ** 2).mean(), logit]
    np.testing.assert_allclose(found.score, expected, rtol=1e-4, atol=1e-6)
    assert found.history.shape == (5, 3)


def test_images_are_the_values_as_pixels(model: keras.Model) -> None:
    found = tv.visualize(model, "channel:one:0", steps=2, range=(-1, 1))
    assert found.images.dtype == np.uint8 and found.values.min() > -1 and found.values.max() < 1
    np.testing.assert_allclose(found.images, (found.values + 1) * 127.5, atol=0.51)


def test_a_linear_model_has_its_known_optimum() -> None:
    """Simonyan: argmax w.I - lambda |I|^2 is w / 2 lambda."""
    keras.utils.set_random_seed(1)
    linear = keras.Sequential([keras.Input((4, 5, 3)), layers.Flatten(), layers.Dense(2, name="classes")])
    found = tv.visualize(
        linear, logit(1) - 0.7 * l2(), steps=600, range=(-1, 1), parametrisation="pixels", transforms="none",
        optimiser=Momentum(0.02, 0.8),
    )  # fmt: skip
    w = linear.get_layer("classes").get_weights()[0][:, 1].reshape(4, 5, 3)
    np.testing.assert_allclose(found.values[0], w / 1.4, atol=1e-5)


def test_it_rises_above_a_thousand_random_images(lenet: keras.Model) -> None:
    found = tv.visualize(lenet, "channel:conv_2:3", steps=96)
    noise = np.random.default_rng(0).random((1000, 28, 28, 1)).astype(np.float32)
    smooth = np.asarray(tf.image.resize(noise[:, :7, :7], (28, 28)))
    best = max(maps(lenet, "conv_2", x)[..., 3].mean((1, 2)).max() for x in (noise, smooth))
    own = maps(lenet, "conv_2", found.values)[0, ..., 3].mean()
    assert own > 2 * max(best, 0) and own > 0


def test_a_class_is_told_for_it_from_any_place(lenet: keras.Model) -> None:
    found = tv.visualize(lenet, ["logit:3", "logit:7"], steps=96)
    for shift in (-1, 0, 1):
        told = np.asarray(lenet(np.roll(found.values, shift, 2)))
        assert told.argmax(1).tolist() == [3, 7] and told.max(1).min() > 0.9


def test_two_seeds_find_like_activations_by_other_images(lenet: keras.Model) -> None:
    found = tv.visualize(lenet, "channel:conv_1:2", steps=128, count=2, seed=4)
    assert found.seeds == (4, 5)
    assert found.score.min() > 0.8 * found.score.max()
    assert np.abs(found.values[0] - found.values[1]).mean() > 0.02


def test_it_is_the_same_for_a_seed_alone_or_among_others(model: keras.Model) -> None:
    alone = tv.visualize(model, "channel:two:5", steps=4)
    again = tv.visualize(model, "channel:two:5", steps=4)
    among = tv.visualize(model, "channel:two:all", steps=4, batch=3)
    np.testing.assert_array_equal(alone.values, again.values)
    assert among.objectives == tuple(f"channel:two:{i}" for i in range(8))
    np.testing.assert_allclose(among.values[5], alone.values[0], atol=2e-4)
    assert np.abs(among.values[4] - alone.values[0]).max() > 1e-2


def test_the_model_is_left_as_it_was(model: keras.Model) -> None:
    before = [np.array(weight) for weight in model.get_weights()]
    names = {name: set(vars(layer)) for name, layer in ((one.name, one) for one in model.layers)}
    tv.visualize(model, "channel:one:1", steps=2, size=32)
    with pytest.raises(OptionError):
        tv.visualize(model, "channel:one:6", steps=2)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert {layer.name: set(vars(layer)) for layer in model.layers} == names


# Objectives ------------------------------------------------------------------------------------------------------


def test_objectives_add_and_scale(model: keras.Model) -> None:
    objective = channel("two", 3) - 0.5 * total_variation() - 2 * lp_norm(4)
    found = tv.visualize(model, objective, steps=3)
    x = found.values[0].astype(np.float64)
    rough = sum(np.abs(np.diff(x, axis=axis)).mean() for axis in (0, 1))
    expected = maps(model, "two", found.values)[0, ..., 3].mean() - 0.5 * rough - 2 * (np.abs(2 * x - 1) ** 4).mean()
    assert found.score[0] == pytest.approx(expected, rel=1e-4)
    assert found.objectives == ("channel:two:3 - 0.5*total_variation - 2*lp_norm(4)",)


def test_total_variation_makes_it_smoother(model: keras.Model) -> None:
    plain, smooth = (tv.visualize(model, one, steps=40).values[0] for one in (
        channel("one", 3), channel("one", 3) - 20 * total_variation()
    ))  # fmt: skip
    assert np.abs(np.diff(smooth, axis=1)).mean() < 0.5 * np.abs(np.diff(plain, axis=1)).mean()


def test_a_direction_is_followed(model: keras.Model) -> None:
    vector = np.eye(8)[2] + np.eye(8)[4]
    found = tv.visualize(model, direction("two", vector), steps=3)
    np.testing.assert_allclose(
        found.score[0], maps(model, "two", found.values)[0][..., [2, 4]].sum(-1).mean(), rtol=1e-4
    )
    middle = tv.visualize(model, direction("two", vector, power=4, middle=True), steps=3)
    values = maps(model, "two", middle.values)[0, 4, 4]
    cosine = values @ vector / (np.linalg.norm(values) * np.linalg.norm(vector) + 1e-6)
    np.testing.assert_allclose(middle.score[0], values @ vector * max(0.1, cosine) ** 4, rtol=1e-3, atol=1e-7)
    twice = tv.visualize(model, direction("two", vector, whiten=2 * np.eye(8)), steps=3)
    both = maps(model, "two", twice.values)[0][..., [2, 4]].sum(-1)
    np.testing.assert_allclose(twice.score[0], 2 * both.mean(), rtol=1e-4)


def test_inversion_finds_an_image_with_these_activations(model: keras.Model) -> None:
    seen = maps(model, "one", np.random.default_rng(3).random((1, 24, 24, 3)).astype(np.float32))[0]
    found = tv.visualize(model, inversion("one", seen), steps=150, transforms="none")
    assert found.score[0] > -0.15 > found.history[0, 0]
    far = tv.visualize(model, caricature("one", seen), steps=150, transforms="none")
    assert far.score[0] > 1


def test_diversity_drives_images_apart(model: keras.Model) -> None:
    like, apart = (tv.visualize(model, one, steps=60, count=3) for one in (
        channel("one", 1), channel("one", 1) + 1e-1 * diversity("one")
    ))  # fmt: skip

    def likeness(x: Array) -> float:
        flat = maps(model, "one", x).reshape(3, -1, 6)
        gram = np.einsum("npc,npd->ncd", flat, flat).reshape(3, -1)
        gram /= np.linalg.norm(gram, axis=1, keepdims=True)
        return float((gram @ gram.T)[np.triu_indices(3, 1)].mean())

    assert likeness(apart.values) < likeness(like.values)


@pytest.mark.parametrize(("objective", "said"), [
    ("chanel:one:3", "did you mean 'channel'"), ("channel:one", "there is no objective"),
    ("channel:one:x", "a channel is a number"), ("channel:one:6", "has 6"), ("channel:on:1", "did you mean 'one'"),
    ("neuron:one:1@99,0", "does not exist"), ("neuron:one:1@0", "a position is 2 numbers"), ("logit:4", "has 4"),
    ("logit:nowhere:1", "no output"), ("", "there is no objective"), (3, "string"),
    (direction("two", [1.0, 2.0]), "the direction has 2 numbers"), (inversion("one", np.ones((2, 2, 6))), "values of"),
    (total_variation() * 1.0 + l2(), None),
])  # fmt: skip
def test_what_is_not_there_is_told_of(model: keras.Model, objective: Any, said: str | None) -> None:
    if said is None:
        assert tv.visualize(model, objective, steps=1).score.shape == (1,)
        return
    with pytest.raises(OptionError, match=said):
        tv.visualize(model, objective, steps=1)


@pytest.mark.parametrize("options", [
    {"steps": 0}, {"count": 0}, {"size": (3,)}, {"size": -4}, {"parametrisation": "wavelets"}, {"transforms": "shake"},
    {"range": (1, 0)}, {"preprocess": "nowhere"}, {"input": "other"},
])  # fmt: skip
def test_bad_options_are_refused(model: keras.Model, options: dict[str, Any]) -> None:
    with pytest.raises(TensorviewError):
        tv.visualize(model, "channel:one:1", **{"steps": 1, **options})


def test_a_dead_unit_is_brought_to_life() -> None:
    """A ReLU that no grey image reaches passes no gradient: it is led around until something does."""
    dead = net()
    weights, bias = dead.get_layer("two").get_weights()
    bias[:] = -0.4
    dead.get_layer("two").set_weights([weights, bias])
    assert maps(dead, "two", np.full((1, 24, 24, 3), 0.5, np.float32)).max() == 0
    found = tv.visualize(dead, "channel:two:0", steps=60)
    assert found.history[0, 0] == 0 and found.score[0] > 0 and not found.dead[0]
    bias[:] = -1e6
    dead.get_layer("two").set_weights([weights, bias])
    assert tv.visualize(dead, "channel:two:0", steps=2).dead[0]


# Parts -----------------------------------------------------------------------------------------------------------


def test_the_colours_come_back() -> None:
    assert np.linalg.norm(DECORRELATED, axis=1).max() == pytest.approx(1)
    colours = np.random.default_rng(0).normal(size=(50, 3))
    back = colours @ DECORRELATED @ np.linalg.inv(DECORRELATED)
    np.testing.assert_allclose(back, colours, atol=1e-5)
    np.testing.assert_allclose(np.cov((np.random.default_rng(1).normal(size=(400_000, 3)) @ COLOURS.T).T),
                               COLOURS @ COLOURS.T, atol=2e-3)  # fmt: skip


@pytest.mark.parametrize("shape", [(24, 24, 3), (21, 17, 1), (64, 2)])
def test_a_spectrum_gives_values_within_0_and_1(shape: tuple[int, ...]) -> None:
    from tensorview.signature import Takes
    from tensorview.visualization.canvas import canvas

    drawn = canvas(None, Takes("x", shape, "float32", "x"), None, "auto", (0, 1))
    start = Fourier(deviation=3.0 if len(shape) == 3 else 0.3).start(drawn, 1)
    image = np.asarray(Fourier().image(drawn, [start[0][None]]))
    assert image.shape == (1, *shape) and 0 < image.min() < 0.3 and 0.7 < image.max() < 1


def test_transforms_rest_in_the_middle_and_move_elsewhere() -> None:
    chain = (Pad(0.25), Jitter(3), Scale(0.5, 2.0), Rotate(90), Jitter(1))
    image = np.random.default_rng(0).random((1, 9, 9, 2)).astype(np.float32)
    count = transforms.count(chain)

    def moved(chain: Any, *draws: float) -> Array:
        return np.asarray(transforms.apply(chain, tf.constant(image), tf.constant([draws], tf.float32)))

    np.testing.assert_allclose(moved(chain, *[0.5] * count), image, atol=1e-6)
    right = moved((Pad(0.25), Jitter(2)), 0.99, 0.5)
    np.testing.assert_array_equal(right[0, :, :-2], image[0, :, 2:])
    assert (right[0, :, -2:] == 0.25).all()
    np.testing.assert_allclose(moved((Rotate(90),), 1.0)[0], np.rot90(image[0], 1), atol=1e-5)
    small = moved((Pad(0.25), Scale(0.5, 2.0)), 0.0)
    assert (small[0, :2] == 0.25).all() and np.allclose(small[0, 4, 4], image[0, 4, 4])
    both = moved((Jitter(2), Rotate(90)), 0.99, 0.5, 1.0)
    np.testing.assert_allclose(
        both[0, 2:-2, 2:-2], np.rot90(moved((Jitter(2),), 0.99, 0.5)[0], 1)[2:-2, 2:-2], atol=1e-5
    )


def test_adam_is_adam() -> None:
    variable = tf.Variable([1.0, -2.0])
    keras_adam = keras.optimizers.Adam(0.1, epsilon=1e-8)
    own, slots = tf.constant([1.0, -2.0]), [tf.zeros(2), tf.zeros(2)]
    for number in range(1, 5):
        gradient = tf.constant([0.3 * number, -1.0])
        keras_adam.apply_gradients([(-gradient, variable)])
        own, slots = Adam(0.1).step(own, gradient, slots, float(number))
    np.testing.assert_allclose(own, variable, atol=1e-5)


# Any model -------------------------------------------------------------------------------------------------------


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.dense = layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Dense(3, name="dense")

    def call(self, x: Any) -> Any:
        return ops.softmax(self.dense(ops.mean(self.conv(x) * 2.0, (1, 2))))


def test_subclassed_models_are_shown_by_example() -> None:
    keras.utils.set_random_seed(0)
    own = Own()
    with pytest.raises(TensorviewError, match="give an example"):
        tv.visualize(own, "channel:conv:1", steps=1)
    x = np.zeros((1, 12, 12, 3), np.float32)
    found = tv.visualize(own, ["channel:conv:1", "logit:2"], inputs=x, steps=8)
    assert found.values.shape == (2, 12, 12, 3)
    np.testing.assert_allclose(found.score[0], np.asarray(own.conv(found.values))[0, ..., 1].mean(), rtol=1e-4)


def test_channels_first_keeps_the_models_layout() -> None:
    keras.utils.set_random_seed(0)
    first = keras.Sequential([
        keras.Input((3, 16, 20)), layers.Conv2D(5, 3, data_format="channels_first", name="conv"), layers.Flatten(),
        layers.Dense(2),
    ])  # fmt: skip
    found = tv.visualize(first, "channel:conv:4", steps=4)
    assert found.values.shape == (1, 3, 16, 20) and found.images.shape == (1, 16, 20, 3)
    own = np.asarray(tv.trace(first, found.values).activation("conv"))[0, 4].mean()
    assert found.score[0] == pytest.approx(own, rel=1e-4)


def test_signals_vectors_and_volumes() -> None:
    keras.utils.set_random_seed(0)
    signal = keras.Sequential([keras.Input((96, 1)), layers.Conv1D(4, 9, activation="relu", name="c"), layers.Flatten(),
                               layers.Dense(2)])  # fmt: skip
    found = tv.visualize(signal, "channel:c:2", steps=60)
    assert found.values.shape == (1, 96, 1) and found.history[0, -1] > 2 * abs(found.history[0, 0])
    assert "guessed" in found.notes[0]
    vector = keras.Sequential([keras.Input((10,)), layers.Dense(4, name="d"), layers.Dense(2)])
    top = tv.visualize(vector, channel("d", 1) - 0.5 * l2(), steps=400, range=(-1, 1), optimiser=Momentum(0.02))
    np.testing.assert_allclose(top.values[0], vector.layers[0].get_weights()[0][:, 1], atol=1e-4)
    volume = keras.Sequential(
        [keras.Input((6, 8, 8, 2)), layers.Conv3D(3, 3, name="v"), layers.Flatten(), layers.Dense(2)]
    )
    assert tv.visualize(volume, "channel:v:1", steps=3).values.shape == (1, 6, 8, 8, 2)


def test_several_inputs_of_which_one_is_made() -> None:
    keras.utils.set_random_seed(0)
    a, b = keras.Input((12, 12, 3), name="picture"), keras.Input((4,), name="facts")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(a))
    both = keras.Model([a, b], layers.Dense(3, name="classes")(layers.Concatenate()([x, b])))
    found = tv.visualize(both, "logit:1", steps=3)
    assert found.values.shape == (1, 12, 12, 3) and "at zero" in " ".join(found.notes)
    held = np.array([[1.0, -2.0, 3.0, 0.5]], np.float32)
    found = tv.visualize(both, "logit:1", steps=3, inputs={"picture": np.zeros((1, 12, 12, 3)), "facts": held})
    assert found.score[0] == pytest.approx(np.asarray(both([found.values, held]))[0, 1], rel=1e-4)


def test_another_size_than_the_models_own(model: keras.Model) -> None:
    found = tv.visualize(model, "channel:two:1", size=32, steps=3)
    again = tv.visualize(model, "channel:two:2", size=32, steps=3)
    assert found.values.shape == again.values.shape == (1, 32, 32, 3)
    own = found.values
    for layer in model.layers[:3]:
        own = layer(own)
    np.testing.assert_allclose(found.score[0], np.asarray(own)[0, ..., 1].mean(), rtol=1e-4, atol=1e-6)
    flat = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(TensorviewError):
        tv.visualize(flat, "logit:1", size=12, steps=1)


def test_nested_mixed_and_fixed_batch_models() -> None:
    keras.utils.set_random_seed(0)
    inner = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 3, activation="relu", name="inner")])
    nested = keras.Sequential([keras.Input((16, 16, 3), batch_size=3), inner, layers.Flatten(), layers.Dense(2)])
    found = tv.visualize(nested, "channel:inner:all", steps=4)
    assert len(found.values) == 4
    np.testing.assert_allclose(found.score, np.asarray(inner(found.values)).mean((1, 2)).diagonal(), rtol=1e-4)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = net((16, 16, 3))
    finally:
        keras.config.set_dtype_policy("float32")
    half = tv.visualize(mixed, "channel:two:1", steps=8)
    assert half.values.dtype == np.float32 and np.isfinite(half.history).all()


@pytest.mark.parametrize("name", ["caffe", "torch", "minus_one_one", "raw", "zero_one"])
def test_any_range_of_pixels(name: str) -> None:
    from tensorview.preprocessing import named
    from tensorview.signature import Takes
    from tensorview.visualization.canvas import canvas

    drawn = canvas(None, Takes("x", (7, 6, 3), "float32", "x"), None, name, None)
    image = np.random.default_rng(0).random((2, 7, 6, 3)).astype(np.float32)
    given = named(name).apply(image * 255)
    np.testing.assert_allclose(drawn.feed(tf.constant(image)), given, atol=1e-3)


def test_whole_numbers_have_no_gradient() -> None:
    words = keras.Sequential(
        [keras.Input((5,), dtype="int32"), layers.Embedding(9, 4), layers.Flatten(), layers.Dense(2)]
    )
    with pytest.raises(OptionError, match="int32"):
        tv.visualize(words, "logit:1", steps=1)


# Kept images -----------------------------------------------------------------------------------------------------


def test_a_stopped_sheet_goes_on(model: keras.Model, tmp_path: Any) -> None:
    class StopError(Exception):
        pass

    def stop(_what: str, share: float) -> None:
        if share > 0.6:
            raise StopError

    with pytest.raises(StopError):
        tv.visualize(model, "channel:two:all", steps=4, batch=2, cache=tmp_path, progress=stop)
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == 4
    stamps = [path.stat().st_mtime_ns for path in kept]
    shares: list[float] = []
    found = tv.visualize(model, "channel:two:all", steps=4, batch=2, cache=tmp_path,
                         progress=lambda _what, share: shares.append(share))  # fmt: skip
    assert [path.stat().st_mtime_ns for path in kept] == stamps and len(list(tmp_path.iterdir())) == 8
    assert len(shares) == 2 + 2 * 4 - 1 and shares[-1] == 1
    whole = tv.visualize(model, "channel:two:all", steps=4, batch=2)
    np.testing.assert_array_equal(found.values, whole.values)
    np.testing.assert_array_equal(found.history, whole.history)


def test_what_is_kept_is_not_mistaken(tmp_path: Any) -> None:
    changing = net()
    before = tv.visualize(changing, "channel:one:1", steps=3, cache=tmp_path)
    tv.visualize(changing, "channel:one:1", steps=4, cache=tmp_path)
    tv.visualize(changing, "channel:one:1", steps=3, cache=tmp_path, parametrisation=Pixels(0.1))
    changing.set_weights([2 * weight for weight in changing.get_weights()])
    after = tv.visualize(changing, "channel:one:1", steps=3, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    assert not np.array_equal(before.score, after.score)
    next(iter(tmp_path.iterdir())).write_bytes(b"cut off")
    again = tv.visualize(changing, "channel:one:1", steps=3, cache=tmp_path)
    np.testing.assert_array_equal(after.values, again.values)


def test_a_sheet_holds_every_picture(model: keras.Model) -> None:
    found = tv.visualize(model, ["channel:one:1-3", neuron("one", 0), "channel:one:5"], steps=1)
    sheet = found.sheet(columns=3, gap=2)
    assert sheet.shape == (2 * 24 + 2, 3 * 26 - 2, 3)
    np.testing.assert_array_equal(sheet[26:50, 26:50], found.images[4])
