"""What a list tells of a report or model: taken from its manifest."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from tensorview.bundle import Bundle
from tensorview.errors import BundleError

KINDS = 48
"""Layer calls whose kinds are kept: enough for a small strip of colours."""
SIDE = 192
"""Longest side of a picture in pixels."""


@dataclass(frozen=True, slots=True)
class Facts:
    """title, model, digest, params, layers: the model's. inputs: such as "28×28×1". samples: how many there are.
    said: the first prediction, in words. kinds: of the layer calls, in order. picture: a PNG of the first input."""

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
    picture: bytes | None


def facts(bundle: Bundle) -> Facts:
    manifest = bundle.manifest
    kinds = [node.kind for node in manifest.nodes if node.kind != "input"]
    step = max(1.0, len(kinds) / KINDS)
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
        kinds=tuple(kinds[int(i * step)] for i in range(min(KINDS, len(kinds)))),
        picture=_picture(bundle),
    )


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
