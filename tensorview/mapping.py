"""Activation atlases of layers, for a bundle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tensorview.blobs import BlobWriter
from tensorview.build import LookedFor
from tensorview.errors import OptionError
from tensorview.looking import fitted, node_with_channels
from tensorview.manifest import Atlas
from tensorview.structure import structure
from tensorview.tracing import Trace
from tensorview.visualization.atlas import ActivationAtlas, activation_atlas
from tensorview.visualization.source import Source

Progress = Callable[[str, float], None]
SIDE = 64
"""Pixels of a cell's longer side in the file."""
CELL, MOST_CELLS = 12, 20
"""Inputs that there should be for each cell of a map, which has at most so many rows."""


def map_out(
    model: Any,
    wanted: Sequence[str | ActivationAtlas],
    run: Trace,
    *,
    examples: Any = None,
    labels: Sequence[str] | None = None,
    progress: Progress = lambda _what, _share: None,
) -> LookedFor:
    """Atlases that are made already, and those of layers, by name or node id, over the examples. Raises OptionError for
    a layer that has no channels, or one without examples to sample it by."""
    nodes = {node.id: node for node in structure(run, weights=False).nodes}
    found: list[Atlas] = []
    blobs: list[BlobWriter] = []
    for index, one in enumerate(wanted):
        node = node_with_channels(nodes, one if isinstance(one, str) else one.layer)
        atlas = one if not isinstance(one, str) else _made(model, node.id, examples, progress)
        writer = BlobWriter(f"e{index}")
        blobs.append(writer)
        pictures = np.stack([fitted(picture, SIDE) for picture in atlas.made.images])
        size, steps = atlas.made.images.shape[1:3], atlas.made.history.shape[1]
        found.append(
            Atlas(
                node=node.id, cells=len(atlas.counts), places=tuple((int(y), int(x)) for y, x in atlas.places),
                counts=tuple(int(atlas.counts[y, x]) for y, x in atlas.places),
                labels=tuple(atlas.label(int(label), labels) for label in atlas.labels),
                pictures=writer.codes(pictures), seen=len(atlas.points),
                how=f"one position of each of {len(atlas.points):,} inputs, {steps} steps at {size[0]}×{size[1]} px",
            )
        )  # fmt: skip
    return LookedFor(blobs=tuple(blobs), atlases=tuple(found))


def _made(model: Any, layer: str, examples: Any, progress: Progress) -> ActivationAtlas:
    if examples is None:
        raise OptionError(f"an atlas of {layer!r} is drawn from many inputs; give them as examples")
    count = Source(model, examples, "auto").samples
    cells = max(1, min(MOST_CELLS, math.isqrt(count // CELL)))

    def told(what: str, share: float) -> None:
        progress(f"atlas of {layer}: {what}", share)

    return activation_atlas(model, examples, layer, cells=cells, least=min(5, count), progress=told)
