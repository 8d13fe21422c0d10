"""Other attribution libraries beside ours, on the models of keras.applications: how far they lie from ours and from a
float64 oracle, and where one is wrong, why. `docs/correctness.md` lists this, `test_peers.py` measures it where the
peers are installed (`make test-full` does so)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tensorview as tv

Array = np.ndarray[Any, Any]
LAYER = {"MobileNetV2": "out_relu", "ResNet50": "conv5_block3_out", "VGG16": "block5_conv3"}
MODELS = tuple(LAYER)
CLASS = 7
"""That is explained of the small net; of an application the top class of each picture."""


@dataclass(frozen=True)
class Peer:
    """One method of another library on one model. bound: how far its map lies from ours at most, of the largest value;
    None where the library is wrong, which `why` explains and `differs` (the least difference) shows."""

    method: str
    library: str
    model: str
    says: str
    bound: float | None
    measure: Callable[[str], float]
    why: str = ""
    differs: float = 0.0

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.library) is not None


PEERS: list[Peer] = []


def peer(
    method: str,
    library: str,
    says: str,
    bound: float | None,
    *,
    models: tuple[str, ...] = MODELS,
    why: str = "",
    differs: float = 0.0,
) -> Callable[[Callable[[str], float]], Callable[[str], float]]:
    def add(measure: Callable[[str], float]) -> Callable[[str], float]:
        PEERS.extend(Peer(method, library, model, says, bound, measure, why, differs) for model in models)
        return measure

    return add


@cache
def images() -> Array:
    """Two smooth pictures in -1..1."""
    random = np.random.default_rng(0)
    coarse = random.normal(size=(2, 14, 14, 3)).astype("float32")
    fine = tf.image.resize(coarse, (224, 224), "bicubic").numpy() + 0.1 * random.normal(size=(2, 224, 224, 3))
    return np.clip(fine / 2, -1, 1).astype("float32")


@cache
def built(name: str) -> keras.Model:
    """The application without weights from outside, up to the class scores. Weights are random, so the statistics of
    its batch normalisations are taken from one batch: else activations explode or vanish on the way."""
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None, classifier_activation=None)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    if norms:
        model(np.concatenate([images()[:, :, ::-1], images(), images()[:, ::-1]]), training=True)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
    return model


@cache
def top(name: str) -> list[int]:
    """The top class of each picture. (Of another one, a map of random weights nearly cancels out, and what is left is
    rounding.)"""
    return [int(one) for one in np.asarray(built(name)(images(), training=False)).argmax(1)]


@cache
def oracle(name: str, dtype: str) -> tuple[Array, Array]:
    """Grad-CAM before its ReLU at the layer's size, and saliency, by their definitions: an eager tape on the model in
    this data type."""
    model = built(name)
    same = keras.models.clone_model(
        model, clone_function=lambda layer: type(layer).from_config({**layer.get_config(), "dtype": dtype})
    )
    same.set_weights(model.get_weights())
    both = keras.Model(same.inputs, [same.get_layer(LAYER[name]).output, same.output])
    given = tf.constant(images(), dtype)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(given)
        maps, scores = both(given, training=False)
        score = tf.reduce_sum(tf.gather(scores, top(name), batch_dims=1))
    weights = np.asarray(tape.gradient(score, maps)).mean((1, 2))
    saliency = np.abs(np.asarray(tape.gradient(score, given))).max(-1)
    return np.einsum("nhwc,nc->nhw", np.asarray(maps), weights), saliency


def off(found: Any, wanted: Any) -> float:
    """The largest difference, of the largest value that is wanted."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(np.abs(a - b).max() / np.abs(b).max())


def unit(maps: Any) -> Array:
    """Maps over their own maximum, from zero up."""
    positive = np.maximum(np.asarray(maps, np.float64), 0)
    return np.asarray(positive / positive.max((1, 2), keepdims=True))


@cache
def ours(name: str, method: str) -> Any:
    layer = LAYER[name] if method == "grad_cam" else None
    return tv.attribute(built(name), images(), method, target=top(name), layer=layer)


# The oracle: no library ---------------------------------------------------------------------------------------------


@peer("grad_cam", "tensorflow", "the low-resolution map by an eager tape in float32", 1e-5)
def _(name: str) -> float:
    return off(ours(name, "grad_cam").raw, oracle(name, "float32")[0])


@peer("grad_cam", "tensorflow", "the same in float64; what an eager tape in float32 is off by counts as 1", 2.0)
def _(name: str) -> float:
    exact = oracle(name, "float64")[0]
    return off(ours(name, "grad_cam").raw, exact) / off(oracle(name, "float32")[0], exact)


@peer("saliency", "tensorflow", "the map by an eager tape in float32", 1e-3)
def _(name: str) -> float:
    return off(ours(name, "saliency").values, oracle(name, "float32")[1])


# tf-keras-vis -------------------------------------------------------------------------------------------------------


def score(classes: list[int]) -> Any:
    from tf_keras_vis.utils.scores import CategoricalScore

    return CategoricalScore(classes)


@peer("grad_cam", "tf_keras_vis", "the map at the layer's size (`expand_cam=False`)", 1e-5)
def _(name: str) -> float:
    from tf_keras_vis.gradcam import Gradcam

    found = Gradcam(built(name))(
        score(top(name)), images(), penultimate_layer=LAYER[name], expand_cam=False, normalize_cam=False,
        seek_penultimate_conv_layer=False,
    )  # fmt: skip
    return off(np.maximum(ours(name, "grad_cam").raw, 0), found)


@peer("saliency", "tf_keras_vis", "the map in the input's size", 1e-4)
def _(name: str) -> float:
    from tf_keras_vis.saliency import Saliency

    return off(Saliency(built(name))(score(top(name)), images(), normalize_map=False), ours(name, "saliency").values)


def plain_relus() -> tuple[keras.Model, Array]:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((16, 16, 3)), layers.Conv2D(6, 3), layers.ReLU(), layers.Conv2D(4, 3), layers.ReLU(),
        layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip
    return model, np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")


@peer(
    "grad_cam", "tf_keras_vis", "the map in the input's size", None, models=("a net of ReLU layers",), differs=0.02,
    why="it resizes by `scipy.ndimage.zoom`, which lays the corners of both sizes on each other: with half-pixel "
    "centres, as `tf.image.resize` has them, the same hot spot lies up to half a cell elsewhere",
)  # fmt: skip
def _(name: str) -> float:
    from tf_keras_vis.gradcam import Gradcam

    model, x = plain_relus()
    layer = model.layers[-3].name
    found = Gradcam(model)(
        score([CLASS, CLASS]), x, penultimate_layer=layer, normalize_cam=False, seek_penultimate_conv_layer=False
    )
    return off(unit(found), tv.attribute(model, x, "grad_cam", CLASS, layer).values)


@peer(
    "guided_backprop", "tf_keras_vis", "`GuidedBackpropagation` against plain saliency on `ReLU` layers", None,
    models=("a net of ReLU layers",), differs=0.05,
    why="it replaces activation arguments only, so on `ReLU` layers its map is plain saliency (compared here: ours)",
)  # fmt: skip
def _(name: str) -> float:
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import GuidedBackpropagation

    model, x = plain_relus()
    found = Saliency(model, model_modifier=[GuidedBackpropagation()], clone=True)(
        score([CLASS, CLASS]), x, normalize_map=False
    )
    return off(found, tv.attribute(model, x, "guided_backprop", CLASS).values)


@peer(
    "score_cam", "tf_keras_vis", "`Scorecam`", None, models=("a net of ReLU layers",), differs=0.01,
    why="it brings its masks to the input's size with corners on each other (and of a model that ends in a softmax it "
    "takes another one, after which all weights are nearly the same; this net ends in scores)",
)  # fmt: skip
def _(name: str) -> float:
    from tf_keras_vis.scorecam import Scorecam

    model, x = plain_relus()
    layer = model.layers[-3].name
    found = Scorecam(model)(
        score([CLASS, CLASS]),
        x,
        penultimate_layer=layer,
        expand_cam=False,
        normalize_cam=False,
        seek_penultimate_conv_layer=False,
    )
    return off(unit(found), unit(tv.attribute(model, x, "score_cam", CLASS, layer).raw))


# xplique, tf-explain, saliency --------------------------------------------------------------------------------------


@peer("saliency", "xplique", "the map in the input's size; what float32 is off from float64 counts as 1", 2.0)
def _(name: str) -> float:
    # Compiled in another way it rounds otherwise, and a ReLU whose input is nearly zero lets another gradient pass:
    # how much that makes depends on the processor.
    from xplique.attributions import Saliency

    found = np.asarray(Saliency(built(name))(images(), tf.one_hot(top(name), 1000)))
    rounding = off(oracle(name, "float32")[1], oracle(name, "float64")[1])
    return off(found.reshape(2, 224, 224), ours(name, "saliency").values) / max(rounding, 1e-4)


@peer("integrated_gradients", "saliency", "PAIR's, 400 steps, of a small net", 1e-2, models=("a net of ReLU layers",))
def _(name: str) -> float:
    from saliency.core import INPUT_OUTPUT_GRADIENTS, IntegratedGradients

    model, x = plain_relus()

    def gradients(values: Any, call_model_args: Any = None, expected_keys: Any = None) -> dict[str, Any]:
        given = tf.constant(np.asarray(values), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(given)
            total = tf.reduce_sum(model(given)[:, CLASS])
        return {INPUT_OUTPUT_GRADIENTS: np.asarray(tape.gradient(total, given))}

    found = [IntegratedGradients().GetMask(one, gradients, None, np.zeros_like(one), x_steps=400) for one in x]
    return off(found, tv.attribute(model, x, "integrated_gradients", CLASS, steps=200).raw)


@peer(
    "integrated_gradients", "tf_explain", "`IntegratedGradients`", None, models=("a net of ReLU layers",), differs=0.05,
    why="it returns the mean gradient; times the input's difference from the baseline it would be the method",
)  # fmt: skip
def _(name: str) -> float:
    from tf_explain.core.integrated_gradients import IntegratedGradients

    model, x = plain_relus()
    path = IntegratedGradients.generate_interpolations(x, 50)
    found = np.asarray(IntegratedGradients.get_integrated_gradients(path, model, CLASS, 50))
    return off(found, tv.attribute(model, x, "integrated_gradients", CLASS, steps=50).raw)
