"""What a layer sees in a picture: an image for each place of it, or for each group of channels that fire together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorview.errors import InputError, OptionError
from tensorview.quantise import area_mean
from tensorview.tracing import trace
from tensorview.visualization.make import visualize
from tensorview.visualization.nmf import nmf
from tensorview.visualization.objectives import direction
from tensorview.visualization.result import Array, Visualization, tiled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActivationGrid:
    """layer: its name. activations: float32 (rows, columns, channels), area means where the grid is coarser than the
    layer. made: the image of each cell, row by row."""

    layer: str
    activations: Array
    made: Visualization

    def picture(self) -> Array:
        """The cells at their places, uint8 (h, w, 3)."""
        return tiled(self.made.images, self.activations.shape[1], gap=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeuronGroups:
    """directions: float32 (groups, channels), non-negative, of length 1. maps: float32 (N, rows, columns, groups),
    where and how strongly each group fires. made: the image of each group. error: the share of the activations' squared
    length that the groups leave out."""

    layer: str
    directions: Array
    maps: Array
    made: Visualization
    error: float


def activation_grid(
    model: Any, inputs: Any, layer: str, *, cells: int = 8, size: int | None = 80, steps: int = 128, **options: Any
) -> ActivationGrid:
    """An image for each place of a layer, of the direction that its channels have there (Olah et al. 2018, The Building
    Blocks of Interpretability).

    inputs: one sample, as the model takes it. cells: a side of the grid at most. size, steps, options: as `visualize`
    takes them; a size that the model can't be called on is an error, None is its own.
    """
    maps = _maps(model, inputs, layer)
    if len(maps) != 1:
        raise InputError(f"an activation grid is of one sample, but {len(maps)} came")
    sizes = tuple(min(cells, side) for side in maps.shape[1:3])
    vectors = np.moveaxis(area_mean(np.moveaxis(maps[0], -1, 0), sizes), 0, -1)
    wanted = [direction(layer, vector, power=1, middle=True) for vector in vectors.reshape(-1, maps.shape[-1])]
    made = visualize(model, wanted, size=size, steps=steps, **options)
    return ActivationGrid(layer=layer, activations=vectors, made=made)


def neuron_groups(
    model: Any,
    inputs: Any,
    layer: str,
    *,
    groups: int = 6,
    size: int | None = 128,
    steps: int = 128,
    seed: int = 0,
    **options: Any,
) -> NeuronGroups:
    """Channels that fire together in these inputs, found by non-negative matrix factorisation, and an image of each
    group. Values below zero count as zero. Raises OptionError for more groups than channels."""
    maps = np.maximum(_maps(model, inputs, layer), 0)
    if not 1 <= groups <= maps.shape[-1]:
        raise OptionError(f"groups are 1 to {maps.shape[-1]}, the channels of layer {layer!r}, but {groups} came")
    flat = maps.reshape(-1, maps.shape[-1])
    left, right = nmf(flat, groups, seed=seed)
    error = float(np.square(flat - left @ right).sum() / max(np.square(flat).sum(), 1e-12))
    wanted = [direction(layer, vector, power=1) for vector in right]
    made = visualize(model, wanted, size=size, steps=steps, seed=seed, **options)
    where = left.reshape(*maps.shape[:-1], groups)
    return NeuronGroups(layer=layer, directions=right, maps=where, made=made, error=error)


def _maps(model: Any, inputs: Any, layer: str) -> Array:
    """A layer's maps of these inputs, (N, rows, columns, channels)."""
    from tensorview.inputs import as_batch
    from tensorview.structure import structure

    run = trace(model, as_batch(model, inputs).arrays)
    known = {node.id: node for node in structure(run, weights=False).nodes}
    name = layer if layer in known else next((id for id, node in known.items() if node.layer == layer), layer)
    values = run.activation(name)
    axis = known[name].channel_axis if name in known else None
    if not isinstance(values, np.ndarray) or values.ndim != 4 or axis is None:
        raise OptionError(f"layer {layer!r} has no maps with rows and columns")
    return np.asarray(np.moveaxis(values, axis + 1, -1), np.float32)
