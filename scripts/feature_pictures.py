"""Makes the pictures of docs/feature-visualization.md: sheets of EfficientNet-Lite0 and LeNet.

They take some minutes of both cores; `--cache DIR` keeps what is finished. EfficientNet-Lite0 is looked for in
../shared, or in the folder that TENSORVIEW_MODELS names.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image

import tensorview as tv
from tensorview import images
from tensorview.visualization.result import tiled

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
LITE = Path(os.environ.get("TENSORVIEW_MODELS", ROOT.parent / "shared" / "models")) / "efficientnet_lite0.keras"
INTO = ROOT / "docs" / "images"
LAYERS = {
    "stem_relu6": ("0-15", 64), "block2_add": ("0-15", 96), "block6_add": ("0-15", 96), "block10_add": ("0-15", 128),
    "block14_add": ("0-15", 128),
}  # fmt: skip
CLASSES = (504, 130, 291, 340)
WIDE = 560


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache")
    options = parser.parse_args()
    lenet = tv.load_model(DATA / "models" / "lenet_mnist.keras")
    for layer in ("conv_1", "conv_2"):
        found = tv.visualize(lenet, f"channel:{layer}:all", steps=256, cache=options.cache)
        write(f"features-lenet-{layer}", enlarged(found.images, 2), 8)
    found = tv.visualize(lenet, [f"logit:{digit}" for digit in range(10)], steps=256, cache=options.cache)
    write("features-lenet-digits", enlarged(found.images, 2), 10)
    model = tv.load_model(LITE)
    for layer, (channels, size) in LAYERS.items():
        found = tv.visualize(model, f"channel:{layer}:{channels}", steps=128, size=size, cache=options.cache)
        write(f"features-{layer}", found.images, 8)
    found = tv.visualize(model, [f"logit:{index}" for index in CLASSES], steps=192, cache=options.cache)
    write("features-classes", found.images, len(CLASSES))
    coffee = images.resize(images.read(DATA / "images" / "coffee.png", 3), 224, 224)
    grid = tv.activation_grid(model, coffee[None], "block10_add", cells=7, size=64, steps=96, cache=options.cache)
    seen = images.resize(coffee, *grid.picture().shape[:2])
    write("features-grid", np.stack([seen, grid.picture()]), 2)
    groups = tv.neuron_groups(model, coffee[None], "block10_add", groups=5, size=128, steps=128, cache=options.cache)
    write("features-groups", np.concatenate([located(coffee, groups.maps[0]), groups.made.images]), 5)


def located(picture: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """The picture, lit where each group fires: uint8 (groups, 128, 128, 3)."""
    small = images.resize(picture, 128, 128) / 255
    found = []
    for one in np.moveaxis(maps, -1, 0):
        light = images.resize((255 * one / max(one.max(), 1e-9)).astype(np.uint8)[..., None], 128, 128) / 255
        found.append(small * (0.15 + 0.85 * light))
    return np.rint(255 * np.stack(found)).astype(np.uint8)


def enlarged(pictures: np.ndarray, times: int) -> np.ndarray:
    return pictures.repeat(times, 1).repeat(times, 2)


def write(name: str, pictures: np.ndarray, columns: int) -> None:
    sheet = Image.fromarray(tiled(pictures, columns))
    if sheet.width > WIDE:
        sheet = sheet.resize((WIDE, round(sheet.height * WIDE / sheet.width)), Image.Resampling.LANCZOS)
    path = INTO / f"{name}.jpg"
    sheet.save(path, quality=82, optimize=True)
    print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    main()
