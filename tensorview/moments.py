"""Several bundles of one model, taken while it was trained, as one bundle."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tensorview.bundle import Bundle
from tensorview.errors import BundleError
from tensorview.manifest import Blob, Measure, Moment, MomentNode, TensorRef


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A bundle of the model after `epoch` epochs, and what the training told of it."""

    epoch: int
    logs: Mapping[str, float]
    bundle: Bundle


def join(snapshots: Sequence[Snapshot]) -> Bundle:
    """One bundle that holds all inputs once for each moment, in order. Raises BundleError for bundles of different
    models or inputs."""
    if not snapshots:
        raise BundleError("no snapshot was taken, so there is nothing to join")
    last = snapshots[-1].bundle.manifest
    count = len(last.samples)
    blobs: dict[str, bytes] = {}
    entries: list[Blob] = []
    samples, attributions, moments = [], [], []
    nodes = last.nodes
    for index, one in enumerate(snapshots):
        manifest = one.bundle.manifest
        if [node.id for node in manifest.nodes] != [node.id for node in nodes] or len(manifest.samples) != count:
            raise BundleError("snapshots of different models or inputs can't be joined")
        ids = {blob.id: f"e{index}.{blob.id}" for blob in manifest.blobs}
        entries += [replace(blob, id=ids[blob.id]) for blob in manifest.blobs]
        blobs |= {ids[id]: one.bundle.raw_blob(id) for id in ids}
        samples += [
            replace(_moved(sample, ids), name=f"{sample.name}, epoch {one.epoch}") for sample in manifest.samples
        ]
        attributions += [
            replace(_moved(item, ids), sample=item.sample + index * count) for item in manifest.attributions
        ]
        own = tuple(
            MomentNode(node=node.id, weights=_moved(node.weights, ids), health=node.health)
            for node in manifest.nodes if node.weights or node.health
        )  # fmt: skip
        measures = tuple(
            Measure(name=str(name), value=float(value)) for name, value in one.logs.items() if math.isfinite(value)
        )
        moments.append(Moment(epoch=one.epoch, first=index * count, measures=measures, nodes=own))
    at_last = {blob.id: f"e{len(snapshots) - 1}.{blob.id}" for blob in last.blobs}
    notes = dict.fromkeys(note for one in snapshots for note in one.bundle.manifest.notes)
    manifest = replace(
        last,
        nodes=tuple(_moved(node, at_last) for node in nodes),
        groups=tuple(_moved(group, at_last) for group in last.groups),
        samples=tuple(samples), attributions=tuple(attributions), notes=tuple(notes), blobs=tuple(entries),
        moments=tuple(moments),
    )  # fmt: skip
    return Bundle(manifest, blobs)


def _moved(value: Any, ids: Mapping[str, str]) -> Any:
    """The same with the blobs of its tensors renamed."""
    if isinstance(value, TensorRef):
        return replace(value, blob=ids[value.blob])
    if isinstance(value, tuple):
        return tuple(_moved(item, ids) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{field.name: _moved(getattr(value, field.name), ids) for field in dataclasses.fields(value)}
        )
    return value
