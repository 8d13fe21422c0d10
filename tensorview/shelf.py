"""The weights of all layers as blobs: each layer's once, however often it is called, as many as fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tensorview.blobs import BlobWriter
from tensorview.kernels import PART, kernels
from tensorview.layers import Description, first_shape
from tensorview.manifest import TensorRef, Weight
from tensorview.tracing import Trace

PACKED = 0.95
"""Stored bytes for each byte of weights: they deflate badly."""

Weights = dict[str, tuple[Weight, ...]]


def shelve(
    trace: Trace, descriptions: dict[str, Description], room: float, wanted: Mapping[str, Sequence[int]]
) -> tuple[Weights, Weights, tuple[BlobWriter, ...]]:
    """The weights of each node and of each group, and the blobs that they lie in, about `room` bytes in all.

    Small variables are kept whole before large ones; of those that don't fit whole filters are kept, first of the
    channels `wanted` by node. room: 0 keeps none, infinity all.
    """
    shelf = _Shelf(_first_convs(trace, descriptions), _whole(trace, room), wanted, kept=room > 0)
    nodes = {
        node.id: shelf.weights(trace.layer_of(node.id), f"w{index}", node.id) for index, node in enumerate(trace.nodes)
    }
    return nodes, _own_weights(trace, shelf), tuple(shelf.blobs)


def weights_of(
    trace: Trace, descriptions: dict[str, Description], node: str, channel: int, *, whole: int, blob: str
) -> tuple[tuple[Weight, ...], BlobWriter | None]:
    """The weights of one node, variables up to `whole` values whole, of larger ones the filter of a channel first."""
    shelf = _Shelf(_first_convs(trace, descriptions), whole, {node: [channel]}, kept=True)
    found = shelf.weights(trace.layer_of(node), blob, node)
    return found, shelf.blobs[0] if shelf.blobs else None


def _whole(trace: Trace, room: float) -> float:
    """Up to how many values variables are kept whole."""
    if math.isinf(room):
        return math.inf
    ids = [*(node.id for node in trace.nodes), *(group.id for group in trace.groups)]
    shapes = {id(v): tuple(v.shape) for call in ids for v in getattr(trace.layer_of(call), "weights", ())}
    # Vectors keep their exact values, four bytes each; matrices are codes.
    costs = sorted((math.prod(shape), PACKED * (1 if len(shape) > 1 else 4)) for shape in shapes.values())
    spent = sum(min(count, PART) * each for count, each in costs)
    whole = 0
    for count, each in costs:
        spent += (count - min(count, PART)) * each
        if spent > room:
            break
        whole = count
    return whole


def _own_weights(trace: Trace, shelf: _Shelf) -> dict[str, tuple[Weight, ...]]:
    """The weights of each group that none of the calls inside it shows; the innermost group has them."""
    shown = {id(v) for node in trace.nodes for v in getattr(trace.layer_of(node.id), "weights", ())}
    found = {}
    for index, group in sorted(enumerate(trace.groups), key=lambda item: -item[1].id.count("/")):
        layer = trace.layer_of(group.id)
        own = {id(variable) for variable in getattr(layer, "weights", ())} - shown
        found[group.id] = shelf.weights(layer, f"wg{index}", group.id, frozenset(shown)) if own else ()
        shown |= own
    return found


def _first_convs(trace: Trace, descriptions: dict[str, Description]) -> set[str]:
    """Convolutions that read a colour picture, at most rescaled: their kernels have the picture's colours."""
    sources: dict[str, list[str]] = {node.id: [] for node in trace.nodes}
    for source, target in trace.edges:
        sources[target].append(source)
    colour: set[str] = set()
    found: set[str] = set()
    for node in trace.nodes:
        known = descriptions[node.id]
        shape = first_shape(node.shape) or ()
        before = sources[node.id]
        if known.kind == "input":
            if known.form == "image" and known.channel_axis is not None and shape[1 + known.channel_axis] == 3:
                colour.add(node.id)
        elif len(before) == 1 and before[0] in colour:
            if known.kind == "conv":
                found.add(node.id)
            elif known.role == "stub" or known.kind == "norm":
                colour.add(node.id)
    return found


class _Shelf:
    """The weights of all layers, each layer's once, however often it is called."""

    def __init__(self, first_convs: set[str], whole: float, wanted: Mapping[str, Sequence[int]], *, kept: bool) -> None:
        self.first_convs, self.whole, self.wanted, self.kept = first_convs, whole, wanted, kept
        self.blobs: list[BlobWriter] = []
        self._done: dict[int, tuple[Weight, ...]] = {}

    def weights(self, layer: Any, blob: str, node: str, skip: frozenset[int] = frozenset()) -> tuple[Weight, ...]:
        if layer is None or not getattr(layer, "weights", None):
            return ()
        if id(layer) not in self._done:
            writer = BlobWriter(blob)
            self._done[id(layer)] = tuple(
                Weight(
                    name=kernel.name, shape=tuple(int(n) for n in kernel.shape), dtype=kernel.dtype,
                    trainable=kernel.trainable, summary=kernel.summary, rgb=kernel.rgb,
                    tensor=_write(writer, kernel.stored, kernel.source) if self.kept else None,
                    kept=kernel.kept if self.kept else None,
                )
                for kernel in kernels(
                    layer, node in self.first_convs, skip, whole=self.whole, wanted=self.wanted.get(node, ())
                )
            )  # fmt: skip
            if not writer.empty:
                self.blobs.append(writer)
        return self._done[id(layer)]


def _write(writer: BlobWriter, stored: Any, source: Any) -> TensorRef | None:
    if stored is None:
        return None
    # A grid of codes pays where there are many values for each scale; small vectors keep their exact values.
    if stored.ndim >= 2 and stored[0].size >= 9:
        return writer.quantised(stored, source)
    return writer.floats(stored, source)
