"""DeconvNet projections of a run in the manifest's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tensorview.attribution.projection import Deconvolution, deconvolve
from tensorview.attribution.projection import Unpooling as Unpooled
from tensorview.blobs import BlobWriter
from tensorview.inputs import Batch
from tensorview.manifest import Picture, Projection, Unpooling
from tensorview.quantise import area_mean
from tensorview.tracing import Trace

CHANNELS = 4
"""Channels of a layer that are projected where none are named: those with the strongest activations."""
POOLED = 8
"""Channels of a max-pooling that are kept of a projection."""
SIDE = 256
"""Longest side in pixels of what comes down to an input."""


def projections(
    model: Any, batch: Batch, run: Trace, asked: Mapping[str, Sequence[int]]
) -> tuple[tuple[Projection, ...], tuple[BlobWriter, ...]]:
    """Project channels of layers down to the inputs, and the blobs d0, d1... by sample that they lie in.

    asked: channels by layer (name or node id), none of them meaning the CHANNELS that fire most strongly over all
    samples. Raises OptionError for a layer without feature maps or a channel that it has not.
    """
    writers = tuple(BlobWriter(f"d{sample}") for sample in range(len(batch.names)))
    inputs = {node.layer: node.id for node in run.nodes if node.id in run.input_ids} | {id: id for id in run.input_ids}
    found = [
        deconvolve(model, batch.arrays, layer, channel)
        for layer, channels in asked.items()
        for channel in (channels or _strongest(model, batch, run, layer))
    ]
    only = next(iter(inputs))
    return tuple(
        _projection(item, sample, writer, inputs, only) for sample, writer in enumerate(writers) for item in found
    ), writers


def _strongest(model: Any, batch: Batch, run: Trace, layer: str) -> list[int]:
    one = deconvolve(model, batch.arrays, layer, 0)
    maps = np.asarray(run.activation(one.layer), np.float32)
    peaks = maps.max(axis=tuple(axis for axis in range(maps.ndim) if axis != one.channel_axis))
    return [int(channel) for channel in np.argsort(-peaks, kind="stable")[:CHANNELS]]


def _projection(
    item: Deconvolution, sample: int, writer: BlobWriter, inputs: Mapping[str, str], only: str
) -> Projection:
    kept = np.take(item.kept[sample], item.channel, item.channel_axis - 1)
    place = np.unravel_index(int(np.abs(kept).argmax()), kept.shape)
    signals = item.projection if isinstance(item.projection, dict) else {only: item.projection}
    return Projection(
        sample=sample,
        node=item.layer,
        channel=item.channel,
        kept=float(kept[place]),
        place=tuple(int(at) for at in place),
        inputs=tuple(
            Picture(node=inputs[name], tensor=_signal(writer, signal[sample])) for name, signal in signals.items()
        ),
        pools=tuple(_unpooling(pool, sample, writer) for pool in item.pools),
    )


def _signal(writer: BlobWriter, values: np.ndarray) -> Any:
    """What comes down to an input, its own last axis being the channels, or there being none."""
    maps = np.moveaxis(values, -1, 0) if values.ndim > 1 else values[None]
    factor = min(1.0, SIDE / max(1, *maps.shape[1:]))
    reduced = area_mean(maps, tuple(max(1, round(n * factor)) for n in maps.shape[1:]))
    return writer.quantised(reduced, maps.shape if reduced.shape != maps.shape else None)


def _unpooling(pool: Unpooled, sample: int, writer: BlobWriter) -> Unpooling:
    pooled, unpooled, switches = (np.moveaxis(a[sample], -1, 0) for a in (pool.pooled, pool.unpooled, pool.switches))
    sizes = np.abs(pooled.reshape(len(pooled), -1)).sum(1)
    channels = [int(channel) for channel in np.argsort(-sizes, kind="stable")[:POOLED] if sizes[channel] > 0]
    return Unpooling(
        node=pool.node,
        channels=tuple(channels),
        total=len(pooled),
        switches=writer.codes(switches[channels].astype(np.uint8)),
        pooled=writer.quantised(pooled[channels].astype(np.float32)),
        unpooled=writer.quantised(unpooled[channels].astype(np.float32)),
    )
