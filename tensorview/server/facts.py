"""What a list tells of a report or model: taken from its manifest."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np

from tensorview.bundle import Bundle
from tensorview.errors import BundleError
from tensorview.manifest import NodeInfo

KINDS = 48
"""Layer calls whose kinds are kept: enough for a small picture of the model."""
SIDE = 192
"""Longest side of a picture in pixels."""


@dataclass(frozen=True, slots=True)
class Facts:
    """title, model, digest, params, layers: the model's. inputs: such as "28×28×1". samples: how many there are.
    said: the first prediction, in words. kinds, heights: of the layer calls, in
    order; heights in percent, by the rule of the page's boxes. picture: a PNG of the first input."""

    title: str
    model: str
    digest: str | None
    params: int
    layers: int
    inputs: tuple[str, ...]
    samples: int
    created: str
    said: str | None
    kinds: tuple[str, ...]
    heights: tuple[int, ...]
    picture: bytes | None


def facts(bundle: Bundle) -> Facts:
    manifest = bundle.manifest
    nodes = [node for node in manifest.nodes if node.kind != "input"]
    step = max(1.0, len(nodes) / KINDS)
    shown = [nodes[int(i * step)] for i in range(min(KINDS, len(nodes)))]
    most = max((_side(node) for node in manifest.nodes), default=0)
    return Facts(
        title=manifest.title,
        model=manifest.model.name,
        digest=manifest.model.digest,
        params=manifest.model.params,
        layers=manifest.model.layers,
        inputs=tuple("×".join("?" if n is None else str(n) for n in item.shape) for item in manifest.inputs),
        samples=len(manifest.samples),
        created=manifest.created,
        said=_said(bundle),
        kinds=tuple(node.kind for node in shown),
        heights=tuple(_height(node, most) for node in shown),
        picture=_picture(bundle),
    )


def _side(node: NodeInfo) -> int:
    """The longer side of a layer's maps; 0 for one that has none."""
    if node.form not in ("planes", "image", "volume", "sequence"):
        return 0
    return max((n for axis, n in enumerate(node.shape) if axis != node.channel_axis), default=0)


def _height(node: NodeInfo, most: int) -> int:
    if node.role == "stub":
        return 14
    if side := _side(node):
        return round(100 * max(0.36, math.pow(side / most, 0.38)))
    return round(min(69, 26 + 4 * math.log2(max(1, math.prod(node.shape)))))


def _said(bundle: Bundle) -> str | None:
    for sample in bundle.manifest.samples[:1]:
        for prediction in sample.predictions:
            if prediction.top and prediction.kind in ("classes", "binary"):
                best = prediction.top[0]
                return f"{best.label} {best.value:.0%}" if 0 <= best.value <= 1 else best.label
    return None


def _picture(bundle: Bundle) -> bytes | None:
    from PIL import Image

    for sample in bundle.manifest.samples[:1]:
        for picture in sample.pictures[:1]:
            try:
                pixels = bundle.tensor(picture.tensor)
            except BundleError:
                return None
            if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or 0 in pixels.shape:
                return None
            image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
            if max(image.size) > SIDE:
                image.thumbnail((SIDE, SIDE))
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            return buffer.getvalue()
    return None
