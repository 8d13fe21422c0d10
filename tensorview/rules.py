"""How each value of a call's output is worked out from values of the calls before it, in a few words that a page can
reckon with: a window that slides, a sum over an equation's letters, a value moved.

A rule is told only of Keras's own `call`, on settings that it covers, and of inputs that are another call's output,
value for value. What has none is shown without a claim.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import keras

from tensorview.layerrules import LEAVE_OUT, RULES, SEVERAL, own_class
from tensorview.layers import Description
from tensorview.layers.stored import first_shape
from tensorview.manifest import Rule
from tensorview.operationrules import operation_rule
from tensorview.seen import Seen, Sizes
from tensorview.tracing import Trace


def rules(trace: Trace, descriptions: dict[str, Description]) -> dict[str, Rule]:
    """The rule of each call that has one, by node."""
    nodes = {node.id: node for node in trace.nodes}
    seen = {id: Seen(_sizes(node.shape), descriptions[id].channel_axis) for id, node in nodes.items()}
    found: dict[str, Rule] = {}
    for id in nodes:
        layer = trace.layer_of(id)
        name = own_class(layer)
        operation = isinstance(layer, keras.Operation) and not isinstance(layer, keras.Layer)
        if name is None or not (operation or name in RULES):
            continue
        given = trace.sources(id)
        sources = given if operation or name in SEVERAL else given[:1]  # masks may come behind it
        inputs = tuple(source for source in sources if source is not None)
        if not inputs or len(inputs) != len(sources):
            continue
        if not operation and name in LEAVE_OUT and (len(given) > len(inputs) or any(map(trace.masked, inputs))):
            continue
        try:
            shown = [seen[source] for source in inputs]
            if operation:
                rule = operation_rule(layer, name, trace.called(id), shown, seen[id])
            else:
                rule = RULES[name](layer, shown, seen[id])
        except (AttributeError, TypeError, ValueError, IndexError):  # a layer of another make than its class promises
            continue
        if rule is not None:
            found[id] = replace(rule, inputs=inputs)
    found.update(_attention(trace, nodes))
    found.update(_plain_attention(trace, nodes))
    return found


def _sizes(shape: Any) -> Sizes:
    return tuple(int(size or 0) for size in (first_shape(shape) or ())[1:])


def _attention(trace: Trace, nodes: dict[str, Any]) -> dict[str, Rule]:
    """The scores of Keras's attention layers, and what they make of the values."""
    found: dict[str, Rule] = {}
    for group in trace.groups:
        layer = trace.layer_of(group.id)
        scores = f"{group.id}/scores"
        if own_class(layer) != "MultiHeadAttention" or scores not in nodes:
            continue
        inside = [(node.id, trace.layer_of(node.id)) for node in trace.nodes if node.group == group.id]
        parts = [getattr(layer, f"_{name}_dense", None) for name in ("query", "key", "value", "output")]
        query, key, value, output = (next((id for id, one in inside if one is part), None) for part in parts)
        rank = len(first_shape(nodes[scores].shape) or ())
        if rank != 4 or None in (query, key, value):
            continue
        scale = 1 / math.sqrt(float(layer._key_dim))
        found[scores] = Rule(name="scores", inputs=(str(query), str(key)), numbers=(scale,))
        if output is not None and own_class(trace.layer_of(output)) == "EinsumDense":
            found[output] = Rule(name="attend", inputs=(scores, str(value)))
    return found


def _plain_attention(trace: Trace, nodes: dict[str, Any]) -> dict[str, Rule]:
    """Keras's attention layers without weights of their own for query, key and value: one head, no masks."""
    found: dict[str, Rule] = {}
    for id in nodes:
        layer, scores = trace.layer_of(id), f"{id}/scores"
        name = own_class(layer)
        if name not in {"Attention", "AdditiveAttention"} or scores not in nodes:
            continue
        given = [source for source in trace.sources(id) if source is not None and not trace.masked(source)]
        if len(given) != len(trace.sources(id)) or len(given) not in (2, 3):
            continue
        query, value, key = (*given, given[1])[:3]
        if any(len(_sizes(nodes[one].shape)) != 2 for one in given) or len(_sizes(nodes[scores].shape)) != 3:
            continue
        found[id] = Rule(name="product", inputs=(scores, value), equation="hqk,kd->qd")
        if name == "Attention" and layer.score_mode == "dot":
            scale = 1.0 if layer.scale is None else float(layer.scale)
            found[scores] = Rule(name="scores", inputs=(query, key), numbers=(scale,))
    return found
