"""What is known of each layer call before its values are looked at: kind, form, facts, parameters, weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tensorview.blobs import BlobWriter
from tensorview.budget import Size
from tensorview.graph import Node
from tensorview.kernels import kernels
from tensorview.layers import Description, describe, first_shape, stored_shape
from tensorview.layers.stored import is_shape
from tensorview.macs import between, macs
from tensorview.manifest import Fact, GroupInfo, Kind, NodeInfo, TensorRef, Weight
from tensorview.receptive import receptive_fields
from tensorview.statistics import parameters
from tensorview.tracing import Trace

BEHIND: tuple[Kind, ...] = ("norm", "activation")
"""Kinds that carry on the result of the layer before them."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The graph of a trace in the manifest's terms. `descriptions` and `sizes` by node, in node order."""

    nodes: tuple[NodeInfo, ...]
    groups: tuple[GroupInfo, ...]
    descriptions: dict[str, Description]
    sizes: tuple[Size, ...]
    leaders: dict[str, str]
    """The node whose result a follower carries on, by follower."""
    blobs: tuple[BlobWriter, ...]
    between: int
    """Multiply-adds per sample that belong to no layer call: the products inside attention."""


def structure(trace: Trace, *, weights: bool = True) -> Structure:
    """Describe every node and group of a trace. weights: also write the kernels, one blob for each layer."""
    sources: dict[str, list[str]] = {node.id: [] for node in trace.nodes}
    for source, target in trace.edges:
        sources[target].append(source)
    descriptions: dict[str, Description] = {}
    shapes = {node.id: first_shape(node.shape) or () for node in trace.nodes}
    for node in trace.nodes:
        inputs = tuple(descriptions[id] for id in sources[node.id] if id in descriptions)
        layer = trace.layer_of(node.id)
        descriptions[node.id] = describe(layer, node.class_name, node.shape, inputs, scores=node.scores)
    shelf = _Shelf(_first_convs(trace, descriptions, sources), weights)
    fields = receptive_fields(trace, descriptions)
    nodes = []
    for index, node in enumerate(trace.nodes):
        layer, known = trace.layer_of(node.id), descriptions[node.id]
        total, trainable = parameters(layer)
        dtype = node.dtype
        while not isinstance(dtype, str):
            items = list(dtype.values()) if isinstance(dtype, dict) else list(dtype or ["none"])
            dtype = items[0] if items else "none"
        given = trace.given(node.id)
        if any(size is None for shape in given for size in shape[1:]):
            given = tuple(shapes[id] for id in sources[node.id])
        nodes.append(
            NodeInfo(
                id=node.id, label=_label(node, layer), layer=node.layer,
                class_name=node.class_name, call=node.call, group=node.group,
                kind=known.kind, form=known.form, role=known.role, axes=known.axes,
                channel_axis=known.channel_axis, shape=tuple(int(n or 0) for n in shapes[node.id][1:]), dtype=dtype,
                params=total, trainable_params=trainable,
                macs=macs(layer, given, shapes[node.id]) if layer is not None else None,
                facts=known.facts, weights=shelf.weights(layer, f"w{index}", node.id), health=(), note=known.note,
                field=fields.get(node.id), bytes=_bytes(node.shape, node.dtype),
            )
        )  # fmt: skip
    own = _own_weights(trace, shelf)
    groups, products = [], 0
    for group in trace.groups:
        layer = trace.layer_of(group.id)
        made = between(layer, {node.layer: node.shape for node in trace.nodes if node.group == group.id})
        products += made
        known = describe(layer, group.class_name, group.shape)
        groups.append(
            GroupInfo(
                id=group.id, label=group.layer, layer=group.layer, class_name=group.class_name, call=group.call,
                group=group.group, shape=tuple(int(n or 0) for n in (first_shape(group.shape) or ())[1:]),
                params=parameters(layer)[0],
                facts=(*known.facts, *([Fact(name="multiply-adds of the scores", value=f"{made:,}")] if made else ())),
                weights=own[group.id],
            )
        )  # fmt: skip
    sizes = tuple(_size(node, descriptions, shapes[node.id], sources[node.id]) for node in nodes)
    leaders = {n.id: sources[n.id][0] for n, size in zip(nodes, sizes, strict=True) if size.follower}
    return Structure(tuple(nodes), tuple(groups), descriptions, sizes, leaders, tuple(shelf.blobs), products)


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


def _bytes(shape: Any, dtype: Any) -> int | None:
    """Bytes of a call's output for one sample, of a structure of them all; None where there is text in it."""
    if shape is None:
        return 0
    if is_shape(shape) and (isinstance(dtype, str) or not shape):
        if dtype == "string":
            return None
        return math.prod(int(size or 0) for size in shape[1:]) * int(tf.as_dtype(dtype).size) if shape else 0
    keys = shape if isinstance(shape, dict) else range(len(shape))
    parts = [_bytes(shape[key], dtype[key]) for key in keys]
    return None if None in parts else sum(part or 0 for part in parts)


def _label(node: Node, layer: Any) -> str:
    """A layer's own name; that of an operation or of scores without Keras's counter, as in its id."""
    own = isinstance(layer, keras.layers.Layer) or node.class_name == "InputLayer"
    return node.layer if own else node.id.rpartition("/")[2]


def _size(
    node: NodeInfo, descriptions: dict[str, Description], shape: tuple[int | None, ...], sources: Sequence[str]
) -> Size:
    known = descriptions[node.id]
    behind = len(sources) == 1 and (node.kind in BEHIND or node.role == "stub")
    return Size(known.form, stored_shape(shape[1:], known) if shape else (1,), behind)


def _first_convs(trace: Trace, descriptions: dict[str, Description], sources: dict[str, list[str]]) -> set[str]:
    """Convolutions that read a colour picture, at most rescaled: their kernels have the picture's colours."""
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

    def __init__(self, first_convs: set[str], wanted: bool) -> None:
        self.first_convs, self.wanted = first_convs, wanted
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
                    tensor=_write(writer, kernel.stored, kernel.source) if self.wanted else None,
                )
                for kernel in kernels(layer, node in self.first_convs, skip)
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
