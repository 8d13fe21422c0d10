from __future__ import annotations

import keras
from keras import layers

from zoo.case import Built, case, noise


@case("every normalisation of a picture", "x -> conv -> batch, layer, group, unit, rms -> sum", "sum")
def pictures() -> Built:
    x = keras.Input((6, 7, 3), name="x")
    h = layers.Conv2D(4, 3, name="conv")(x)
    made = [
        layers.BatchNormalization(name="batch")(h),
        layers.LayerNormalization(axis=(1, 2), name="layer")(h),
        layers.GroupNormalization(2, name="group")(h),
        layers.UnitNormalization(name="unit")(h),
        layers.RMSNormalization(name="rms")(h),
    ]
    return keras.Model(x, layers.Add(name="sum")(made)), noise(2, 6, 7, 3)


@case("of sequences and rows", "x -> layer -> batch -> mean -> rms", "rms")
def sequences() -> Built:
    steps = [layers.LayerNormalization(name="layer"), layers.BatchNormalization(name="batch")]
    rest = [layers.GlobalAveragePooling1D(name="mean"), layers.RMSNormalization(name="rms")]
    return keras.Sequential([keras.Input((5, 4), name="x"), *steps, *rest]), noise(2, 5, 4)


@case("spectral, around a layer", "x -> norm/conv -> mean", "mean")
def spectral() -> Built:
    steps = [layers.SpectralNormalization(layers.Conv2D(4, 3, name="conv"), name="norm")]
    last = layers.GlobalAveragePooling2D(name="mean")
    return keras.Sequential([keras.Input((6, 7, 3), name="x"), *steps, last]), noise(2, 6, 7, 3)


@case("frozen and unscaled", "x -> frozen -> bare", "bare")
def frozen() -> Built:
    frozen = layers.BatchNormalization(name="frozen", trainable=False)
    bare = layers.BatchNormalization(center=False, scale=False, name="bare")
    return keras.Sequential([keras.Input((6,), name="x"), frozen, bare]), noise(2, 6)


@case("learned activations", "x -> prelu -> leaky -> elu -> softmax", "softmax")
def activations() -> Built:
    steps = [layers.PReLU(shared_axes=[1], name="prelu"), layers.LeakyReLU(0.2, name="leaky"), layers.ELU(name="elu")]
    return keras.Sequential([keras.Input((5, 4), name="x"), *steps, layers.Softmax(name="softmax")]), noise(2, 5, 4)


NAMES = """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid
    log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
    sparsemax squareplus tanh tanh_shrink threshold
"""
LIST = ", ".join(NAMES.split())


@case("every activation by name", f"x -> {LIST}", LIST)
def by_name() -> Built:
    x = keras.Input((6,), name="x")

    def made(name: str) -> keras.KerasTensor:
        if name == "threshold":
            return layers.Activation(lambda h: keras.activations.threshold(h, 0.1, 0.0), name=name)(x)
        return layers.Activation(name, name=name)(x)

    return keras.Model(x, [made(name) for name in NAMES.split()]), noise(2, 6)
