"""What is known of each layer call before its values are looked at: kind, form, facts, parameters, weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from tensorview.blobs import BlobWriter
from tensorview.budget import Size
from tensorview.graph import Node
from tensorview.layers import Description, describe, first_shape, stored_shape
from tensorview.layers.stored import is_shape
from tensorview.macs import between, macs
from tensorview.manifest import Fact, GroupInfo, Kind, NodeInfo
from tensorview.receptive import receptive_fields
from tensorview.rules import rules
from tensorview.shelf import shelve
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
    """Describe every node and group of a trace. weights: also write the kernels, all of them whole."""
    sources: dict[str, list[str]] = {node.id: [] for node in trace.nodes}
    for source, target in trace.edges:
        sources[target].append(source)
    descriptions: dict[str, Description] = {}
    shapes = {node.id: first_shape(node.shape) or () for node in trace.nodes}
    for node in trace.nodes:
        inputs = tuple(descriptions[id] for id in sources[node.id] if id in descriptions)
        layer = trace.layer_of(node.id)
        descriptions[node.id] = describe(layer, node.class_name, node.shape, inputs, scores=node.scores)
    fields = receptive_fields(trace, descriptions)
    known_rules = rules(trace, descriptions)
    nodes = []
    for node in trace.nodes:
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
                facts=known.facts, weights=(), health=(), note=known.note,
                field=fields.get(node.id), bytes=_bytes(node.shape, node.dtype), rule=known_rules.get(node.id),
            )
        )  # fmt: skip
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
                weights=(),
            )
        )  # fmt: skip
    sizes = tuple(_size(node, descriptions, shapes[node.id], sources[node.id]) for node in nodes)
    leaders = {n.id: sources[n.id][0] for n, size in zip(nodes, sizes, strict=True) if size.follower}
    found = Structure(tuple(nodes), tuple(groups), descriptions, sizes, leaders, (), products)
    return with_weights(found, trace) if weights else found


def with_weights(
    known: Structure, trace: Trace, room: float = math.inf, wanted: Mapping[str, Sequence[int]] | None = None
) -> Structure:
    """The same with the weights of all nodes and groups, in about `room` bytes; see `shelve`."""
    nodes, groups, blobs = shelve(trace, known.descriptions, room, wanted or {})
    return replace(
        known,
        nodes=tuple(replace(node, weights=nodes[node.id]) for node in known.nodes),
        groups=tuple(replace(group, weights=groups[group.id]) for group in known.groups),
        blobs=blobs,
    )


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
