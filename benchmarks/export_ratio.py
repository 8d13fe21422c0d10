"""Wall time of an export as a ratio to the least that any tool must do: import TensorFlow, build the model, call it."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from common import COFFEE, python, report

BARE = """
import sys
import keras
import numpy as np
from PIL import Image
model = getattr(keras.applications, sys.argv[1])(weights=None)
image = Image.open(sys.argv[2]).convert("RGB").resize(model.input_shape[2:0:-1])
model(np.asarray(image, np.float32)[None], training=False).numpy()
"""


def seconds(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="ResNet50", help="a name from keras.applications (default: ResNet50)")
    parser.add_argument("--repetitions", type=int, default=5, help="pairs of runs (default: 5)")
    options = parser.parse_args()
    bare: list[float] = []
    exported: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "page.html"
        arguments = ("export", f"keras:{options.model}", "--weights", "none", "-i", str(COFFEE), "-o", str(output))
        for _ in range(options.repetitions + 1):  # the first pair warms the file cache and is not counted
            bare.append(seconds(lambda: python("-c", BARE, options.model, str(COFFEE))))
            exported.append(seconds(lambda: python("-m", "tensorview", *arguments, "--force", "--quiet")))
        size = output.stat().st_size
    bare, exported = bare[1:], exported[1:]
    ratios = [long / short for long, short in zip(exported, bare, strict=True)]
    report(
        model=options.model,
        ratio_median=round(statistics.median(ratios), 2),
        ratio_of_best=round(min(exported) / min(bare), 2),
        bare_s=[round(number, 2) for number in bare],
        export_s=[round(number, 2) for number in exported],
        bytes=size,
    )


if __name__ == "__main__":
    main()
