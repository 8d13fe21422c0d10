"""From a trace to a bundle: describe, summarise, reduce to the byte budget, quantise, deflate."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from tensorview import __version__, budget, page
from tensorview.blobs import BlobWriter
from tensorview.bundle import Bundle
from tensorview.duplicates import duplicates
from tensorview.errors import OptionError
from tensorview.manifest import (
    FORMAT,
    Atlas,
    AttributionInfo,
    Blob,
    Budget,
    Edge,
    Feature,
    Health,
    InputInfo,
    Manifest,
    MethodInfo,
    ModelInfo,
    Prediction,
    Projection,
    Sample,
)
from tensorview.run_health import with_origins
from tensorview.samples import Front, Kept, Samples
from tensorview.structure import Structure, structure, with_weights
from tensorview.tracing import Trace

DUPLICATES = 0.02
"""Share of a layer's filters that must be doubles of others to be told of."""
Progress = Callable[[str, float], None]
"""Told what is being done and which share of the whole is done, 0..1."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Attributions in the manifest's terms, with their blobs: m0, m1... by sample, of projections d0, d1..."""

    methods: tuple[MethodInfo, ...] = ()
    attributions: tuple[AttributionInfo, ...] = ()
    blobs: tuple[BlobWriter, ...] = ()
    projections: tuple[Projection, ...] = ()


@dataclass(frozen=True, slots=True)
class LookedFor:
    """What layers look for and what they know in the manifest's terms, with a blob for each layer."""

    features: tuple[Feature, ...] = ()
    blobs: tuple[BlobWriter, ...] = ()
    atlases: tuple[Atlas, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What the trace doesn't know of a bundle."""

    title: str
    model: ModelInfo
    inputs: tuple[InputInfo, ...]
    names: tuple[str, ...]
    pictures: Sequence[dict[str, np.ndarray]]
    predictions: Sequence[tuple[Prediction, ...]]
    labels: tuple[str, ...] | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """The byte budget: `limit` for the whole file, `fixed` for what is in it beside the bundle, `factor` for what a
    stored byte becomes there (4/3 as base64). No limit: nothing is reduced. `number`: bytes of one value where values
    are written as text; then nothing is deflated, and layers can't share codes."""

    limit: int | None
    fixed: int = 0
    factor: float = 1.0
    number: float | None = None
    weights: float = math.inf
    """Stored bytes that weights may take."""
    packed: bool = False
    """Whether the manifest is deflated."""


def build(
    trace: Trace,
    about: About,
    explained: Explained,
    room: Room,
    progress: Progress,
    *,
    time_shares: Mapping[str, float] | None = None,
    least: float | None = None,
    looked_for: LookedFor = LookedFor(),
) -> Bundle:
    """The bundle of a trace. Blobs come in the order in which a page looks at them.

    time_shares: of the forward pass, by node, where they are known. least: the share of idle channels from which on
    they are told of; None for what is certainly an illness.
    """
    known = structure(trace, weights=False)
    progress("summarising", 0.0)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        samples = Samples(trace, known, len(about.names), pool, least)
        fronts, healths = samples.fronts(about.pictures, lambda done: progress("summarising", done))
        healths = _healths(trace, known, healths, least, pool)
        known = with_weights(known, trace, room.weights, _wanted(known, about, samples.strongest))
        heads = [front.writer.finish() for front in fronts]
        weights = list(pool.map(BlobWriter.finish, [blob for blob in known.blobs if not blob.empty]))
        maps = {blob.id: blob.finish() for blob in explained.blobs if not blob.empty}
        sheets = [blob.finish() for blob in looked_for.blobs]
        beside = sum(blob.stored for blob, _ in (*heads, *weights, *maps.values(), *sheets)) * room.factor
        if room.number is None:
            known = replace(known, sizes=samples.sizes())
        per_value = room.number or samples.ratio() * room.factor
        step = _first_step(known, len(about.names), room, beside=beside, per_value=per_value)
        while True:
            kept = samples.tensors(step, lambda done: progress("storing", done))
            packed = [*_ordered(heads, kept, maps, weights), *sheets]
            nodes = tuple(
                replace(
                    node,
                    health=healths.get(node.id, ()),
                    note=samples.missing.get(node.id, node.note),
                    time_share=_share((time_shares or {}).get(node.id)),
                )
                for node in known.nodes
            )
            manifest = Manifest(
                format=FORMAT,
                generator=f"tensorview {__version__}",
                created=_now(),
                title=about.title,
                model=replace(about.model, macs=_sum((*(node.macs for node in nodes), known.between or None))),
                inputs=about.inputs,
                nodes=nodes,
                groups=known.groups,
                edges=tuple(Edge(source=source, target=target) for source, target in trace.edges),
                samples=_samples(about, fronts, kept),
                methods=explained.methods,
                attributions=explained.attributions,
                projections=explained.projections,
                features=looked_for.features,
                atlases=looked_for.atlases,
                labels=about.labels,
                notes=(*about.notes, *trace.notes),
                budget=_budget(room, kept),
                blobs=tuple(blob for blob, _ in packed),
            )
            bundle = Bundle(manifest, {blob.id: data for blob, data in packed})
            size = _size(bundle, room)
            if room.limit is None or size <= room.limit:
                return bundle
            if step >= len(budget.steps()):
                note = (
                    f"This file is larger than the {room.limit:,} bytes asked for: "
                    "maps are kept at 16 pixels a side at least."
                )
                return Bundle(replace(manifest, notes=(*manifest.notes, note)), {b.id: data for b, data in packed})
            step = _next_step(known, len(about.names), step, size=size, room=room, packed=packed)


def _wanted(known: Structure, about: About, strongest: Mapping[str, tuple[int, ...]]) -> dict[str, list[int]]:
    """The channels whose weights are looked at first, by the node that has the weights: those that the model predicts,
    and those that are strongest once normalised and activated."""
    wanted: dict[str, list[int]] = {id: list(channels) for id, channels in strongest.items()}
    inputs = {node.id: node.rule.inputs for node in known.nodes if node.rule and len(node.rule.inputs) == 1}
    leads = {id: leader for id, leader in known.leaders.items() if id in inputs}
    roots: dict[str, str] = {}
    for id, leader in leads.items():
        roots[id] = roots.get(leader, leader)
        wanted[roots[id]] = wanted.get(id, [])
    for predictions in about.predictions:
        for prediction in predictions:
            root = roots.get(prediction.node, prediction.node)
            wanted[root] = [*(score.index for score in prediction.top), *wanted.get(root, [])]
    return wanted


def _first_step(known: Structure, samples: int, room: Room, *, beside: float, per_value: float) -> int:
    """The first step that should do, with `beside` bytes for other blobs and some for each node of the manifest."""
    if room.limit is None or not samples:
        return 0
    left = room.limit - room.fixed - beside - (1_600 + 1_050 * samples) * len(known.nodes)
    return budget.first_step(known.sizes, samples, left, per_value)


def _next_step(
    known: Structure, samples: int, step: int, *, size: int, room: Room, packed: list[tuple[Blob, bytes]]
) -> int:
    """With the real ratio of this step, the next one that should do."""
    values = budget.count(known.sizes, step) * samples
    spent = sum(blob.stored for blob, _ in packed if blob.id.startswith("a")) * room.factor
    if room.number is not None:
        spent = values * room.number
    left = (room.limit or 0) - (size - spent)
    return max(step + 1, budget.first_step(known.sizes, samples, left, spent / max(1, values)))


def _size(bundle: Bundle, room: Room) -> int:
    """Bytes of the whole file; an estimate where values are written as text."""
    manifest = bundle.manifest
    spent = sum(blob.stored for blob in manifest.blobs) * room.factor
    if room.number is not None:
        heats = [heat.tensor for item in manifest.attributions for heat in (*item.inputs, *item.layers)]
        shown = [activation.tensor for sample in manifest.samples for activation in sample.activations]
        weights = [weight.tensor for node in manifest.nodes for weight in node.weights]
        spent = room.number * sum(math.prod(ref.shape) for ref in (*heats, *shown, *weights) if ref is not None)
    text = len(page.packed_manifest(bundle).text) if room.packed else len(bundle.manifest_json().encode())
    return int(room.fixed + text + spent)


def _ordered(
    heads: list[tuple[Blob, bytes]],
    kept: Kept,
    maps: dict[str, tuple[Blob, bytes]],
    weights: list[tuple[Blob, bytes]],
) -> list[tuple[Blob, bytes]]:
    """The first sample's thumbnails, its heat maps and activations, the weights, then the other samples."""
    packed: list[tuple[Blob, bytes]] = []
    for sample, head in enumerate(heads):
        packed.append(head)
        packed.extend(maps[id] for id in (f"m{sample}", f"d{sample}") if id in maps)
        packed.extend(blob for owner, blob in kept.blobs if owner == sample)
        if sample == 0:
            packed.extend(weights)
    return packed if heads else list(weights)


def _samples(about: About, fronts: Sequence[Front], kept: Kept) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            name=name,
            pictures=tuple(fronts[index].pictures),
            predictions=about.predictions[index],
            activations=tuple(
                replace(activation, tensor=kept.refs.get((activation.node, index)))
                for activation in fronts[index].activations
            ),
        )
        for index, name in enumerate(about.names)
    )


def _budget(room: Room, kept: Kept) -> Budget:
    smallest = min((side for reduction in kept.reductions for side in reduction.stored[1:]), default=None)
    return Budget(limit=room.limit, smallest_map=smallest, reductions=tuple(kept.reductions))


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _healths(
    trace: Trace, known: Structure, seen: dict[str, tuple[Health, ...]], least: float | None, pool: ThreadPoolExecutor
) -> dict[str, tuple[Health, ...]]:
    """What was seen in the values, with where it began, and what the weights tell."""
    order = [node.id for node in known.nodes]
    layers = {id(layer): layer for node in order if (layer := trace.layer_of(node)) is not None}
    doubled = dict(zip(layers, pool.map(duplicates, layers.values()), strict=True))
    found = with_origins(seen, order, trace.edges)
    for node in order:
        count, total = doubled.get(id(trace.layer_of(node)), (0, 0))
        if count and count / total >= (DUPLICATES if least is None else least):
            text = f"{count:,} of {total:,} filters are nearly the same as others of this layer"
            found[node] = (*found[node], Health(kind="duplicate", share=count / total, text=text))
    return found


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _now() -> str:
    """The time of the export, or the one that reproducible builds ask for."""
    asked = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        seconds = int(asked) if asked else int(datetime.datetime.now().timestamp())
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        raise OptionError(f"SOURCE_DATE_EPOCH is a number of seconds since 1970, but it is {asked!r}") from None
