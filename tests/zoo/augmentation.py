from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise


def pixels() -> np.ndarray:
    return np.random.default_rng(7).uniform(0, 255, (2, 10, 12, 3)).astype("float32")


@case("augmentation rests", "x -> flip -> turn -> zoom -> move -> contrast -> bright -> conv", "conv")
def classic() -> Built:
    steps = [
        layers.RandomFlip(name="flip"),
        layers.RandomRotation(0.2, name="turn"),
        layers.RandomZoom(0.2, name="zoom"),
        layers.RandomTranslation(0.1, 0.1, name="move"),
        layers.RandomContrast(0.2, name="contrast"),
        layers.RandomBrightness(0.2, name="bright"),
    ]
    last = layers.Conv2D(2, 3, name="conv")
    return keras.Sequential([keras.Input((10, 12, 3), name="x"), *steps, last]), pixels()


@case("augmentation as a model of its own", "x -> augment/flip -> augment/turn -> scale -> conv", "conv")
def nested() -> Built:
    augment = keras.Sequential(
        [layers.RandomFlip(name="flip"), layers.RandomRotation(0.1, name="turn")], name="augment"
    )
    steps = [augment, layers.Rescaling(1 / 255, name="scale"), layers.Conv2D(2, 3, name="conv")]
    return keras.Sequential([keras.Input((10, 12, 3), name="x"), *steps]), pixels()


@case("augmentation in a model whose call has no training argument", "input -> flip -> bright -> conv", "conv")
def subclassed() -> Built:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.flip, self.bright = layers.RandomFlip(name="flip"), layers.RandomBrightness(0.5, name="bright")
            self.conv = layers.Conv2D(2, 3, name="conv")

        def call(self, x: Any) -> Any:
            return self.conv(self.bright(self.flip(x)))

    return Model(), pixels()


@case("a random crop is a centred one", "x -> crop -> conv", "conv")
def random_crop() -> Built:
    steps = [layers.RandomCrop(8, 8, name="crop"), layers.Conv2D(2, 3, name="conv")]
    return keras.Sequential([keras.Input((10, 12, 3), name="x"), *steps]), pixels()


@case("a pipeline of layers", "x -> pipe/scale -> pipe/flip -> conv", "conv")
def pipeline() -> Built:
    pipe = layers.Pipeline([layers.Rescaling(1 / 255, name="scale"), layers.RandomFlip(name="flip")], name="pipe")
    steps = [pipe, layers.Conv2D(2, 3, name="conv")]
    return keras.Sequential([keras.Input((10, 12, 3), name="x"), *steps]), pixels()


@case("dropout and noise rest", "x -> a -> drop -> alpha -> gauss -> noise -> space -> penalty", "penalty")
def regularisation() -> Built:
    steps = [
        layers.Dense(4, name="a"),
        layers.Dropout(0.5, name="drop"),
        layers.AlphaDropout(0.5, name="alpha"),
        layers.GaussianDropout(0.5, name="gauss"),
        layers.GaussianNoise(0.5, name="noise"),
        layers.SpatialDropout1D(0.5, name="space"),
        layers.ActivityRegularization(0.1, name="penalty"),
    ]
    return keras.Sequential([keras.Input((5, 4), name="x"), *steps]), noise(2, 5, 4)
