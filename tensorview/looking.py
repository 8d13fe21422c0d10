"""What the channels of layers look for, for a bundle: images made to maximise them, and patches that fire most."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorview import images
from tensorview.blobs import BlobWriter
from tensorview.build import LookedFor
from tensorview.errors import OptionError, TraceError, near
from tensorview.manifest import Feature, NodeInfo
from tensorview.structure import structure
from tensorview.tracing import Trace
from tensorview.visualization.make import visualize
from tensorview.visualization.patches import Patch, top_patches
from tensorview.visualization.result import Visualization

Progress = Callable[[str, float], None]
CHANNELS = 24
"""Channels of a layer that are shown: those that the samples fired most."""
STEPS = 128
SIZE = 96
"""Pixels of an image that is made, where the model can be called on that."""
SIDE = 64
"""Pixels of its longer side in the file."""
PATCH = 32
"""Pixels of a patch's side in the file."""


def look_for(
    model: Any,
    layers: Sequence[str],
    run: Trace,
    *,
    examples: Any = None,
    cache: str | Path | None = None,
    progress: Progress = lambda _what, _share: None,
) -> LookedFor:
    """Of each layer, by its name or node id. Raises OptionError for one that has no channels, or a model that takes no
    pictures."""
    nodes = {node.id: node for node in structure(run, weights=False).nodes}
    found: list[Feature] = []
    blobs: list[BlobWriter] = []
    for index, layer in enumerate(dict.fromkeys(layers)):
        node = node_with_channels(nodes, layer)
        channels = _channels(run, node)
        made = _made(model, node, channels, cache, _of(node.id, progress))
        if made.images.ndim != 4:
            raise OptionError("features are for models that take pictures; use tensorview.visualize for others")
        writer = BlobWriter(f"f{index}")
        blobs.append(writer)
        pictures = np.stack([fitted(picture, SIDE) for picture in made.images])
        feature = Feature(
            node=node.id, channels=tuple(channels), pictures=writer.codes(pictures),
            scores=tuple(float(score) for score in made.score),
            how=f"{STEPS} steps at {made.images.shape[1]}×{made.images.shape[2]} px, from the same seed",
        )  # fmt: skip
        found.append(feature if examples is None else _with_patches(model, feature, examples, writer, progress))
    return LookedFor(tuple(found), tuple(blobs))


def _of(layer: str, progress: Progress) -> Progress:
    return lambda what, share: progress(f"{layer}: {what}", share)


def node_with_channels(nodes: dict[str, NodeInfo], layer: str) -> NodeInfo:
    """The node of a layer's name or node id. Raises OptionError."""
    node = nodes.get(layer) or next((one for one in nodes.values() if one.layer == layer), None)
    if node is None:
        raise OptionError(f"the model has no layer call {layer!r}{near(layer, [*nodes])}")
    if node.channel_axis is None or node.class_name == "InputLayer":
        raise OptionError(f"layer {layer!r} has no channels that could look for something")
    return node


def _channels(run: Trace, node: NodeInfo) -> list[int]:
    """The channels that the samples fired most, by their number; the first ones where there is no sample."""
    assert node.channel_axis is not None
    count = node.shape[node.channel_axis]
    values = run.activation(node.id)
    if not isinstance(values, np.ndarray) or values.ndim < 2:
        raise OptionError(f"layer {node.id!r} returns several tensors; name one that returns maps")
    axes = tuple(axis for axis in range(values.ndim) if axis != node.channel_axis + 1)
    strongest = np.argsort(-np.nan_to_num(values.max(axes), nan=-math.inf), kind="stable")[:CHANNELS]
    return sorted(int(one) for one in strongest[: min(count, CHANNELS)])


def _made(
    model: Any, node: NodeInfo, channels: list[int], cache: str | Path | None, progress: Progress
) -> Visualization:
    wanted = f"channel:{node.id}:{','.join(map(str, channels))}"
    try:
        return visualize(model, wanted, steps=STEPS, size=SIZE, cache=cache, progress=progress)
    except (OptionError, TraceError):  # it can be called at its own size only
        return visualize(model, wanted, steps=STEPS, cache=cache, progress=progress)


def _with_patches(model: Any, feature: Feature, examples: Any, writer: BlobWriter, progress: Progress) -> Feature:
    found = top_patches(model, examples, feature.node, progress=_of(feature.node, progress))
    rows = [found.patches(channel) for channel in feature.channels]
    deep = feature.pictures.shape[-1]
    count = max(len(row) for row in rows)
    seen = np.zeros((len(rows), count, PATCH, PATCH, deep), np.uint8)
    down = np.full_like(seen, 128)
    for i, row in enumerate(rows):
        for j, patch in enumerate(row):
            seen[i, j] = _square(patch.picture)
            down[i, j] = _square(_grey(patch, found.channel_axis))
    return dataclasses.replace(
        feature, patches=writer.codes(seen), projections=writer.codes(down),
        values=tuple(tuple(patch.value for patch in row) for row in rows),
        names=tuple(tuple(patch.name for patch in row) for row in rows), seen=found.seen,
    )  # fmt: skip


def _grey(patch: Patch, channel_axis: int | None) -> np.ndarray:
    """A projection as a picture (h, w, 1|3): mid grey is zero, its largest value black or white."""
    values = patch.projection
    if channel_axis is None:
        values = values[..., None]
    elif channel_axis == 1:
        values = np.moveaxis(values, 0, -1)
    most = float(np.abs(values).max(initial=0)) or 1.0
    return np.asarray(np.rint(128 + 127 * values[..., : patch.picture.shape[-1]] / most), np.uint8)


def _square(picture: np.ndarray) -> np.ndarray:
    return images.resize(np.ascontiguousarray(picture), PATCH, PATCH)


def fitted(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture no larger than `side` on its longer side."""
    scale = min(1.0, side / max(picture.shape[:2]))
    return images.resize(picture, max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale)))
