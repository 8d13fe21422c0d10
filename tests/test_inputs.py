"""Pictures and arrays become what the model takes, and what was done is said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import Example, load_example
from PIL import Image

from tensorview import images
from tensorview.errors import InputError, OptionError
from tensorview.inputs import as_batch, read_inputs
from tensorview.labels import imagenet
from tensorview.loading import load_model
from tensorview.preprocessing import infer, named
from tensorview.tracing import trace


def net(*shape: int | None, **options: Any) -> keras.Model:
    """A model whose input has this shape."""
    x = keras.Input(shape, name="photo", **options)
    return keras.Model(x, keras.layers.Identity()(x))


def save(tmp_path: Path, image: Image.Image, name: str = "photo.png", **options: Any) -> Path:
    image.save(tmp_path / name, **options)
    return tmp_path / name


def gradient(mode: str = "RGB", size: tuple[int, int] = (8, 4)) -> Image.Image:
    """Red grows to the right, green downwards."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    pixels = np.stack([x * 255 / (size[0] - 1), y * 255 / (size[1] - 1), np.zeros_like(x)], -1)
    return Image.fromarray(pixels.astype(np.uint8)).convert(mode)


def error(model: keras.Model, *sources: Path, **options: Any) -> str:
    with pytest.raises((InputError, OptionError)) as caught:
        read_inputs(model, sources, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


# Reading image files ------------------------------------------------------------------------------------------------


def test_pixels_come_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path, gradient())
    np.testing.assert_array_equal(images.read(path, 3), np.asarray(gradient()))


@pytest.mark.parametrize("ending", ["jpg", "webp", "bmp", "gif", "tiff"])
def test_other_formats(tmp_path: Path, ending: str) -> None:
    pixels = images.read(save(tmp_path, Image.new("RGB", (9, 5), (200, 40, 90)), f"photo.{ending}"), 3)
    assert pixels.shape == (5, 9, 3)
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(0), (200, 40, 90), atol=4)


def test_the_cameras_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: turn a quarter clockwise to see it upright
    pixels = images.read(save(tmp_path, gradient(), exif=exif), 3)
    np.testing.assert_array_equal(pixels, np.rot90(np.asarray(gradient()), -1))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_on_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    image.putpixel((0, 0), (40, 40, 40, 255))
    pixels = images.read(save(tmp_path, image.convert(mode)), 3)
    np.testing.assert_array_equal(pixels[0, 0], [40, 40, 40])
    np.testing.assert_array_equal(pixels[3, 3], [255, 255, 255])


def test_half_transparent_is_half_white(tmp_path: Path) -> None:
    pixels = images.read(save(tmp_path, Image.new("RGBA", (2, 2), (0, 0, 0, 128))), 1)
    assert pixels[0, 0, 0] == pytest.approx(127, abs=1)


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    values = np.array([[0, 32768, 65535]], np.uint16)
    pixels = images.read(save(tmp_path, Image.fromarray(values)), 1)
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 128, 255])


def test_grey_into_three_channels_and_colour_into_one(tmp_path: Path) -> None:
    grey = images.read(save(tmp_path, Image.new("L", (2, 2), 77)), 3)
    np.testing.assert_array_equal(grey[0, 0], [77, 77, 77])
    colour = images.read(save(tmp_path, Image.new("RGB", (2, 2), (255, 0, 0))), 1)
    assert colour[0, 0, 0] == 76  # ITU-R 601 luma


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    path = save(tmp_path, frames[0], "anim.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(images.read(path, 3)[0, 0], [255, 0, 0])


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 254
    small = images.resize(stripes, 8, 8)
    np.testing.assert_allclose(small[:, 1:-1], 127, atol=1)


def test_the_whole_picture_is_squashed(tmp_path: Path) -> None:
    batch = read_inputs(net(16, 16, 3), [save(tmp_path, gradient(size=(200, 50)))], "raw")
    values = batch.arrays[0]
    assert values[8, 0, 0] < 12
    assert values[8, -1, 0] > 243
    assert values[0, 8, 1] < 12
    assert values[-1, 8, 1] > 243


def test_damaged_foreign_and_missing_pictures(tmp_path: Path) -> None:
    model = net(8, 8, 3)
    (tmp_path / "text.png").write_text("no picture")
    whole = save(tmp_path, Image.effect_noise((300, 300), 50).convert("RGB"), "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").touch()
    assert "no image" in error(model, tmp_path / "text.png")
    assert "could not be read" in error(model, tmp_path / "cut.jpg")
    assert "no image" in error(model, tmp_path / "empty.png")
    assert "does not exist" in error(model, tmp_path / "none.png")
    assert "is a folder" in error(model, tmp_path)


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_PIXELS", 1000)
    assert "more than the 1,000" in error(net(8, 8, 3), save(tmp_path, Image.new("L", (100, 100))))


def test_a_png_bomb_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, Image.new("1", (12_000, 12_000)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "pixels" in error(net(8, 8, 3), path)


# Shapes -------------------------------------------------------------------------------------------------------------


def test_channels_first_and_no_channel_axis(tmp_path: Path) -> None:
    path = save(tmp_path, gradient())
    first = read_inputs(net(3, 16, 12), [path], "raw").arrays
    last = read_inputs(net(16, 12, 3), [path], "raw").arrays
    assert first.shape == (1, 3, 16, 12)
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)
    bare = read_inputs(net(16, 12), [path], "raw")
    assert bare.arrays.shape == (1, 16, 12)
    assert bare.pictures[0]["photo"].shape == (16, 12, 1)


def test_any_size_takes_the_pictures_own(tmp_path: Path) -> None:
    path = save(tmp_path, gradient(size=(60, 40)))
    batch = read_inputs(net(None, None, 3), [path], "raw")
    assert batch.arrays.shape == (1, 40, 60, 3)
    assert "own size 60×40" in batch.inputs[0].preprocessing


def test_any_size_is_bounded_and_said(tmp_path: Path) -> None:
    batch = read_inputs(net(None, None, 3), [save(tmp_path, gradient(size=(1600, 400)))], "raw")
    assert batch.arrays.shape == (1, 160, 640, 3)
    assert "1600×400 made 640×160" in batch.inputs[0].preprocessing


def test_one_open_side_keeps_the_proportions(tmp_path: Path) -> None:
    batch = read_inputs(net(32, None, 1), [save(tmp_path, gradient(size=(100, 50)))], "raw")
    assert batch.arrays.shape == (1, 32, 64, 1)


def test_a_network_that_grows_again_gets_sizes_that_divide(tmp_path: Path) -> None:
    x = inputs = keras.Input((None, None, 3))
    x = keras.layers.UpSampling2D()(keras.layers.AveragePooling2D(2)(x))
    batch = read_inputs(keras.Model(inputs, x), [save(tmp_path, gradient(size=(101, 75)))], "raw")
    assert batch.arrays.shape == (1, 64, 96, 3)


def test_several_pictures_are_several_samples(tmp_path: Path) -> None:
    paths = [save(tmp_path, gradient(), f"{name}.png") for name in ("cat", "dog")]
    batch = read_inputs(net(8, 8, 3), paths, "raw")
    assert batch.names == ("cat", "dog")
    assert batch.arrays.shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(batch.pictures[1]["photo"], batch.arrays[1].astype(np.uint8))


def test_a_picture_for_a_model_that_takes_none(tmp_path: Path) -> None:
    path = save(tmp_path, gradient())
    assert "(172, 264, 8)" in error(load_example("basic_pitch_cnn").model, path)
    assert "latent" in error(load_example("cvae_mnist_decoder").model, path)


# Preprocessing ------------------------------------------------------------------------------------------------------


def guess(*layers: keras.layers.Layer, **options: Any) -> Any:
    model = keras.Sequential([keras.Input((8, 8, 3), name="photo", **options), *layers])
    return infer(model, "photo", options.get("dtype", "float32"))


def test_rescaling_in_the_model_means_raw() -> None:
    conv = keras.layers.Conv2D(2, 3)
    for layers in (
        [keras.layers.Rescaling(1 / 255), conv],
        [keras.layers.Rescaling(1 / 127.5, offset=-1)],
        [keras.layers.RandomFlip(), keras.layers.ZeroPadding2D(), keras.layers.Rescaling(1 / 255)],
        [keras.layers.Normalization(mean=[120.0] * 3, variance=[3000.0] * 3), conv],
    ):
        found = guess(*layers)
        assert found.name == "raw"
        assert not found.guessed


def test_rescaling_behind_the_first_conv_says_nothing_of_the_input() -> None:
    found = guess(keras.layers.Conv2D(2, 3), keras.layers.Rescaling(1 / 255))
    assert found.name == "zero_one"
    assert found.guessed


def test_rescaling_of_a_nested_model_counts() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(2, 3)])
    x = keras.Input((8, 8, 3), name="photo")
    assert infer(keras.Model(x, inner(x)), "photo", "float32").name == "raw"
    y = keras.Input((8, 8, 3), name="photo")
    assert infer(keras.Model(y, keras.layers.Conv2D(2, 3)(y / 255.0)), "photo", "float32").name == "raw"


def test_only_the_inputs_own_layers_count() -> None:
    a, b = keras.Input((8, 8, 3), name="a"), keras.Input((8, 8, 3), name="b")
    joined = keras.layers.Add()([keras.layers.Rescaling(1 / 255)(a), keras.layers.Conv2D(3, 3, padding="same")(b)])
    model = keras.Model([a, b], joined)
    assert infer(model, "a", "float32").name == "raw"
    assert infer(model, "b", "float32").guessed


def test_small_means_and_growing_scales_take_zero_to_one() -> None:
    assert guess(keras.layers.Normalization(mean=[0.4] * 3, variance=[0.1] * 3)).name == "zero_one"
    assert guess(keras.layers.Rescaling(2.0, offset=-1)).name == "zero_one"


def test_whole_number_inputs_are_raw() -> None:
    assert guess(dtype="uint8").name == "raw"


def test_an_application_has_its_own(coffee: Path) -> None:
    model = load_model("keras:MobileNetV2", weights="none")
    batch = read_inputs(model, [coffee])
    assert batch.inputs[0].preprocessing == "keras.applications.mobilenet_v2 (its own)"
    assert not batch.inputs[0].guessed
    raw = read_inputs(model, [coffee], "none").arrays
    np.testing.assert_array_equal(batch.arrays, keras.applications.mobilenet_v2.preprocess_input(raw.copy()))


def test_a_name_that_stands_for_an_application_is_a_guess() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3), name="photo"), keras.layers.Conv2D(2, 3)], name="resnet50")
    found = infer(model, "photo", "float32")
    assert (found.name, found.guessed) == ("resnet", True)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("caffe", "caffe"), ("torch", "torch"), ("minus_one_one", "tf"), ("vgg16", "caffe"), ("xception", "tf")],
)
def test_named_preprocessing_is_what_keras_means_by_it(name: str, mode: str, rng: np.random.Generator) -> None:
    pixels = rng.uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)
    expected = keras.applications.imagenet_utils.preprocess_input(pixels.copy(), mode=mode, data_format="channels_last")
    before = pixels.copy()
    np.testing.assert_allclose(named(name).apply(pixels), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(pixels, before)


def test_an_unknown_name_lists_the_known_ones(coffee: Path) -> None:
    text = error(net(8, 8, 3), coffee, preprocess="imgnet")
    assert "zero_one" in text
    assert "mobilenet_v2" in text
    assert "3 colour channels" in error(net(8, 8, 1), coffee, preprocess="caffe")


# Arrays -------------------------------------------------------------------------------------------------------------


def array_file(tmp_path: Path, array: np.ndarray, name: str = "x.npy") -> Path:
    np.save(tmp_path / name, array)
    return tmp_path / name


def test_arrays_with_and_without_a_batch_axis(tmp_path: Path, lenet: Example, rng: np.random.Generator) -> None:
    digits = rng.random((3, 28, 28, 1)).astype(np.float64)
    whole = read_inputs(lenet.model, [array_file(tmp_path, digits)])
    assert whole.arrays.dtype == np.float32
    assert whole.names == ("x 1", "x 2", "x 3")
    alone = read_inputs(lenet.model, [array_file(tmp_path, digits[1])])
    assert alone.names == ("x",)
    np.testing.assert_array_equal(alone.arrays[0], whole.arrays[1])
    np.testing.assert_array_equal(
        read_inputs(lenet.model, [array_file(tmp_path, digits[1, :, :, 0])]).arrays, alone.arrays
    )


def test_several_array_files_are_joined(tmp_path: Path, lenet: Example) -> None:
    one = array_file(tmp_path, np.zeros((2, 28, 28, 1)), "a.npy")
    two = array_file(tmp_path, np.ones((28, 28, 1)), "b.npy")
    batch = read_inputs(lenet.model, [one, two])
    assert batch.names == ("a 1", "a 2", "b")
    assert batch.arrays[2].min() == 1


def test_several_inputs_by_name(tmp_path: Path) -> None:
    model = load_example("cvae_mnist_decoder").model
    np.savez(tmp_path / "x.npz", digit_onehot=np.eye(10)[:2], latent=np.zeros((2, 8)))
    batch = read_inputs(model, [tmp_path / "x.npz"])
    assert model(batch.arrays).shape[0] == 2
    np.savez(tmp_path / "bad.npz", digit=np.eye(10)[:2], latent=np.zeros((2, 8)))
    text = error(model, tmp_path / "bad.npz")
    assert "latent, digit_onehot" in text
    assert "digit, latent" in text
    np.savez(tmp_path / "uneven.npz", digit_onehot=np.eye(10)[:3], latent=np.zeros((2, 8)))
    assert "latent has 2, digit_onehot has 3" in error(model, tmp_path / "uneven.npz")
    assert "latent, digit_onehot" in error(model, array_file(tmp_path, np.zeros((2, 8))))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((32, 32, 3)), ["(28, 28, 1)", "(32, 32, 3)"]),
        (np.zeros((0, 28, 28, 1)), ["no samples"]),
        (np.zeros((28, 28, 1), complex), ["expected numbers"]),
        (np.array([["a"]]), ["(1, 1)"]),
        (np.array(3.0), ["()"]),
        (np.zeros((300, 28, 28, 1), np.uint8), ["300 samples", "256"]),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, lenet: Example, array: np.ndarray, says: list[str]) -> None:
    text = error(lenet.model, array_file(tmp_path, array))
    for part in says:
        assert part in text


def test_pickles_are_never_opened(tmp_path: Path, lenet: Example) -> None:
    path = array_file(tmp_path, np.array([{"a": 1}], dtype=object))
    assert "Python objects" in error(lenet.model, path)


def test_damaged_array_files(tmp_path: Path, lenet: Example) -> None:
    path = array_file(tmp_path, np.zeros((28, 28, 1)))
    data = path.read_bytes()
    for name, content in (
        ("cut.npy", data[:1000]),
        ("text.npy", b"hello"),
        ("empty.npy", b""),
        ("bad.npz", b"PK\3\4no"),
    ):
        (tmp_path / name).write_bytes(content)
        assert "could not be read" in error(lenet.model, tmp_path / name)


def test_whole_numbers_for_tokens() -> None:
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    model = keras.Model(tokens, keras.layers.Embedding(10, 2)(tokens))
    assert as_batch(model, np.array([[1.0, 2, 3, 4, 5]])).arrays.dtype == np.int32
    with pytest.raises(InputError, match="fractions"):
        as_batch(model, np.array([[0.5, 2, 3, 4, 5]]))


def test_a_name_applies_to_arrays_too(tmp_path: Path) -> None:
    path = array_file(tmp_path, np.full((4, 4, 3), 255, np.uint8))
    batch = read_inputs(net(4, 4, 3), [path], "zero_one")
    assert batch.arrays.max() == 1
    assert "from an array" in batch.inputs[0].preprocessing
    assert read_inputs(net(4, 4, 3), [path]).arrays.max() == 255


def test_a_name_that_applies_to_nothing_is_not_ignored(tmp_path: Path) -> None:
    path = array_file(tmp_path, np.zeros((2, 4)))
    vector = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(OptionError, match="'zero_one' is for pictures"):
        read_inputs(vector, [path], "zero_one")
    assert read_inputs(vector, [path], "none").arrays.shape == (2, 4)


def test_numbers_that_the_inputs_type_cannot_hold(tmp_path: Path) -> None:
    vector = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert "float32, too small" in error(vector, array_file(tmp_path, np.full((1, 4), 1e300)))


@pytest.mark.parametrize(
    ("low", "high", "dark", "bright"),
    [(0, 1, 0, 255), (-1, 1, 0, 255), (0, 255, 0, 255), (-3, 5, 0, 255), (0, 0.5, 0, 128)],
)
def test_pictures_of_arrays(low: float, high: float, dark: int, bright: int) -> None:
    array = np.linspace(low, high, 64).reshape(1, 8, 8, 1).astype(np.float32)
    picture = as_batch(net(8, 8, 1), array).pictures[0]["photo"]
    assert picture.dtype == np.uint8
    assert picture.shape == (8, 8, 1)
    assert (picture.min(), picture.max()) == (dark, pytest.approx(bright, abs=1))


def test_values_that_are_not_finite_have_a_picture_too() -> None:
    array = np.full((1, 8, 8, 1), np.nan, np.float32)
    array[0, 0, 0] = 1
    assert as_batch(net(8, 8, 1), array).pictures[0]["photo"].max() == 255


def test_arrays_in_lists_within_lists() -> None:
    a, b, c = (keras.Input((2,), name=name) for name in "abc")
    model = keras.Model([a, [b, {"k": c}]], keras.layers.Concatenate()([a, b, c]))
    one, two, three = (np.full((1, 2), float(value), "float32") for value in (1, 2, 3))
    found = as_batch(model, [one, [two, {"k": three}]]).arrays
    np.testing.assert_array_equal(trace(model, found).outputs, [[1, 1, 2, 2, 3, 3]])


def test_a_grid_of_words_is_no_picture() -> None:
    x = keras.Input((2, 2, 1), dtype="string")
    model = keras.Model(x, keras.layers.StringLookup(vocabulary=["a", "b"])(x))
    batch = as_batch(model, np.array([[[["a"], ["b"]], [["c"], ["a"]]]]))
    assert batch.pictures == ({},)


def test_ragged_and_sparse_arrays() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Rescaling(2.0)])
    with pytest.raises(InputError, match="ragged; give it padded"):
        trace(model, tf.ragged.constant([[1.0, 2.0], [3.0]]))
    given = tf.sparse.from_dense([[0.0, 1.0, 0.0]])
    np.testing.assert_array_equal(trace(model, given).outputs, [[0, 2, 0]])
    np.testing.assert_array_equal(as_batch(model, given).arrays, [[0, 1, 0]])


def test_a_subclassed_model_takes_arrays() -> None:
    class Own(keras.Model):
        def call(self, x: Any) -> Any:
            return x["a"] + x["b"]

    arrays = {"a": np.ones((2, 3), np.float32), "b": np.ones((2, 3), np.float32)}
    model = Own()
    assert set(as_batch(model, arrays).arrays) == {"a", "b"}
    model(arrays)
    batch = as_batch(model, arrays)
    assert [item.name for item in batch.inputs] == ["a", "b"]
    np.testing.assert_array_equal(model(batch.arrays), np.full((2, 3), 2))


def test_every_examples_own_input_fits(example: Example) -> None:
    outputs = keras.tree.flatten(example.model(example.inputs))
    assert all(np.isfinite(np.asarray(output)).all() for output in outputs)


@pytest.mark.needs("efficientnet_lite0")
def test_the_coffee_photo_is_espresso(efficientnet: Example, coffee: Path) -> None:
    batch = read_inputs(efficientnet.model, [coffee])
    assert not batch.inputs[0].guessed
    probabilities = np.asarray(efficientnet.model(batch.arrays))[0]
    assert imagenet()[int(probabilities.argmax())] == "espresso"
    assert probabilities.max() > 0.8
