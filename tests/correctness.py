"""What the attribution methods are held to: for each an invariant or an oracle, the error that it may have, and a way
to measure it. `docs/correctness.md` is written from here, `test_correctness.py` measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tensorview as tv
from tensorview.attribution.registry import find

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Check:
    """says: what holds, in one phrase. bound: the error that is allowed, of the largest value; 0 means exactly.
    measure: the error seen."""

    method: str
    kind: str
    """By hand (an analytic case), invariant, or oracle (an independent computation)."""
    says: str
    bound: float
    measure: Callable[[], float]


CHECKS: list[Check] = []


def holds(method: str, kind: str, says: str, bound: float) -> Callable[[Callable[[], float]], Callable[[], float]]:
    def add(measure: Callable[[], float]) -> Callable[[], float]:
        CHECKS.append(Check(method, kind, says, bound, measure))
        return measure

    return add


def off(found: Any, wanted: Any) -> float:
    """The largest difference, of the largest value that is wanted."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert a.shape == b.shape, (a.shape, b.shape)
    assert np.abs(b).max() > 0
    return float(np.abs(a - b).max() / np.abs(b).max())


def pictures(n: int = 2, *shape: int) -> Array:
    return np.random.default_rng(n).normal(size=(n, *(shape or (8, 7, 2)))).astype("float32")


def linear(classes: int = 3) -> tuple[keras.Model, Array]:
    """The scores are weights times the input, and nothing else; the weights as (8, 7, 2, classes)."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((8, 7, 2)), layers.Flatten(), layers.Dense(classes, use_bias=False, activation=None)]
    )
    return model, model.layers[-1].kernel.numpy().reshape(8, 7, 2, classes)


def net(*, bias: bool = True, activation: str = "relu", flat: bool = True, dtype: str = "float32") -> keras.Model:
    keras.utils.set_random_seed(2)
    options: dict[str, Any] = {"use_bias": bias, "bias_initializer": "random_normal", "dtype": dtype}
    return keras.Sequential([
        keras.Input((8, 7, 2), dtype=dtype),
        layers.Conv2D(5, 3, activation=activation, **options),
        layers.Conv2D(4, 3, activation=activation, name="maps", **options),
        layers.Flatten(dtype=dtype) if flat else layers.GlobalAveragePooling2D(dtype=dtype),
        layers.Dense(3, **options),
    ])  # fmt: skip


def parts(model: keras.Model, x: Array, target: int) -> tuple[Array, Array, Array]:
    """In float64 and eagerly, by layers called one after the other: the gradient by the input, the maps of the last
    convolution, and the gradient by them."""
    double = keras.models.clone_model(
        model, clone_function=lambda layer: type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    )
    double.set_weights(model.get_weights())
    given = tf.constant(x, tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(given)
        value, maps = given, None
        for layer in double.layers:
            value = layer(value)
            maps = value if layer.name == "maps" else maps
        score = tf.reduce_sum(value[:, target])
    return np.asarray(tape.gradient(score, given)), np.asarray(maps), np.asarray(tape.gradient(score, maps))


# Gradients by the input -------------------------------------------------------------------------------------------


@holds("saliency", "by hand", "of a linear model: the largest absolute weight over channels", 0)
def _() -> float:
    model, weights = linear()
    return off(tv.attribute(model, pictures(), "saliency", 1).values, np.abs([weights[..., 1]] * 2).max(-1))


@holds("saliency", "oracle", "the gradient in float64 by an eager tape", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    return off(tv.attribute(model, x, "saliency", 1).raw, parts(model, x, 1)[0])


@holds("gradient_input", "invariant", "of a linear model without bias: sums to the score", 1e-6)
def _() -> float:
    found = tv.attribute(linear()[0], pictures(), "gradient_input", 1)
    return off(found.values.sum((1, 2)), found.score)


@holds("gradient_input", "oracle", "input times the gradient in float64", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    return off(tv.attribute(model, x, "gradient_input", 1).raw, x * parts(model, x, 1)[0])


@holds("smoothgrad", "invariant", "without noise: saliency", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    return off(
        tv.attribute(model, x, "smoothgrad", 1, noise=0.0, samples=7).values,
        tv.attribute(model, x, "saliency", 1).values,
    )


@holds("smoothgrad", "by hand", "of a linear model, whatever the noise: the weights; their variance is zero", 1e-6)
def _() -> float:
    model, weights = linear()
    mean = tv.attribute(model, pictures(), "smoothgrad", 1, samples=7).raw
    spread = tv.attribute(model, pictures(), "smoothgrad", 1, samples=7, statistic="var").raw
    return max(off(mean, [weights[..., 1]] * 2), float(spread.max()))


@holds("smoothgrad", "oracle", "the mean of float64 gradients at the same noisy copies", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    spread = 0.15 * (x.max((1, 2, 3), keepdims=True) - x.min((1, 2, 3), keepdims=True))
    noise = [np.asarray(tf.random.stateless_normal(x.shape[1:], (0, copy))) for copy in range(6)]
    wanted = np.mean([parts(model, (x + one * spread).astype("float32"), 1)[0] for one in noise], 0)
    return off(tv.attribute(model, x, "smoothgrad", 1, samples=6).raw, wanted)


@holds("integrated_gradients", "invariant", "sums to the score's difference from a baseline of 0.3", 1e-5)
def _() -> float:
    model, x = net(activation="tanh"), pictures()
    found = tv.attribute(model, x, "integrated_gradients", 1, baseline=0.3)
    difference = np.asarray(model(x))[:, 1] - np.asarray(model(np.full_like(x, 0.3)))[:, 1]
    return off(found.values.sum((1, 2)), difference)


@holds("integrated_gradients", "by hand", "of a net of ReLUs without biases, from zero: gradient times input", 1e-5)
def _() -> float:
    model, x = net(bias=False), pictures()
    steps = tv.attribute(model, x, "integrated_gradients", 1, steps=10)
    return off(steps.raw, tv.attribute(model, x, "gradient_input", 1).raw)


@holds("integrated_gradients", "oracle", "400 midpoints in float64", 1e-4)
def _() -> float:
    model, x = net(activation="tanh"), pictures(1)
    points = np.concatenate([x * (i + 0.5) / 400 for i in range(400)])
    wanted = x * parts(model, points.astype("float64"), 1)[0].mean(0)
    return off(tv.attribute(model, x, "integrated_gradients", 1).raw, wanted)


# Rules at ReLUs ---------------------------------------------------------------------------------------------------


def four_signs() -> tuple[keras.Model, Array]:
    """relu(x) · (1, -1, 1, -1) at x = (1, 1, -1, -1): each sign of input and gradient once."""
    model = keras.Sequential([keras.Input((4,)), layers.ReLU(), layers.Dense(1, use_bias=False)])
    model.layers[-1].set_weights([np.array([[1.0], [-1], [1], [-1]], "float32")])
    return model, np.array([[1, 1, -1, -1]], "float32")


@holds("guided_backprop", "by hand", "the four cases of signs of a ReLU's input and gradient", 0)
def _() -> float:
    return off(tv.attribute(*four_signs(), "guided_backprop").raw, [[1, 0, 0, 0]])


@holds("rectified", "by hand", "the four cases of signs", 0)
def _() -> float:
    return off(tv.attribute(*four_signs(), "rectified").raw, [[1, 0, 1, 0]])


def double(weight: Any) -> Array:
    return np.asarray(weight.numpy(), np.float64)


def by_layers(x: Array, *, guided: bool) -> tuple[keras.Model, Array]:
    """A net and its ruled gradient, by transposed convolutions layer after layer in NumPy and float64."""
    model = net()
    first, second, _, dense = model.layers
    z1 = tf.nn.conv2d(tf.constant(x, tf.float64), double(first.kernel), 1, "VALID") + double(first.bias)
    z2 = tf.nn.conv2d(tf.nn.relu(z1), double(second.kernel), 1, "VALID") + double(second.bias)
    gradient = np.broadcast_to(double(dense.kernel)[:, 1], (len(x), z2[0].numpy().size))
    gradient = gradient.reshape(z2.shape)
    for z, layer, size in ((z2, second, z1.shape), (z1, first, x.shape)):
        gradient = np.maximum(gradient, 0) * (np.asarray(z > 0) if guided else 1)
        gradient = np.asarray(tf.nn.conv2d_transpose(gradient, double(layer.kernel), size, 1, "VALID"))
    return model, gradient


@holds("guided_backprop", "oracle", "transposed convolutions layer after layer in float64", 1e-6)
def _() -> float:
    model, wanted = by_layers(pictures(), guided=True)
    return off(tv.attribute(model, pictures(), "guided_backprop", 1).raw, wanted)


@holds("rectified", "oracle", "transposed convolutions layer after layer in float64", 1e-6)
def _() -> float:
    model, wanted = by_layers(pictures(), guided=False)
    return off(tv.attribute(model, pictures(), "rectified", 1).raw, wanted)


@holds("deconvnet", "invariant", "without max-pooling: the same for any input, per unit of what is kept", 1e-6)
def _() -> float:
    one, other = (tv.deconvolve(net(), pictures(n)[:1], "maps", 2, keep="strongest") for n in (2, 3))
    shapes = []
    for found in (one, other):
        _, row, column, _ = np.unravel_index(found.kept.argmax(), found.kept.shape)
        shapes.append(found.projection[0, row : row + 5, column : column + 5] / found.kept.max())
    return off(shapes[0], shapes[1])


@holds("deconvnet", "invariant", "twice the activation, twice the projection", 0)
def _() -> float:
    model = net(bias=False)
    once, twice = (tv.deconvolve(model, pictures() * scale, "maps", 2, keep="all").projection for scale in (1, 2))
    return off(twice, 2 * np.asarray(once))


@holds("deconvnet", "oracle", "unpooling by switches and transposed convolutions in NumPy", 1e-5)
def _() -> float:
    keras.utils.set_random_seed(4)
    model = keras.Sequential([
        keras.Input((8, 8, 2)), layers.Conv2D(3, 1, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(3, 1, activation="relu", name="maps"),
    ])  # fmt: skip
    x = pictures(2, 8, 8, 2)
    low, _, high = model.layers
    before = np.maximum(x @ double(low.kernel)[0, 0], 0)
    blocks = before.reshape(2, 4, 2, 4, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 4, 4, 3, 4)
    maps = np.maximum(blocks.max(-1) @ double(high.kernel)[0, 0], 0)
    channel = int(maps.sum((0, 1, 2)).argmax())
    kept = maps * (np.arange(3) == channel)
    down = np.maximum(kept, 0) @ double(high.kernel)[0, 0].T
    spread = np.eye(4)[blocks.argmax(-1)] * down[..., None]
    spread = spread.reshape(2, 4, 4, 3, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(2, 8, 8, 3)
    return off(
        tv.deconvolve(model, x, "maps", channel, keep="all").projection,
        np.maximum(spread, 0) @ double(low.kernel)[0, 0].T,
    )


@holds("guided_grad_cam", "by hand", "the product of guided backpropagation and Grad-CAM in the input's size", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    cam, fine = (tv.attribute(model, x, name, 1) for name in ("grad_cam", "guided_backprop"))
    return off(tv.attribute(model, x, "guided_grad_cam", 1).raw, fine.raw * cam.values[..., None])


# Class activation maps --------------------------------------------------------------------------------------------


def bias(model: keras.Model) -> float:
    return float(model.layers[-1].bias.numpy()[1])


@holds("cam", "invariant", "its mean and the bias are the score", 1e-6)
def _() -> float:
    found = tv.attribute(net(flat=False), pictures(), "cam", 1)
    return off(found.raw.mean((1, 2)) + bias(net(flat=False)), found.score)


@holds("cam", "oracle", "the dense layer's weights times the maps in float64", 1e-6)
def _() -> float:
    model, x = net(flat=False), pictures()
    return off(tv.attribute(model, x, "cam", 1).raw, parts(model, x, 1)[1] @ model.layers[-1].kernel.numpy()[:, 1])


@holds("grad_cam", "by hand", "behind global average pooling over Z points: CAM / Z before the ReLU", 1e-6)
def _() -> float:
    model, x = net(flat=False), pictures()
    cam, grad = (tv.attribute(model, x, name, 1).raw for name in ("cam", "grad_cam"))
    return off(grad * grad[0].size, cam)


@holds("grad_cam", "oracle", "steps 3 to 5 in float64 by an eager tape", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    _, maps, gradient = parts(model, x, 1)
    return off(tv.attribute(model, x, "grad_cam", 1).raw, np.einsum("nhwc,nc->nhw", maps, gradient.mean((1, 2))))


@holds("grad_cam", "invariant", "the counterfactual map is the negative", 0)
def _() -> float:
    model, x = net(), pictures()
    return off(
        tv.attribute(model, x, "grad_cam", 1, counterfactual=True).raw,
        -np.asarray(tv.attribute(model, x, target=1).raw),
    )


@holds("grad_cam_plus_plus", "oracle", "the paper's alpha from float64 maps and gradients", 1e-5)
def _() -> float:
    model, x = net(), pictures()
    _, maps, g = parts(model, x, 1)
    alpha = g**2 / np.where(g == 0, 1, 2 * g**2 + g**3 * maps.sum((1, 2), keepdims=True))
    weights = (alpha * np.maximum(g, 0)).sum((1, 2))
    return off(tv.attribute(model, x, "grad_cam_plus_plus", 1).raw, np.einsum("nhwc,nc->nhw", maps, weights))


@holds("hires_cam", "invariant", "before a dense layer on all points: sums to the score less the bias", 1e-5)
def _() -> float:
    found = tv.attribute(net(), pictures(), "hires_cam", 1)
    return off(found.raw.sum((1, 2)), found.score - bias(net()))


@holds("hires_cam", "oracle", "maps times gradients in float64", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    _, maps, gradient = parts(model, x, 1)
    return off(tv.attribute(model, x, "hires_cam", 1).raw, (maps * gradient).sum(-1))


@holds("layer_cam", "oracle", "maps times positive gradients in float64", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    _, maps, gradient = parts(model, x, 1)
    return off(tv.attribute(model, x, "layer_cam", 1).raw, (maps * np.maximum(gradient, 0)).sum(-1))


@holds("xgrad_cam", "invariant", "before a dense layer on all points: sums to the score less the bias", 1e-5)
def _() -> float:
    found = tv.attribute(net(), pictures(), "xgrad_cam", 1)
    return off(found.raw.sum((1, 2)), found.score - bias(net()))


@holds("xgrad_cam", "oracle", "the paper's weights from float64 maps and gradients", 1e-5)
def _() -> float:
    model, x = net(), pictures()
    _, maps, gradient = parts(model, x, 1)
    weights = (maps * gradient).sum((1, 2)) / maps.sum((1, 2))
    return off(tv.attribute(model, x, "xgrad_cam", 1).raw, np.einsum("nhwc,nc->nhw", maps, weights))


@holds("eigen_cam", "oracle", "the first direction of NumPy's singular value decomposition", 1e-6)
def _() -> float:
    model, x = net(), pictures()
    wanted = []
    for one in parts(model, x, 1)[1]:
        left, sizes, _ = np.linalg.svd(one.reshape(-1, one.shape[-1]), full_matrices=False)
        first = (left[:, 0] * sizes[0]).reshape(one.shape[:2])
        wanted.append(first * np.sign(first.sum()))
    return off(tv.attribute(model, x, "eigen_cam", 1).raw, wanted)


@holds("score_cam", "oracle", "the masks, one after the other, fed to the model by itself", 1e-5)
def _() -> float:
    model, x = net(), pictures(1)
    maps = parts(model, x, 1)[1][0]
    weights = []
    for channel in range(maps.shape[-1]):
        mask = tf.image.resize(maps[..., channel, None].astype("float32"), (8, 7)).numpy()
        spread = np.ptp(mask)
        mask = (mask - mask.min()) / spread if spread else mask * 0
        weights.append(tf.nn.softmax(model(x * mask))[0, 1].numpy() * bool(maps[..., channel].any()))
    return off(tv.attribute(model, x, "score_cam", 1).raw[0], maps @ weights)


@holds("ablation_cam", "invariant", "of a linear head without bias: the weights sum to the score's sign", 1e-5)
def _() -> float:
    found = tv.attribute(net(bias=False), pictures(), "ablation_cam", 1)
    return off(found.weights.sum(1), np.sign(found.score))


@holds("ablation_cam", "oracle", "each map set to zero by hand, the head run in NumPy", 1e-5)
def _() -> float:
    model, x = net(), pictures(1)
    maps, dense = parts(model, x, 1)[1][0], model.layers[-1]

    def score(values: Array) -> float:
        return float(values.reshape(-1) @ dense.kernel.numpy()[:, 1] + dense.bias.numpy()[1])

    own = score(maps)
    weights = [(own - score(maps * (np.arange(maps.shape[-1]) != c))) / abs(own) for c in range(maps.shape[-1])]
    return off(tv.attribute(model, x, "ablation_cam", 1).weights[0], weights)


# Perturbation and attention ---------------------------------------------------------------------------------------


@holds("occlusion", "by hand", "of a linear model: the covered part's share of the score, exactly where it is", 1e-5)
def _() -> float:
    model, weights = linear()
    x = pictures(1)
    share = (x[0] * weights[..., 1]).sum(-1)
    wanted = [[share[r : r + 2, c : c + 2].sum() for c in (0, 2, 4, 5)] for r in (0, 2, 4, 6)]
    return off(tv.attribute(model, x, "occlusion", 1, patch=2, stride=2).raw[0], wanted)


@holds("occlusion", "oracle", "each patch covered by hand and fed to the model by itself", 1e-5)
def _() -> float:
    model, x = net(), pictures(1)
    wanted = np.zeros((4, 4))
    for row, r in enumerate((0, 2, 4, 6)):
        for column, c in enumerate((0, 2, 4, 5)):
            covered = x.copy()
            covered[:, r : r + 2, c : c + 2] = 0.5
            wanted[row, column] = float(model(x)[0, 1]) - float(model(covered)[0, 1])
    return off(tv.attribute(model, x, "occlusion", 1, patch=2, stride=2, fill=0.5).raw[0], wanted)


@holds("rise", "oracle", "the masks' mean weighted by answers, by a loop over the model itself", 1e-5)
def _() -> float:
    model, x = net(), pictures(1)
    masks: Any = find("rise", {"cells": 3})._masks(range(20), 0, [8, 7])  # type: ignore[attr-defined]
    answers = [float(tf.nn.softmax(model(x * mask[..., None]))[0, 1]) for mask in masks]
    wanted = np.tensordot(answers, masks, 1) / (20 * 0.5)
    return off(tv.attribute(model, x, "rise", 1, masks=20, cells=3).values[0], wanted)


@holds("rise", "invariant", "a model that doesn't look gets its answer times how often each pixel was seen", 1e-5)
def _() -> float:
    model = linear(1)[0]
    model.set_weights([np.zeros((112, 1), "float32")])
    constant = keras.Sequential([keras.Input((8, 7, 2)), *model.layers[:-1], layers.Dense(1)])
    constant.set_weights([np.zeros((112, 1), "float32"), np.array([0.7], "float32")])
    masks: Any = find("rise", {"cells": 3})._masks(range(20), 0, [8, 7])  # type: ignore[attr-defined]
    return off(tv.attribute(constant, pictures(1), "rise", 0, masks=20, cells=3).values[0], 0.7 * masks.mean(0) / 0.5)


def transformer() -> keras.Model:
    keras.utils.set_random_seed(6)
    x = keras.Input((6, 4))
    y = x + layers.MultiHeadAttention(2, 3)(x, x)
    y = y + layers.MultiHeadAttention(2, 3)(y, y)
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling1D()(y)))


@holds("attention_rollout", "invariant", "rows sum to one", 1e-6)
def _() -> float:
    rows = tv.attribute(transformer(), pictures(2, 6, 4), "attention_rollout").raw.sum(-1)
    return off(rows, np.ones_like(rows))


@holds("attention_rollout", "oracle", "the product of the recorded scores, with NumPy in float64", 1e-6)
def _() -> float:
    model, x = transformer(), pictures(2, 6, 4)
    run = tv.trace(model, x)
    product: Any = np.eye(6)
    for node in run.nodes:
        if node.scores:
            mixed = np.asarray(run.activation(node.id), np.float64).mean(1) + np.eye(6)
            product = mixed / mixed.sum(-1, keepdims=True) @ product
    return off(tv.attribute(model, x, "attention_rollout").raw, product)
