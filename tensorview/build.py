"""From a trace to a bundle: describe, summarise, reduce to the byte budget, quantise, deflate."""

from __future__ import annotations

import datetime
import os
import statistics as stats
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tensorview import __version__, budget
from tensorview.blobs import BlobWriter
from tensorview.bundle import Bundle
from tensorview.encode import Closed, write_edges, write_tensor, write_thumb
from tensorview.health import health
from tensorview.layers import first, stored
from tensorview.manifest import (
    FORMAT,
    Activation,
    AttributionInfo,
    Blob,
    Budget,
    Edge,
    Health,
    InputInfo,
    Manifest,
    MethodInfo,
    ModelInfo,
    NodeInfo,
    Picture,
    Prediction,
    Reduction,
    Sample,
    TensorRef,
)
from tensorview.sharing import Clamp, Line, Share, share
from tensorview.statistics import as_numbers, summarize
from tensorview.structure import Structure, structure
from tensorview.tracing import Trace

FAR = 3.4e38
"""An end of a clamp that cuts nothing: JSON has no infinity."""

Progress = Callable[[str, float], None]
"""Told what is being done and which share of the whole is done, 0..1."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Attributions in the manifest's terms, with the blobs that they lie in (ids m0, m1... by sample)."""

    methods: tuple[MethodInfo, ...] = ()
    attributions: tuple[AttributionInfo, ...] = ()
    blobs: tuple[BlobWriter, ...] = ()


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
    stored byte becomes there (4/3 as base64). No limit: nothing is reduced."""

    limit: int | None
    fixed: int = 0
    factor: float = 1.0


def build(trace: Trace, about: About, explained: Explained, room: Room, progress: Progress) -> Bundle:
    """The bundle of a trace. Blobs come in the order in which a page looks at them."""
    known = structure(trace)
    progress("summarising", 0.0)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        samples = _Samples(trace, known, about, pool)
        fronts, healths = samples.fronts(lambda share: progress("summarising", share))
        heads = [front.writer.finish() for front in fronts]
        weights = list(pool.map(BlobWriter.finish, [blob for blob in known.blobs if not blob.empty]))
        maps = {blob.id: blob.finish() for blob in explained.blobs if not blob.empty}
        known = replace(known, sizes=samples.sizes())
        step = _first_step(known, len(about.names), room)
        while True:
            kept = samples.tensors(step, lambda share: progress("storing", share))
            packed = _ordered(heads, kept, maps, weights)
            nodes = tuple(replace(node, health=healths.get(node.id, ())) for node in known.nodes)
            manifest = _manifest(trace, about, explained, replace(known, nodes=nodes), fronts, kept, packed, room)
            bundle = Bundle(manifest, {blob.id: data for blob, data in packed})
            size = _size(bundle, room)
            if room.limit is None or size <= room.limit:
                return bundle
            if step >= len(budget.steps()):
                note = f"This file has {size:,} bytes, more than the {room.limit:,} asked for: no map is made smaller."
                return Bundle(replace(manifest, notes=(*manifest.notes, note)), {b.id: data for b, data in packed})
            step = _next_step(known, len(about.names), step, size, room, packed)


def _first_step(known: Structure, samples: int, room: Room) -> int:
    if room.limit is None or not samples:
        return 0
    left = room.limit - room.fixed - 2_500 * len(known.nodes) - samples * 6_000 * len(known.nodes)
    return budget.first_step(known.sizes, samples, left, budget.RATIO * room.factor)


def _next_step(
    known: Structure, samples: int, step: int, size: int, room: Room, packed: list[tuple[Blob, bytes]]
) -> int:
    """With the real ratio of this step, the next one that should do."""
    values = budget.count(known.sizes, step) * samples
    stored_bytes = sum(blob.stored for blob, _ in packed if blob.id.startswith("a")) * room.factor
    left = (room.limit or 0) - (size - stored_bytes)
    return max(step + 1, budget.first_step(known.sizes, samples, left, stored_bytes / max(1, values)))


def _size(bundle: Bundle, room: Room) -> int:
    stored_bytes = sum(blob.stored for blob in bundle.manifest.blobs)
    return int(room.fixed + len(bundle.manifest_json().encode()) + stored_bytes * room.factor)


@dataclass(frozen=True, slots=True)
class _Front:
    """The first frame's part of one sample."""

    writer: BlobWriter
    pictures: list[Picture]
    activations: list[Activation]


class _Samples:
    """Reads each node's activation, sample by sample, in stored order."""

    def __init__(self, trace: Trace, known: Structure, about: About, pool: ThreadPoolExecutor) -> None:
        self.trace, self.known, self.about, self.pool = trace, known, about, pool
        channels = [node.shape[node.channel_axis] for node in known.nodes
                    if node.form == "planes" and node.channel_axis is not None]  # fmt: skip
        self.shares: dict[str, list[Share | None]] = {}
        self._seen: dict[str, list[Any]] = {}
        self.closed: Closed = "mosaic" if channels and stats.median(channels) <= 16 else "mean"

    def _values(self, id: str) -> np.ndarray | None:
        """A node's first tensor as numbers, batch first; None where it has none."""
        value = first(self.trace.activation(id))
        if value is None or value.ndim == 0 and len(self.about.names) != 1:
            return None
        numbers = as_numbers(value)
        if numbers is None:
            return None
        if numbers.ndim == 0:
            return numbers[None]
        return numbers if len(numbers) == len(self.about.names) else None

    def fronts(
        self, progress: Callable[[float], None]
    ) -> tuple[list[_Front], dict[str, tuple[Health, ...]]]:
        """What the first frame needs, one blob a sample, and the statistics."""
        fronts = [_Front(BlobWriter(f"t{sample}"), [], []) for sample in range(len(self.about.names))]
        healths: dict[str, tuple[Health, ...]] = {}
        if not fronts:
            return [], {}
        for front, pictures in zip(fronts, self.about.pictures, strict=True):
            front.pictures.extend(Picture(node=id, tensor=front.writer.codes(p)) for id, p in pictures.items())
        for i, node in enumerate(self.known.nodes):
            progress(i / len(self.known.nodes))
            values = self._values(node.id)
            known = self.known.descriptions[node.id]
            if values is None:
                value = first(self.trace.activation(node.id))
                empty = summarize(np.zeros(0) if value is None else value)
                nothing = Activation(node=node.id, tensor=None, thumb=None, side=None, top=None, summary=empty)
                for front in fronts:
                    front.activations.append(nothing)
                continue
            healths[node.id] = health(known, values)
            summaries = self.pool.map(summarize, values)
            ordered = list(self.pool.map(lambda v, k=known: _stored(v, k), values))
            self._see_shares(node.id, ordered)
            for front, numbers, summary in zip(fronts, ordered, summaries, strict=True):
                thumb = write_thumb(front.writer, node.form, numbers, self.closed)
                side, top = write_edges(front.writer, node.form, numbers)
                front.activations.append(
                    Activation(node=node.id, tensor=None, thumb=thumb, side=side, top=top, summary=summary)
                )
        return fronts, healths

    def _see_shares(self, id: str, ordered: list[Any]) -> None:
        """Whether this node's values follow from those of the one it carries on, for every sample."""
        leader = self.known.leaders.get(id)
        if leader in self._seen and self.known.descriptions[id].form in ("planes", "volume", "sequence"):
            found = list(self.pool.map(share, self._seen[leader], ordered))
            if all(found):
                self.shares[id] = found
        waiting = {*self.known.leaders.values()}
        if id in waiting:
            self._seen[id] = ordered
        # Chains are short: what lies far behind has no follower left.
        for old in list(self._seen)[:-3]:
            del self._seen[old]

    def sizes(self) -> tuple[budget.Size, ...]:
        """The sizes of all nodes, those known to cost nothing marked."""
        marked = []
        for node, size in zip(self.known.nodes, self.known.sizes, strict=True):
            found = self.shares.get(node.id, [None])
            kind: Any = "line" if all(isinstance(s, Line) for s in found) else "clamp" if found[0] else None
            marked.append(replace(size, shared=kind))
        return tuple(marked)

    def tensors(self, step: int, progress: Callable[[float], None]) -> _Kept:
        """All activations within the caps of a budget step, one blob for each layer and sample."""
        kept = _Kept({}, [], [])
        if not self.about.names:
            return kept
        caps = dict(zip((node.id for node in self.known.nodes), budget.caps(self.known.sizes, step), strict=True))

        def work(job: tuple[list[int], int, list[np.ndarray]]) -> _Chain:
            members, sample, rows = job
            writer = BlobWriter(f"a{members[0]}.{sample}")
            refs: dict[str, TensorRef] = {}
            for index, values in zip(members, rows, strict=True):
                node = self.known.nodes[index]
                refs[node.id] = self._write(writer, node, sample, values, caps[node.id], refs)
            return _Chain(sample, refs, writer.finish())

        for done, members in enumerate(self._chains()):
            progress(done / len(self.known.nodes))
            columns = [self._values(self.known.nodes[index].id) for index in members]
            jobs = [
                (members, sample, [column[sample] for column in columns if column is not None])
                for sample in range(len(self.about.names))
                if all(column is not None for column in columns)
            ]
            for chain in self.pool.map(work, jobs):
                kept.blobs.append((chain.sample, chain.blob))
                kept.refs.update({(id, chain.sample): ref for id, ref in chain.refs.items()})
        for node in self.known.nodes:
            ref = kept.refs.get((node.id, 0))
            if ref is not None and ref.source is not None and node.form in ("planes", "image", "volume", "sequence"):
                kept.reductions.append(Reduction(node=node.id, source=ref.source, stored=ref.shape))
        return kept

    def _chains(self) -> list[list[int]]:
        """Nodes by their places, each with those behind it that may share its codes: they lie in one blob."""
        places = {node.id: place for place, node in enumerate(self.known.nodes)}
        chains: dict[int, list[int]] = {}
        head: dict[int, int] = {}
        for place, node in enumerate(self.known.nodes):
            leader = places.get(self.known.leaders.get(node.id, ""))
            head[place] = head[leader] if leader is not None and node.id in self.shares else place
            chains.setdefault(head[place], []).append(place)
        return [
            chain for chain in chains.values()
            if self._values(self.known.nodes[chain[0]].id) is not None
        ]  # fmt: skip

    def _write(
        self, writer: BlobWriter, node: NodeInfo, sample: int, values: np.ndarray, cap: int | None,
        refs: dict[str, TensorRef],
    ) -> TensorRef:  # fmt: skip
        leader = refs.get(self.known.leaders.get(node.id, ""))
        found = self.shares[node.id][sample] if node.id in self.shares else None
        if leader is not None and leader.quant is not None:
            if isinstance(found, Line) and (leader.clamp is None or found.same):
                return leader if found.same else writer.on_line(leader, found)
            if isinstance(found, Clamp) and leader.clamp is None and leader.source is None:
                return replace(leader, clamp=(max(found.low, -FAR), min(found.high, FAR)))
        return write_tensor(writer, node.form, _stored(values, self.known.descriptions[node.id]), cap)[0]


@dataclass(frozen=True, slots=True)
class _Chain:
    sample: int
    refs: dict[str, TensorRef]
    blob: tuple[Blob, bytes]


@dataclass(frozen=True, slots=True)
class _Kept:
    refs: dict[tuple[str, int], TensorRef]
    blobs: list[tuple[int, tuple[Blob, bytes]]]
    reductions: list[Reduction]


def _stored(values: np.ndarray, known: Any) -> Any:
    return np.ascontiguousarray(stored(values, known), dtype=np.float32)


def _ordered(
    heads: list[tuple[Blob, bytes]],
    kept: _Kept,
    maps: dict[str, tuple[Blob, bytes]],
    weights: list[tuple[Blob, bytes]],
) -> list[tuple[Blob, bytes]]:
    """The first sample's thumbnails, its heat maps and activations, the weights, then the other samples."""
    packed: list[tuple[Blob, bytes]] = []
    for sample, head in enumerate(heads):
        packed.append(head)
        if f"m{sample}" in maps:
            packed.append(maps[f"m{sample}"])
        packed.extend(blob for owner, blob in kept.blobs if owner == sample)
        if sample == 0:
            packed.extend(weights)
    return packed if heads else list(weights)


def _manifest(
    trace: Trace, about: About, explained: Explained, known: Structure, fronts: list[_Front], kept: _Kept,
    packed: list[tuple[Blob, bytes]], room: Room,
) -> Manifest:  # fmt: skip
    samples = tuple(
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
    smallest = min((side for r in kept.reductions for side in r.stored[1:]), default=None)
    created = datetime.datetime.fromtimestamp(
        int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp())), datetime.UTC
    )
    return Manifest(
        format=FORMAT, generator=f"tensorview {__version__}", created=created.isoformat(timespec="seconds"),
        title=about.title, model=about.model, inputs=about.inputs, nodes=known.nodes, groups=known.groups,
        edges=tuple(Edge(source=source, target=target) for source, target in trace.edges), samples=samples,
        methods=explained.methods, attributions=explained.attributions, labels=about.labels,
        notes=(*about.notes, *trace.notes),
        budget=Budget(limit=room.limit, smallest_map=smallest, reductions=tuple(kept.reductions)),
        blobs=tuple(blob for blob, _ in packed),
    )  # fmt: skip

