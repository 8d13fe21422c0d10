"""Attention scores: which tensor of a run weighs the values, head by query by key.

Keras computes attention on a fused path that calls no Softmax layer, so the scores are looked for among the operations
that ran during the call: the one softmax whose result is multiplied with the values.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

KERAS = ("MultiHeadAttention", "GroupedQueryAttention", "Attention", "AdditiveAttention")
"""Keras's own attention layers."""
PASSES = {"Cast", "Identity", "StopGradient", "Reshape", "Transpose", "SelectV2", "Mul"}
"""What may stand between a softmax and the product with the values: a cast, a mask, dropout, an order of axes."""
PRODUCTS = {"BatchMatMulV2", "BatchMatMulV3", "BatchMatMul", "MatMul", "Einsum"}
NEAR = 50
"""How many operations away the products are looked for."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one attention: `tensor` (N, ..., heads, query, key), made inside the call `call`.

    `layer`: `call` is itself a Softmax layer, whose output they are. `place`: when they were made, as a number of
    operations.
    """

    call: Any
    tensor: Any
    layer: bool
    place: int


def is_attention(layer: Any) -> bool:
    """Whether a layer is one of Keras's attention layers, or calls itself one."""
    return is_keras_attention(layer) or "attention" in type(layer).__name__.lower()


def is_keras_attention(layer: Any) -> bool:
    """Whether a layer is one of Keras's attention layers, or made from one."""
    return any(base.__name__ in KERAS and base.__module__.startswith("keras.") for base in type(layer).__mro__)


def is_softmax(layer: Any) -> bool:
    """Whether a layer or operation is a softmax and nothing else."""
    return any(base.__name__ == "Softmax" and base.__module__.startswith("keras.") for base in type(layer).__mro__)


def unseen(calls: Sequence[Any], scores: Sequence[Scores]) -> list[str]:
    """The ids of Keras's attention layers of which no scores are among `scores`, in call order."""
    have = {found.call.group if found.layer else found.call.id for found in scores}
    return [call.id for call in calls if is_keras_attention(call.keras_layer) and call.id not in have]


def find(calls: Sequence[Any], operations: Sequence[Any]) -> Iterator[Scores]:
    """The scores of each attention among `calls`, all calls of a run in order of their beginning.

    `operations` are those of the graph, in the order in which they were made; a call made those from `call.first` to
    `call.last`.
    """
    starts = [call.first for call in calls]
    by_id = {call.id: call for call in calls}
    made: dict[Any, list[tuple[int, Any]]] = {}
    for place, operation in enumerate(operations):
        if operation.type == "Softmax":
            call = _innermost(calls, starts, place)
            if call is not None:
                made.setdefault(call, []).append((place, operation.outputs[0]))
    for call in calls:
        if call not in made and is_softmax(call.keras_layer):  # over several axes it is no operation of its own
            made[call] = [(call.first, call.output)]
    inside = Counter(call.group for call in made if is_softmax(call.keras_layer))
    for call, found in made.items():
        layer = is_softmax(call.keras_layer) or call.output is found[0][1]
        attention = by_id.get(call.group or "") if layer else call
        known = attention is not None and is_attention(attention.keras_layer)
        only = len(found) == 1 and (not layer or inside[call.group] <= 1)
        for place, tensor in found:
            scores = call.output if layer else _used(tensor)
            if _rank(scores) >= 3 and (_product(scores) if known and only else _attends(scores)):
                yield Scores(call, scores, layer, place)


def _innermost(calls: Sequence[Any], starts: Sequence[int], place: int) -> Any:
    """The call that made this operation itself: of those around it the one that began last."""
    for index in range(bisect_right(starts, place) - 1, -1, -1):
        if calls[index].last > place:
            return calls[index]
    return None


def _rank(tensor: Any) -> int:
    return getattr(getattr(tensor, "shape", None), "rank", None) or 0


def _used(tensor: Any) -> Any:
    """In mixed precision the softmax is reckoned in float32 and cast: what weighs the values is the cast one."""
    consumers = tensor.consumers()
    if len(consumers) == 1 and consumers[0].type == "Cast":
        return consumers[0].outputs[0]
    return tensor


def _attends(tensor: Any) -> bool:
    """Whether a softmax weighs something computed by how well computed things fit each other: that is attention
    whatever its name, while a mixture of experts asks its weights."""
    product = _product(tensor)
    return product is not None and not _weights(product) and _scored(tensor)


def _product(tensor: Any) -> Any:
    """The product of matrices that this tensor goes into, or None."""
    todo, seen = [tensor], 0
    while todo and seen < NEAR:
        for operation in todo.pop().consumers():
            seen += 1
            if operation.type in PRODUCTS:
                return operation
            if operation.type in PASSES:
                todo.append(operation.outputs[0])
    return None


def _scored(tensor: Any) -> bool:
    """Whether the last product before a softmax is one of two computed things."""
    seen: set[Any] = set()
    todo = [tensor.op]
    while todo and len(seen) < NEAR:
        operation = todo.pop()
        if operation in seen:
            continue
        seen.add(operation)
        if operation.type in PRODUCTS:
            return not _weights(operation)
        todo.extend(before.op for before in operation.inputs)
    return False


def _weights(operation: Any) -> bool:
    """Whether one of the factors of a product is a weight of the model."""
    for tensor in operation.inputs:
        origin = tensor.op
        while origin.type in ("Cast", "Identity", "Reshape", "Transpose"):
            origin = origin.inputs[0].op
        if origin.type in ("ReadVariableOp", "Const"):
            return True
    return False
