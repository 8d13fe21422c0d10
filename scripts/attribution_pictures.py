"""Makes the pictures of docs/attribution.md: EfficientNet-Lite0 on four photos, by every method it can be explained by.

The model and the photos are looked for in ../shared, or in the folders that TENSORVIEW_MODELS and TENSORVIEW_INPUTS
name. `python scripts/attribution_pictures.py`, as part of `make screenshots`.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import tensorview as tv
from tensorview.labels import imagenet
from tensorview.overlay import overlay
from tensorview.sheet import contact_sheet

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SHARED = ROOT.parent / "shared"
MODEL = Path(os.environ.get("TENSORVIEW_MODELS", SHARED / "models")) / "efficientnet_lite0.keras"
PHOTOS = [
    Path(os.environ.get("TENSORVIEW_INPUTS", SHARED / "inputs")) / f"{name}.png"
    for name in ("coffee", "chelsea_cat", "rocket", "camera")
]
SHEETS = {
    "attribution-gradients.jpg": ("saliency", "gradient_input", "smoothgrad", "integrated_gradients"),
    "attribution-rules.jpg": ("guided_backprop", "rectified", "deconvnet", "guided_grad_cam"),
    "attribution-cams.jpg": ("cam", "grad_cam", "grad_cam_plus_plus", "layer_cam"),
    "attribution-more-cams.jpg": ("hires_cam", "xgrad_cam", "eigen_cam", "ablation_cam"),
    "attribution-perturbation.jpg": ("score_cam", "occlusion", "rise"),
}


def sheet(model: Any, batch: Any, labels: tuple[str, ...], methods: tuple[str, ...]) -> np.ndarray:
    """A row for each photo: the photo with its class, then a map of that class by each method."""
    found = [tv.attribute(model, batch.arrays, method, labels=labels) for method in methods]
    titles = {method.name: method.title for method in tv.methods()}
    tiles = []
    for i, photo in enumerate(PHOTOS):
        pixels = np.asarray(Image.open(photo).convert("RGB"))
        target = int(found[0].target[i])
        tiles.append((pixels, labels[target] if found[0].target[i] >= 0 else photo.stem))
        for method, result in zip(methods, found, strict=True):
            tiles.append((overlay(np.asarray(result.values)[i], pixels), titles[method]))
    return contact_sheet(tiles, columns=len(methods) + 1)


def main() -> None:
    model = tv.load_model(MODEL)
    labels = imagenet()
    batch = tv.read_inputs(model, PHOTOS)
    for name, methods in SHEETS.items():
        buffer = io.BytesIO()
        Image.fromarray(sheet(model, batch, labels, methods)).save(buffer, "JPEG", quality=84, optimize=True)
        (IMAGES / name).write_bytes(buffer.getvalue())
        print(f"docs/images/{name}  {len(buffer.getvalue()) // 1024} KB")


if __name__ == "__main__":
    main()
