from __future__ import annotations

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


@case("words looked up and embedded", "x -> look -> words -> mean -> y", "y")
def string_lookup() -> Built:
    x = keras.Input((3,), dtype="string", name="x")
    h = layers.StringLookup(vocabulary=["red", "green", "blue"], name="look")(x)
    h = layers.GlobalAveragePooling1D(name="mean")(layers.Embedding(5, 4, name="words")(h))
    return keras.Model(x, dense("y")(h)), np.array([["red", "blue", "pink"], ["green", "green", "red"]])


@case("sentences", "x -> vectors -> words -> lstm -> y\nvectors -> not_equal -> lstm", "y")
def sentences() -> Built:
    x = keras.Input((1,), dtype="string", name="x")
    vectors = layers.TextVectorization(vocabulary=["a", "cat", "sat"], output_sequence_length=5, name="vectors")
    h = layers.Embedding(6, 4, mask_zero=True, name="words")(vectors(x))
    return keras.Model(x, dense("y")(layers.LSTM(3, name="lstm")(h))), np.array([["a cat sat"], ["cat"]])


@case("a bag of words", "x -> bag -> y", "y")
def bag_of_words() -> Built:
    x = keras.Input((1,), dtype="string", name="x")
    bag = layers.TextVectorization(vocabulary=["a", "cat", "sat"], output_mode="multi_hot", name="bag")
    return keras.Model(x, dense("y")(bag(x))), np.array([["a cat sat"], ["cat"]])


@case(
    "a table of text, whole and real columns",
    "colour -> look -> joined\nage -> bins -> one_hot -> joined\nsize -> norm -> joined -> y",
    "y",
)
def table() -> Built:
    colour = keras.Input((1,), dtype="string", name="colour")
    age, size = keras.Input((1,), name="age"), keras.Input((2,), name="size")
    looked = layers.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot", name="look")(colour)
    bins = layers.Discretization(bin_boundaries=[10.0, 30.0], name="bins")(age)
    hot = layers.CategoryEncoding(3, output_mode="one_hot", name="one_hot")(bins)
    norm = layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0], name="norm")(size)
    joined = layers.Concatenate(name="joined")([looked, hot, norm])
    given = {"colour": np.array([["red"], ["green"]]), "age": np.array([[5.0], [31.0]]), "size": noise(2, 2)}
    return keras.Model({"colour": colour, "age": age, "size": size}, dense("y")(joined)), given


@case("whole numbers looked up and hashed", "x -> look, hash -> joined", "joined")
def integers() -> Built:
    x = keras.Input((2,), dtype="int64", name="x")
    made = [layers.IntegerLookup(vocabulary=[3, 5], name="look")(x), layers.Hashing(4, name="hash")(x)]
    return keras.Model(x, layers.Concatenate(name="joined")(made)), np.array([[3, 4], [5, 3]])


@case("two features crossed", "a, b -> cross -> y", "y")
def crossed() -> Built:
    a, b = keras.Input((1,), dtype="int64", name="a"), keras.Input((1,), dtype="int64", name="b")
    cross = layers.HashedCrossing(6, output_mode="one_hot", name="cross")((a, b))
    return keras.Model([a, b], dense("y")(cross)), [np.array([[1], [2]]), np.array([[3], [4]])]


@case("a class said in words", "x -> y -> argmax -> word", "word")
def class_in_words() -> Built:
    x = keras.Input((3,), name="x")
    word = layers.StringLookup(vocabulary=["cat", "dog", "emu"], invert=True, name="word")
    return keras.Model(x, word(keras.ops.argmax(dense("y")(x), axis=-1))), noise(3, 3)


@case("a picture rescaled, resized and normalised", "x -> scale -> size -> crop -> norm -> conv", "conv")
def pictures() -> Built:
    steps = [
        layers.Rescaling(1 / 127.5, offset=-1, name="scale"),
        layers.Resizing(9, 11, name="size"),
        layers.CenterCrop(8, 8, name="crop"),
        layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0], name="norm"),
        layers.Conv2D(2, 3, name="conv"),
    ]
    values = np.random.default_rng(7).uniform(0, 255, (2, 20, 16, 3)).astype("float32")
    return keras.Sequential([keras.Input((20, 16, 3), name="x"), *steps]), values


@case("sound as mel bands", "x -> mel -> conv", "conv")
def mel() -> Built:
    x = keras.Input((600,), name="x")
    bands = layers.MelSpectrogram(fft_length=64, sequence_stride=32, sequence_length=64, num_mel_bins=8, name="mel")
    h = keras.layers.Conv1D(3, 3, name="conv")(bands(x))
    return keras.Model(x, h), noise(2, 600)


@case("sound as a spectrogram", "x -> stft -> conv", "conv")
def stft() -> Built:
    x = keras.Input((600, 1), name="x")
    h = layers.STFTSpectrogram(frame_length=64, frame_step=32, fft_length=64, name="stft")(x)
    return keras.Model(x, layers.Conv1D(3, 3, name="conv")(h)), noise(2, 600, 1)
