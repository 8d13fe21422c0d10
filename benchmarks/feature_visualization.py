"""Feature visualization beside other libraries, in batches beside one at a time, and top patches beside a bare pass.

`peers` needs tf-keras-vis and xplique (`--no-deps`, with tf-keras and tensorflow-probability); what isn't installed is
left out. All that is compared runs in this one process, in turn.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
warnings.simplefilter("ignore")

import common  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import tensorview as tv  # noqa: E402

STEPS = 32
CLASS = 281


def logits(name: str) -> keras.Model:
    """A model of keras.applications with random weights, without its softmax, as all libraries want it."""
    keras.utils.set_random_seed(0)
    return getattr(keras.applications, name)(weights=None, classifier_activation=None)


def ours(model: Any) -> Callable[[], Any]:
    return lambda: tv.visualize(model, f"logit:{CLASS}", steps=STEPS, range=(-1, 1)).values


def tf_keras_vis(model: Any) -> Callable[[], Any]:
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.utils.scores import CategoricalScore

    climb = ActivationMaximization(model)

    def run() -> Any:
        seed = tf.random.uniform((1, 224, 224, 3), -1, 1)
        return np.asarray(climb(CategoricalScore([CLASS]), seed_input=seed, input_range=(-1, 1), steps=STEPS))

    return run


def xplique(model: Any) -> Callable[[], Any]:
    import xplique.features_visualizations as features

    def run() -> Any:
        objective = features.Objective.neuron(model, -1, CLASS)
        made = features.optimize(objective, nb_steps=STEPS, custom_shape=(224, 224), values_range=(-1, 1))
        return made[0][-1].numpy()

    return run


def peers(names: list[str], repetitions: int) -> dict[str, Any]:
    """Seconds of a first call, and the median of later ones, of 32 steps on one class."""
    found: dict[str, Any] = {}
    for name in names:
        model = logits(name)
        runs: dict[str, Callable[[], Any]] = {}
        first: dict[str, float] = {}
        for library, make in {"tensorview": ours, "xplique": xplique, "tf-keras-vis": tf_keras_vis}.items():
            try:
                began = time.perf_counter()
                runs[library] = make(model)
                runs[library]()
                first[library] = time.perf_counter() - began
            except ImportError:
                runs.pop(library, None)
        later: dict[str, list[float]] = {library: [] for library in runs}
        for _ in range(repetitions):
            for library, run in runs.items():
                began = time.perf_counter()
                run()
                later[library].append(time.perf_counter() - began)
        median = {library: statistics.median(times) for library, times in later.items()}
        found[name] = {
            "first_s": rounded(first), "later_s": rounded(median),
            "times_faster": rounded({library: median[library] / median["tensorview"] for library in median}),
        }  # fmt: skip
    return found


def sheet(channels: int, steps: int, size: int, alone: int) -> dict[str, Any]:
    """A sheet of EfficientNet-Lite0, and some of the same channels one at a time."""
    path = common.model("efficientnet_lite0")
    if path is None:
        raise SystemExit("efficientnet_lite0.keras was not found; set TENSORVIEW_MODELS to its folder")
    model = tv.load_model(path)
    layer = "block10_add"
    tv.visualize(model, f"channel:{layer}:0", steps=1, size=size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    tv.visualize(model, f"channel:{layer}:0-{channels - 1}", steps=steps, size=size)
    whole = time.perf_counter() - began
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    began = time.perf_counter()
    for channel in range(alone):
        tv.visualize(model, f"channel:{layer}:{channel}", steps=steps, size=size)
    single = (time.perf_counter() - began) / max(1, alone)
    return {
        "layer": layer, "channels": channels, "steps": steps, "size": size, "seconds": round(whole, 1),
        "seconds_a_channel": round(whole / channels, 2), "seconds_a_channel_alone": round(single, 2),
        "alone_over_batched": round(single / (whole / channels), 2), "peak_mb_over_start": round(peak),
    }  # fmt: skip


def patches(count: int, layer: str, repetitions: int) -> dict[str, Any]:
    """Images a second of top patches of a layer, as a ratio to the compiled forward pass of the whole model."""
    path = common.model("efficientnet_lite0")
    if path is None:
        raise SystemExit("efficientnet_lite0.keras was not found; set TENSORVIEW_MODELS to its folder")
    model = tv.load_model(path)
    images = np.random.default_rng(0).random((count, 224, 224, 3), np.float32) * 255
    bare = tf.function(lambda x: model(x, training=False), input_signature=[tf.TensorSpec([None, 224, 224, 3])])
    tv.top_patches(model, images[:32], layer)
    bare(images[:32])
    ratios, rates = [], []
    for _ in range(repetitions):
        began = time.perf_counter()
        for start in range(0, count, 32):
            bare(tf.constant(images[start : start + 32])).numpy()
        plain = time.perf_counter() - began
        told: list[float] = []
        tv.top_patches(model, images, layer, progress=lambda _what, _share, told=told: told.append(time.perf_counter()))
        # Tracing comes before the first batch, which is left out of both rates.
        own = (told[-1] - told[0]) / (count - 32) * count
        ratios.append(plain / own)
        rates.append(count / own)
    return {"layer": layer, "images": count, "images_a_second": round(statistics.median(rates), 1),
            "ratio_to_bare_pass": round(statistics.median(ratios), 2)}  # fmt: skip


def rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["peers", "sheet", "patches"])
    parser.add_argument("--models", default="MobileNetV2,ResNet50")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--alone", type=int, default=4, help="channels that are made one at a time")
    parser.add_argument("--images", type=int, default=256)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if "peers" in options.what:
        found["peers"] = peers(options.models.split(","), options.repetitions)
    if "sheet" in options.what:
        found["sheet"] = sheet(options.channels, options.steps, options.size, options.alone)
    if "patches" in options.what:
        found["patches"] = {
            layer: patches(options.images, layer, options.repetitions) for layer in ("block10_add", "head_relu6")
        }
    common.report(**found)


if __name__ == "__main__":
    main()
