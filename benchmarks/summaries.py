"""Seconds to summarise all activations and weights of a ResNet-50, NumPy's own histogram beside it."""

from __future__ import annotations

import sys
import time

from common import ROOT, report

sys.path.insert(0, str(ROOT))


def main() -> None:
    import keras
    import numpy as np

    from tensorview.kernels import kernels
    from tensorview.statistics import summarize

    model = keras.applications.ResNet50(weights=None)
    shapes = [(1, *layer.output.shape[1:]) for layer in model.layers]
    random = np.random.default_rng(0)
    pool = random.normal(size=max(int(np.prod(shape)) for shape in shapes)).astype(np.float32)
    values = [pool[: int(np.prod(shape))].reshape(shape) for shape in shapes]
    times: dict[str, list[float]] = {"activations": [], "weights": [], "numpy_histogram_alone": []}
    for _ in range(3):
        start = time.perf_counter()
        for array in values:
            summarize(array)
        middle = time.perf_counter()
        for layer in model.layers:
            kernels(layer)
        end = time.perf_counter()
        for array in values:
            np.histogram(array, 32)
        last = time.perf_counter()
        for name, seconds in zip(times, (middle - start, end - middle, last - end), strict=True):
            times[name].append(round(seconds, 3))
    report(values=sum(array.size for array in values), weights=model.count_params(), seconds=times)


if __name__ == "__main__":
    main()
