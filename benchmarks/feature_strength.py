"""How well feature visualization finds what a channel looks for, on EfficientNet-Lite0.

`channels`: what the found images do to their channels, over the best of 1,000 real and random crops. `classes`: how
sure the model is of the images of ten classes, under transformations that they were not made with.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import common
import keras
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

import tensorview as tv
from tensorview import images

LAYERS = {"block2_add": 96, "block6_add": 96, "block14_add": 128}
"""Early, middle and late, and the size of their pictures."""
CROPS = 1000
CLASSES = (2, 88, 130, 291, 323, 340, 387, 504, 817, 963)
"""Great white shark, macaw, flamingo, lion, monarch, zebra, lesser panda, coffee mug, sports car, pizza."""
SHIFT = 20


def crops(photos: list[Path], size: int, count: int) -> np.ndarray:
    """uint8 (count, size, size, 3): half of them parts of photos, from the whole to where half a crop's pixels are its
    own; half of them noise, from coarse to fine."""
    chance = np.random.default_rng(0)
    found = []
    pictures = [images.read(path, 3) for path in photos]
    for number in range(count // 2):
        picture = pictures[number % len(pictures)]
        side = int(chance.uniform(min(size // 2, *picture.shape[:2]), min(picture.shape[:2])))
        y, x = (int(chance.integers(0, edge - side + 1)) for edge in picture.shape[:2])
        found.append(images.resize(picture[y : y + side, x : x + side], size, size))
    for number in range(count - len(found)):
        grains = (2, 4, 8, 16, 32, size)[number % 6]
        noise = chance.integers(0, 256, (grains, grains, 3), np.uint8)
        found.append(images.resize(noise, size, size))
    return np.stack(found)


def channels(model: Any, photos: list[Path], layers: list[str], count: int, steps: int) -> dict[str, Any]:
    """The mean of each channel on its image, as a factor of the most that any crop reaches."""
    told: dict[str, Any] = {}
    for layer in layers:
        size = LAYERS[layer]
        found = tv.visualize(model, f"channel:{layer}:0-{count - 1}", steps=steps, size=size)
        middle = means(model, layer, size)
        real = np.concatenate(
            [middle(part) for part in np.array_split(crops(photos, size, CROPS).astype(np.float32), CROPS // 50)]
        ).max(0)[:count]
        own = np.concatenate([middle(part) for part in np.array_split(found.images.astype(np.float32), 4)])
        reached = own[np.arange(count), np.arange(count)]
        factor = reached / real
        told[layer] = {
            "size": size, "channels": count, "crops": CROPS, "dead": int(found.dead.sum()),
            "least": figures(factor.min()), "median": figures(np.median(factor)), "most": figures(factor.max()),
            "above_1": int((factor > 1).sum()), "each": [figures(one) for one in factor],
        }  # fmt: skip
    return told


def means(model: Any, layer: str, size: int) -> Callable[[np.ndarray], np.ndarray]:
    """Keras's own part of the model up to a layer, at another size: (N, size, size, 3) to (N, channels)."""
    part = keras.Model(model.inputs, model.get_layer(layer).output)
    sized = keras.Input((size, size, 3))
    ready = keras.Model(sized, keras.models.clone_model(part, input_tensors=[sized]).outputs)
    ready.set_weights(part.get_weights())
    return lambda pictures: np.asarray(ready(pictures, training=False)).mean((1, 2))


def jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=75)
    return Image.open(buffer).convert("RGB")


def enlarged(picture: Image.Image) -> Image.Image:
    side = picture.width
    edge = round((side - side / 1.25) / 2)
    return picture.crop((edge, edge, side - edge, side - edge)).resize((side, side), Image.Resampling.BICUBIC)


def halved(picture: Image.Image) -> Image.Image:
    half = (picture.width // 2, picture.height // 2)
    return picture.resize(half, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda picture: picture,
    "mirrored": ImageOps.mirror,
    "JPEG 75": jpeg,
    f"shifted by {SHIFT} px around the border": lambda p: Image.fromarray(np.roll(np.asarray(p), SHIFT, (0, 1))),
    "enlarged by 1.25": enlarged,
    "darker by .7": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "blurred by 1 px": lambda picture: picture.filter(ImageFilter.GaussianBlur(1)),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "shrunk to half and back": halved,
}


def classes(model: Any, steps: int) -> dict[str, Any]:
    """The probability of its class for each image, changed in ways that no step saw."""
    found = tv.visualize(model, [f"logit:{index}" for index in CLASSES], steps=steps)
    told = {}
    for name, change in CHANGES.items():
        changed = np.stack([np.asarray(change(Image.fromarray(image))) for image in found.images])
        p = np.asarray(model(changed.astype(np.float32), training=False))[np.arange(len(CLASSES)), CLASSES]
        told[name] = {"least": round(float(p.min()), 2), "median": round(float(np.median(p)), 2),
                      "above_.9": int((p > 0.9).sum())}  # fmt: skip
    return {"classes": len(CLASSES), "steps": steps, "p": told}


def figures(number: float) -> float:
    """Two figures, where there are more."""
    return float(f"{number:.2g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["channels", "classes"])
    parser.add_argument("--layers", default=",".join(LAYERS), help="of channels (default: %(default)s)")
    parser.add_argument("--count", type=int, default=20, help="channels of a layer (default: 20)")
    parser.add_argument("--steps", type=int, default=128, help="of a channel's image (default: 128)")
    parser.add_argument("--class-steps", type=int, default=192, help="of a class's image (default: 192)")
    parser.add_argument("--photos", type=Path, help="folder of photos (default: that of the test inputs)")
    options = parser.parse_args()
    path = common.model("efficientnet_lite0")
    if path is None:
        raise SystemExit("efficientnet_lite0.keras was not found; set TENSORVIEW_MODELS to its folder")
    model = tv.load_model(path)
    shared = common.ROOT.parent / "shared" / "inputs"
    folder = options.photos or (shared if shared.is_dir() else common.DATA / "images")
    photos = sorted(one for one in folder.iterdir() if one.suffix in (".png", ".jpg", ".jpeg"))
    told: dict[str, Any] = {}
    if "channels" in options.what:
        layers = options.layers.split(",")
        told["channels"] = channels(model, photos, layers, options.count, options.steps)
        told["photos"] = [one.name for one in photos]
    if "classes" in options.what:
        told["classes"] = classes(model, options.class_steps)
    common.report(**told)


if __name__ == "__main__":
    main()
