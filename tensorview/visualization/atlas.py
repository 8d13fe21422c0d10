"""Activation atlas (Carter et al. 2019, Distill): what a layer knows, as a map with a picture for each place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import engine
from tensorview.attribution.target import parse
from tensorview.attribution.view import View
from tensorview.errors import OptionError
from tensorview.visualization.make import visualize
from tensorview.visualization.objectives import direction
from tensorview.visualization.result import Array, Visualization
from tensorview.visualization.source import Source

Progress = Callable[[str, float], None]
MARGIN = 0.1
"""Of the map's range, on each side, for what lies beyond the 1 % and 99 % that it is drawn from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActivationAtlas:
    """Of N inputs one position each, laid out on a map, and a picture for each cell of it where enough of them lie.

    activations: float32 (N, channels). positions: int (N, axes in space). classes: int (N,), the top class of each
    input, and shares: float32 (N,), what its position adds to that class's score, to first order. points: float32
    (N, 2), x and y in 0..1. counts: int (cells, cells), rows from the top, that add up to N. places: int (M, 2), row
    and column of each cell with a picture; means: float32 (M, channels); labels: int (M,), the class that it speaks
    for most.
    """

    layer: str
    activations: Array
    positions: Array
    classes: Array
    shares: Array
    points: Array
    counts: Array
    places: Array
    means: Array
    labels: Array
    made: Visualization

    @staticmethod
    def label(index: int, labels: Sequence[str] | None) -> str:
        """A class by its name, where there is one."""
        return labels[index] if labels is not None and index < len(labels) else f"class {index}"

    def write(self, path: str | Path, labels: Sequence[str] | None = None, *, force: bool = False) -> None:
        """Write the map as one HTML file that can be zoomed; `labels` names the classes. Raises OutputError."""
        from tensorview.files import whole_file
        from tensorview.visualization.atlaspage import page

        with whole_file(path, force=force) as file:
            file.write(page(self, labels).encode())

    def picture(self) -> Array:
        """The map, uint8 (h, w, 3); cells without a picture are dark."""
        from tensorview.sheet import GROUND

        height, width = self.made.images.shape[1:3]
        whole = np.empty((len(self.counts) * height, len(self.counts) * width, 3), np.uint8)
        whole[:] = GROUND
        for (row, column), image in zip(self.places, self.made.images, strict=True):
            shown = np.repeat(image, 3, -1) if image.shape[-1] == 1 else image[..., :3]
            whole[row * height : (row + 1) * height, column * width : (column + 1) * width] = shown
        return whole


def activation_atlas(
    model: Any,
    inputs: Any,
    layer: str,
    *,
    cells: int = 20,
    least: int = 5,
    layout: Callable[[Array], Array] | None = None,
    size: int | None = 80,
    steps: int = 128,
    seed: int = 0,
    batch: int = 32,
    preprocess: str = "auto",
    progress: Progress = lambda _what, _share: None,
    **options: Any,
) -> ActivationAtlas:
    """Sample a layer over many inputs, lay the activations out in two dimensions, and make a picture of each cell.

    inputs: an array, a folder of images or a list of files; thousands of them say something. One random position of
    each is taken, the edges left out. layout: what brings (N, channels) to (N, 2); None is UMAP (cosine, 50 neighbours,
    .05), which `pip install umap-learn` brings. cells: a side of the map; those with fewer than `least` inputs stay
    dark. size, steps, options: as `visualize` takes them. Raises OptionError, InputError, TraceError.
    """
    if cells < 1 or least < 1:
        raise OptionError(f"cells and least are whole numbers from 1, but {cells} and {least} came")
    place = _umap(seed) if layout is None else layout
    found = _sampled(model, Source(model, inputs, preprocess), layer, batch=batch, seed=seed, progress=progress)
    vectors = found["activations"]
    progress("laying out", 0.0)
    points = within(np.asarray(place(vectors), np.float32))
    at = np.minimum((points * cells).astype(np.int64), cells - 1)
    flat = at[:, 1] * cells + at[:, 0]
    counts = np.bincount(flat, minlength=cells * cells)
    shown = np.flatnonzero(counts >= least)
    if not len(shown):
        raise OptionError(f"no cell holds {least} inputs; give more inputs, or fewer cells")
    means = np.stack([vectors[flat == cell].mean(0) for cell in shown])
    moments = vectors.T.astype(np.float64) @ vectors / len(vectors)
    whiten = np.linalg.pinv(moments + 1e-3 * np.trace(moments) / len(moments) * np.eye(len(moments)))
    wanted = [direction(layer, mean, power=4, middle=True, whiten=whiten) for mean in means]
    made = visualize(model, wanted, size=size, steps=steps, seed=seed, progress=progress, **options)
    labels = [_speaks_for(found["classes"][flat == cell], found["shares"][flat == cell]) for cell in shown]
    return ActivationAtlas(
        layer=layer, points=points, counts=counts.reshape(cells, cells), means=means.astype(np.float32),
        places=np.stack([shown // cells, shown % cells], 1), labels=np.array(labels), made=made, **found,
    )  # fmt: skip


def within(points: Array) -> Array:
    """Points in 0..1: from the 1 % quantile of each axis to that of 99 %, with a margin; the rest is clipped."""
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise OptionError(f"a layout gives finite points (N, 2), but {points.shape} came")
    low, high = np.quantile(points, [0.01, 0.99], axis=0)
    span = np.maximum(high - low, 1e-9)
    scaled = (points - (low - MARGIN * span)) / (span * (1 + 2 * MARGIN))
    return np.asarray(np.clip(scaled, 0, 1), np.float32)


def _speaks_for(classes: Array, shares: Array) -> int:
    """The class to which these positions add most."""
    own = np.unique(classes)
    return int(own[np.argmax([shares[classes == one].sum() for one in own])])


def _sampled(model: Any, source: Source, layer: str, *, batch: int, seed: int, progress: Progress) -> dict[str, Array]:
    drawn: Array | None = None
    parts = []
    for part in source.batches(batch):
        structure, samples = engine.prepared(model, part.arrays)
        if drawn is None:
            drawn = np.random.default_rng(seed).random((source.samples, 3), np.float32)
        question = engine.Question(parse(None, samples), layer, "atlas", _at_random, (tf.TensorSpec([None, 3]),))
        own = drawn[part.first : part.first + part.count]
        _, found = engine.run(model, structure, question, tf.constant(own))
        parts.append((found["vector"], found["place"], found["index"], found["share"]))
        progress("sampling", (part.first + part.count) / source.samples)
    names = ("activations", "positions", "classes", "shares")
    return {name: np.concatenate(column) for name, column in zip(names, zip(*parts, strict=True), strict=True)}


def _at_random(view: View, facts: dict[str, Any], drawn: Any) -> dict[str, Any]:
    """A position of each sample, away from the edges where there are inner ones, and what it adds to the top class."""
    maps = view.maps()
    view.differentiate([maps.tensor])
    order = [0, *maps.space, maps.channel_axis]
    values = tf.transpose(tf.cast(maps.tensor, tf.float32), order)
    gradient = tf.transpose(view.gradient(maps.tensor, maps.id), order)
    sizes = tf.shape(values)[1:-1]
    edge = tf.cast(sizes > 2, tf.int32)
    inner = tf.cast(sizes - 2 * edge, tf.float32)
    place = edge + tf.minimum(tf.cast(drawn[:, : len(maps.space)] * inner, tf.int32), sizes - 2 * edge - 1)
    vector = tf.gather_nd(values, place, batch_dims=1)
    slope = tf.gather_nd(gradient, place, batch_dims=1)
    return {"vector": vector, "place": place, "share": tf.reduce_sum(vector * slope, -1)}


def _umap(seed: int) -> Callable[[Array], Array]:
    try:
        import umap  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise OptionError(
            "an atlas is laid out by UMAP: pip install umap-learn, or give a layout of your own"
        ) from None

    def layout(vectors: Array) -> Array:
        neighbours = max(2, min(50, len(vectors) - 1))
        found = umap.UMAP(n_neighbors=neighbours, min_dist=0.05, metric="cosine", random_state=seed, n_jobs=1)
        return np.asarray(found.fit_transform(vectors))

    return layout
