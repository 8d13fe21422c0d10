"""Each sample's activations, described and stored: first what the first frame needs, then the tensors."""

from __future__ import annotations

import statistics as stats
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tensorview import budget
from tensorview.blobs import BlobWriter
from tensorview.encode import Closed, Look, look, write_tensor
from tensorview.health import health
from tensorview.layers import first, stored
from tensorview.manifest import Activation, Blob, Health, NodeInfo, Picture, Reduction, Summary, TensorRef
from tensorview.quantise import quantise
from tensorview.run_health import scale
from tensorview.sharing import Clamp, Line, Share, share
from tensorview.statistics import as_numbers, summarize
from tensorview.structure import Structure
from tensorview.tracing import Trace

FINDERS = {"Masking", "Embedding"}
"""Layers that find the padding in what they are given."""

FAR = 3.4e38
"""An end of a clamp that cuts nothing: JSON has no infinity."""

STRONGEST = 32
"""Channels that are remembered as those of largest mean."""

Share01 = Callable[[float], None]
"""Told which share of the work is done, 0..1."""


@dataclass(frozen=True, slots=True)
class Front:
    """The first frame's part of one sample."""

    writer: BlobWriter
    pictures: list[Picture]
    activations: list[Activation]


class Samples:
    """Reads each node's activation, sample by sample, in stored order."""

    def __init__(
        self, trace: Trace, known: Structure, count: int, pool: ThreadPoolExecutor, least: float | None = None
    ) -> None:
        """least: the share of idle channels from which on they are told of, as `health` takes it."""
        self.trace, self.known, self.count, self.pool, self.least = trace, known, count, pool, least
        channels = [
            node.shape[node.channel_axis]
            for node in known.nodes
            if node.form == "planes" and node.channel_axis is not None
        ]
        self.shares: dict[str, list[Share | None]] = {}
        self.missing: dict[str, str] = {}
        """Why a node's values are not kept, by node."""
        self.strongest: dict[str, tuple[int, ...]] = {}
        """The channels of largest mean in the first sample, by node."""
        self._seen: dict[str, list[Any]] = {}
        self._classes = {node.id: node.class_name for node in known.nodes}
        self._probed = [0, 0]
        self.closed: Closed = "mosaic" if channels and stats.median(channels) <= 16 else "mean"

    def _values(self, id: str) -> np.ndarray | None:
        """A node's first tensor as numbers, batch first; None where it has none."""
        value = first(self.trace.activation(id))
        if value is None or (value.ndim == 0 and self.count != 1):
            return None
        numbers = as_numbers(value)
        if numbers is None:
            return None
        if numbers.ndim == 0:
            return numbers[None]
        return numbers if len(numbers) == self.count else None

    def fronts(
        self, pictures: Sequence[dict[str, np.ndarray]], progress: Share01
    ) -> tuple[list[Front], dict[str, tuple[Health, ...]]]:
        """What the first frame needs, one blob a sample, and the statistics."""
        fronts = [Front(BlobWriter(f"t{sample}"), [], []) for sample in range(self.count)]
        healths: dict[str, tuple[Health, ...]] = {}
        if not fronts:
            return [], {}
        for front, taken in zip(fronts, pictures, strict=True):
            front.pictures.extend(Picture(node=id, tensor=front.writer.codes(p)) for id, p in taken.items())
        masks: list[dict[bytes, TensorRef]] = [{} for _ in fronts]
        for i, node in enumerate(self.known.nodes):
            progress(i / len(self.known.nodes))
            values = self._values(node.id)
            known = self.known.descriptions[node.id]
            if values is None:
                nothing = self._nothing(node)
                for front in fronts:
                    front.activations.append(nothing)
                continue
            healths[node.id] = (*health(known, values, self.least), *scale(known.kind, node.dtype, values))
            ordered = list(self.pool.map(lambda v, k=known: _stored(v, k), values))
            self._see_shares(node.id, ordered)
            self._probe(node, ordered[0])
            self.strongest[node.id] = _strongest(ordered[0])
            mask = self._mask(node, values)
            summaries = self.pool.map(summarize, _counted(values, mask))
            looks = [look(node.form, numbers, self.closed) for numbers in ordered]
            for sample, (front, summary, own) in enumerate(zip(fronts, summaries, looks, strict=True)):
                kept = None if mask is None else _once(front.writer, masks[sample], mask[sample])
                front.activations.append(_activation(front.writer, node, own, summary, kept))
        return fronts, healths

    def front(self, pictures: dict[str, np.ndarray]) -> Front:
        """The first frame's part of the only sample, as of `fronts`: layers side by side, and nothing of what only a
        file needs."""
        assert self.count == 1
        found = Front(BlobWriter("t0"), [], [])
        found.pictures.extend(Picture(node=id, tensor=found.writer.codes(p)) for id, p in pictures.items())
        masks: dict[bytes, TensorRef] = {}

        def seen(node: NodeInfo, values: np.ndarray, mask: np.ndarray | None) -> tuple[Look, Summary]:
            [counted] = _counted(values, mask)
            ordered = _stored(values[0], self.known.descriptions[node.id])
            return look(node.form, ordered, self.closed), summarize(counted)

        waiting: list[tuple[NodeInfo, np.ndarray | None, Future[tuple[Look, Summary]] | None]] = []
        for node in self.known.nodes:  # values come from one thread: a trace holds one share of them at a time
            values = self._values(node.id)
            mask = None if values is None else self._mask(node, values)
            waiting.append((node, mask, None if values is None else self.pool.submit(seen, node, values, mask)))
        for node, mask, future in waiting:
            if future is None:
                found.activations.append(self._nothing(node))
            else:
                kept = None if mask is None else _once(found.writer, masks, mask[0])
                found.activations.append(_activation(found.writer, node, *future.result(), kept))
        return found

    def _nothing(self, node: NodeInfo) -> Activation:
        """Of a node whose values are not kept."""
        value = first(self.trace.activation(node.id))
        self.missing[node.id] = _missing(value)
        empty = summarize(np.zeros(0) if value is None else value)
        return Activation(node=node.id, tensor=None, thumb=None, side=None, top=None, summary=empty)

    def _mask(self, node: NodeInfo, values: np.ndarray) -> np.ndarray | None:
        """A node's mask as bytes, batch first, where it is one of the first axes of its values.

        An input has none of its own: it has that of the layer that finds the padding in it.
        """
        mask = self.trace.mask(node.id)
        if mask is None and node.role == "input":
            readers = (target for source, target in self.trace.edges if source == node.id)
            mask = next((self.trace.mask(id) for id in readers if self._classes.get(id) in FINDERS), None)
        if mask is None or mask.ndim < 2 or mask.shape != values.shape[: mask.ndim]:
            return None
        return mask.astype(np.uint8)

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

    def _probe(self, node: NodeInfo, values: Any) -> None:
        """Deflate one channel of sixteen, to learn how well this run's codes pack."""
        if node.form in ("planes", "volume", "sequence") and node.id not in self.shares:
            codes, _, _ = quantise(values[len(values) // 2 % 16 :: 16])
            self._probed[0] += codes.size
            self._probed[1] += len(zlib.compress(codes.tobytes(), 1))

    def ratio(self) -> float:
        """Deflated bytes to expect for each code; a little more, since smaller maps pack less well."""
        values, packed = self._probed
        return 1.04 * packed / values if values else budget.RATIO

    def sizes(self) -> tuple[budget.Size, ...]:
        """The sizes of all nodes, those known to cost nothing marked."""
        marked = []
        for node, size in zip(self.known.nodes, self.known.sizes, strict=True):
            found = self.shares.get(node.id, [None])
            kind: Any = "line" if all(isinstance(s, Line) for s in found) else "clamp" if found[0] else None
            marked.append(replace(size, shared=kind))
        return tuple(marked)

    def tensors(self, step: int, progress: Share01) -> Kept:
        """All activations within the caps of a budget step, one blob for each layer and sample."""
        kept = Kept({}, [], [])
        if not self.count:
            return kept
        caps = dict(zip((node.id for node in self.known.nodes), budget.caps(self.known.sizes, step), strict=True))

        def work(job: tuple[list[int], int, list[np.ndarray]]) -> _Chain:
            members, sample, rows = job
            writer = BlobWriter(f"a{members[0]}.{sample}")
            refs: dict[str, TensorRef] = {}
            for index, values in zip(members, rows, strict=True):
                node = self.known.nodes[index]
                found = self._shared(writer, node, sample, refs)
                if found is None:
                    ordered = _stored(values, self.known.descriptions[node.id])
                    found, _ = write_tensor(writer, node.form, ordered, caps[node.id])
                refs[node.id] = found
            return _Chain(sample, refs, writer.finish())

        for done, members in enumerate(self._chains()):
            progress(done / len(self.known.nodes))
            columns = [self._values(self.known.nodes[index].id) for index in members]
            jobs = [
                (members, sample, [column[sample] for column in columns if column is not None])
                for sample in range(self.count)
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

    def _shared(self, writer: BlobWriter, node: NodeInfo, sample: int, refs: dict[str, TensorRef]) -> TensorRef | None:
        """The codes of the node that this one carries on, where its values follow from those."""
        leader = refs.get(self.known.leaders.get(node.id, ""))
        found = self.shares[node.id][sample] if node.id in self.shares else None
        if leader is None or leader.quant is None:
            return None
        if isinstance(found, Line) and (leader.clamp is None or found.same):
            return leader if found.same else writer.on_line(leader, found)
        if isinstance(found, Clamp) and leader.clamp is None and leader.source is None:
            return replace(leader, clamp=(max(found.low, -FAR), min(found.high, FAR)))
        return None


@dataclass(frozen=True, slots=True)
class _Chain:
    sample: int
    refs: dict[str, TensorRef]
    blob: tuple[Blob, bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    refs: dict[tuple[str, int], TensorRef]
    blobs: list[tuple[int, tuple[Blob, bytes]]]
    reductions: list[Reduction]


def _activation(writer: BlobWriter, node: NodeInfo, seen: Look, summary: Summary, mask: TensorRef | None) -> Activation:
    thumb, side, top = seen.write(writer)
    return Activation(node=node.id, tensor=None, thumb=thumb, side=side, top=top, summary=summary, mask=mask)


def _strongest(values: np.ndarray) -> tuple[int, ...]:
    """The channels of stored-order values in falling order of their mean, as the page sorts them."""
    if not values.size:
        return ()
    means = np.nan_to_num(values.reshape(len(values), -1).mean(axis=1, dtype=np.float32))
    return tuple(int(channel) for channel in np.argsort(-means, kind="stable")[:STRONGEST])


def _once(writer: BlobWriter, known: dict[bytes, TensorRef], mask: np.ndarray) -> TensorRef:
    """Layers hand the same mask on and on: it is written once."""
    data = mask.tobytes()
    if data not in known or known[data].shape != mask.shape:
        known[data] = writer.codes(mask)
    return known[data]


def _counted(values: np.ndarray, mask: np.ndarray | None) -> list[np.ndarray]:
    """Of each sample what the mask keeps; all of it where there is no mask or the mask keeps nothing."""
    if mask is None:
        return list(values)
    return [own[kept.astype(bool)] if kept.any() else own for own, kept in zip(values, mask, strict=True)]


def _missing(value: np.ndarray | None) -> str:
    if value is None:
        return "this call returns no tensor"
    if as_numbers(value) is None:
        return "its values are text, which is not kept"
    return "its output has no batch axis, so it can't be told which sample it belongs to"


def _stored(values: np.ndarray, known: Any) -> Any:
    return np.ascontiguousarray(stored(values, known), dtype=np.float32)
