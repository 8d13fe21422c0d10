"""Times attribution beside a hand-written compiled baseline and other libraries, all interleaved in one process.

    python benchmarks/attribution.py --model ResNet50 --batch 1 --methods gradcam,saliency
    python benchmarks/attribution.py --long 1000        one image after another: slower, or more memory?

Prints one JSON object: for each method and library the first call (building and tracing within), the median and the
least of later calls, their ratio to the baseline's, and the peak of memory over what was held before. Peers that are
not installed are left out: `pip install tf-keras-vis tf-explain opencv-python-headless`, and `pip install --no-deps
xplique` with `tensorflow-probability tf-keras`.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from common import report
from libraries import LIBRARIES

LAYER = {"MobileNetV2": "out_relu", "ResNet50": "conv5_block3_out", "VGG16": "block5_conv3"}
MODULES = {"tf-keras-vis": "tf_keras_vis", "xplique": "xplique", "tf-explain": "tf_explain"}


class Context:
    """A model of keras.applications with random weights, and statistics of its normalisations from one batch."""

    def __init__(self, name: str, samples: int) -> None:
        keras.utils.set_random_seed(0)
        make = getattr(keras.applications, name)
        self.softmax_model = make(weights=None)
        norms = [layer for layer in self.softmax_model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        kept = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 0.0
        if norms:
            self.softmax_model(images(8, seed=99), training=True)
        for norm, momentum in zip(norms, kept, strict=True):
            norm.momentum = momentum
        self.model = make(weights=None, classifier_activation=None)
        self.model.set_weights(self.softmax_model.get_weights())
        self.layer, self.n_samples = LAYER[name], samples


def images(count: int, seed: int = 0) -> Any:
    """Smooth random pictures in -1..1."""
    random = np.random.default_rng(seed)
    coarse = random.normal(size=(count, 14, 14, 3)).astype("float32")
    fine = tf.image.resize(coarse, (224, 224), "bicubic").numpy() + 0.1 * random.normal(size=(count, 224, 224, 3))
    return np.clip(fine / 2, -1, 1).astype("float32")


def memory(key: str) -> float:
    """Megabytes of this process, of /proc's VmRSS (now) or VmHWM (the most since the last reset)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


class Peak:
    """The most memory held within the context over what was held before, in MB."""

    def __enter__(self) -> Peak:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        self.before = memory("VmRSS")
        return self

    def __exit__(self, *_: Any) -> None:
        self.most = memory("VmHWM") - self.before


def measured(method: str, context: Context, names: list[str], x: Any, options: Any) -> dict[str, Any]:
    classes = np.full(len(x), 1)  # tf-explain takes one class for all
    runs: dict[str, Any] = {}
    rows: dict[str, dict[str, Any]] = {}
    for name in names:
        make = getattr(LIBRARIES[name](), method, None)
        if make is None:
            continue
        start = time.perf_counter()
        try:
            with Peak() as peak:
                run = make(context)
                run(x, classes)
        except Exception as error:  # of another library, which may lack what it needs
            if name in MODULES:
                print(f"{name}: {method}: {type(error).__name__}: {error}", file=sys.stderr)
                continue
            raise
        runs[name] = run
        rows[name] = {"first_s": time.perf_counter() - start, "first_peak_mb": peak.most, "times": [], "peak_mb": 0.0}
    start = time.perf_counter()
    for number in range(options.repetitions):
        order = list(runs) if number % 2 == 0 else list(runs)[::-1]
        for name in order:
            with Peak() as peak:
                begun = time.perf_counter()
                runs[name](x, classes)
                rows[name]["times"].append(time.perf_counter() - begun)
            rows[name]["peak_mb"] = max(rows[name]["peak_mb"], peak.most)
        if number >= 2 and time.perf_counter() - start > options.budget:
            break
    base = rows.get("bare", {}).get("times")
    return {
        name: {
            "first_s": round(row["first_s"], 3),
            "median_s": round(statistics.median(row["times"]), 4),
            "least_s": round(min(row["times"]), 4),
            **({"of_bare": round(min(row["times"]) / min(base), 3)} if base else {}),
            **({"of_bare_median": round(statistics.median(row["times"]) / statistics.median(base), 3)} if base else {}),
            "peak_mb": round(max(row["peak_mb"], 0.0), 1),
            "first_peak_mb": round(row["first_peak_mb"], 1),
        }
        for name, row in rows.items()
    }


def long(context: Context, count: int) -> dict[str, Any]:
    """Grad-CAM of images one after another: seconds a call and memory held, over the tenths of the way."""
    run = LIBRARIES["tensorview"]().gradcam(context)
    x = images(16)
    run(x[:1], [1])
    gc.collect()
    held, seconds, every = [memory("VmRSS")], [], max(1, count // 10)
    for tenth in range(10):
        times = []
        for number in range(every):
            begun = time.perf_counter()
            run(x[number % 16][None], [(tenth * every + number) % 1000])
            times.append(time.perf_counter() - begun)
        seconds.append(round(statistics.median(times), 4))
        held.append(memory("VmRSS"))
    return {"images": every * 10, "median_s": seconds, "held_mb": [round(one - held[0], 1) for one in held]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(LAYER), default="MobileNetV2")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument(
        "--methods", default="gradcam,saliency", help="gradcam, saliency, smoothgrad, scorecam, every_layer"
    )
    parser.add_argument("--libraries", default=",".join(LIBRARIES), help="in the order of their first calls")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--samples", type=int, default=20, help="noisy copies of SmoothGrad")
    parser.add_argument("--budget", type=float, default=120, help="seconds a method, after three repetitions")
    parser.add_argument("--long", type=int, default=0, metavar="N", help="N images one after another")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    context = Context(options.model, options.samples)
    x = images(options.batch)
    context.model(x[:1], training=False)  # what Keras builds at its first call is nobody's first call
    if options.long:
        report(model=options.model, long=long(context, options.long))
        return
    names = [
        name for name in options.libraries.split(",") if name not in MODULES or importlib.util.find_spec(MODULES[name])
    ]
    found = {method: measured(method, context, names, x, options) for method in options.methods.split(",")}
    report(model=options.model, batch=options.batch, samples=options.samples, methods=found)


if __name__ == "__main__":
    main()
