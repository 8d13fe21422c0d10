"""Seconds and peak memory of an export beside those of the bare forward pass, model by model, and over depth."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import COFFEE, QUIET, ROOT, report

MEASURED = """
import json, resource, sys, threading, time

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

class Peak:
    \"\"\"The most memory that this process held within the context, beyond what it held before.\"\"\"
    def __enter__(self):
        self.before = self.most = resident()
        self.over = threading.Event()
        self.watch = threading.Thread(target=self.look)
        self.watch.start()
        self.start = time.perf_counter()
        return self
    def look(self):
        while not self.over.wait(0.005):
            self.most = max(self.most, resident())
    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.start
        self.over.set()
        self.watch.join()

import keras, numpy as np
import tensorview as tv
from tensorview.deep import run_deep
from PIL import Image

def named(name):
    return getattr(keras.applications, name)(weights=None)

def deep(layers):
    keras.utils.set_random_seed(1)
    x = given = keras.Input((8, 8, 4))
    for i in range(layers):
        x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name=f"conv{i}")(x)
    return keras.Model(given, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x)))

what, name, photo, output = sys.argv[1:]
model = run_deep(lambda: deep(int(name)) if name.isdigit() else named(name))
shape = [224 if size is None else size for size in model.input_shape[1:]]
image = Image.open(photo).convert("RGB").resize((shape[1], shape[0]))
x = np.asarray(image, np.float32)[None]
x = x if shape[-1] == 3 else np.repeat(x[..., :1], shape[-1], -1)
tv.trace(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), np.zeros((1, 2)))  # imports are no part of it
with Peak() as peak:
    if what == "forward":
        run_deep(lambda: model(x, training=False).numpy())
    else:
        tv.export(model, x, output, force=True)
print(json.dumps({"seconds": peak.seconds, "bytes": peak.most - peak.before}))
"""


def measure(what: str, name: str, output: Path) -> dict[str, Any]:
    environment = {**os.environ, **QUIET, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", MEASURED, what, name, str(COFFEE), str(output)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} of {name} failed:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "models", nargs="*", default=["MobileNetV3Small", "ResNet50", "DenseNet121", "VGG16", "EfficientNetB7"],
        help="names from keras.applications",
    )  # fmt: skip
    parser.add_argument("--depth", type=int, nargs="*", default=[10, 100, 1000], help="chains of so many convolutions")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "page.html"
        for name in (*options.models, *map(str, options.depth)):
            forward, export = measure("forward", name, output), measure("export", name, output)
            rows.append(
                {
                    "model": f"{name} convolutions" if name.isdigit() else name,
                    "forward_s": round(forward["seconds"], 2),
                    "export_s": round(export["seconds"], 2),
                    "forward_mb": round(forward["bytes"] / 2**20),
                    "export_mb": round(export["bytes"] / 2**20),
                    "beyond_forward_mb": round((export["bytes"] - forward["bytes"]) / 2**20),
                    "page_mb": round(output.stat().st_size / 2**20, 2),
                }
            )
            print(json.dumps(rows[-1]), file=sys.stderr)
    report(rows=rows)


if __name__ == "__main__":
    main()
