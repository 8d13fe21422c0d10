"""Which call each tensor of a recorded graph belongs to, and so which calls a tensor was computed from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf


def flat_tensors(structure: Any) -> Iterator[Any]:
    """All tensors in a structure; sparse and ragged ones by their components."""
    for leaf in tf.nest.flatten(structure, expand_composites=True):
        if tf.is_tensor(leaf):
            yield leaf


OF_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})
"""Operations that look at no value of what they are given."""


class Owners:
    """The calls that own tensors, by the tensors that they returned. A call is anything with
    `arguments` and an `output`.

    behind: what a tensor was computed from, where the graph itself doesn't say so, by the tensor's identity.
    """

    def __init__(self, behind: dict[int, list[Any]] | None = None) -> None:
        self._behind = behind or {}
        self._owner: dict[int, Any] = {}
        self._alive: list[Any] = []
        """Keeps tensors, so that no other one gets the identity of one of them."""

    def __contains__(self, tensor: Any) -> bool:
        return id(tensor) in self._owner

    def keep(self, structure: Any) -> None:
        """Keep tensors that nobody owns."""
        self._alive.append(structure)

    def own(self, call: Any, tensors: Iterable[Any]) -> None:
        for tensor in tensors:
            self._owner[id(tensor)] = call
            self._alive.append(tensor)

    def sources(self, call: Any) -> list[Any]:
        """The calls whose outputs a call's output was computed from.

        One that only its shape is asked of counts where the call was handed its output, or where there is no other.
        """
        outputs = list(flat_tensors(call.output))
        found = self._walk(outputs, call)
        valued = set(map(id, self._walk(outputs, call, shapes=False)))
        if not valued or len(valued) == len(found):
            return found
        handed = {id(self._owner.get(id(tensor))) for tensor in flat_tensors(call.arguments)}
        return [source for source in found if id(source) in valued or id(source) in handed]

    def of_output(self, leaf: Any, order: list[Any]) -> Any:
        """The call that returned an output of the model, else the last one, in this order, that it was computed from;
        None where there is none."""
        tensors = list(flat_tensors(leaf))
        for tensor in tensors:
            if id(tensor) in self._owner:
                return self._owner[id(tensor)]
        found = set(map(id, self._walk(tensors, None)))
        return next((call for call in reversed(order) if id(call) in found), None)

    def _walk(self, tensors: list[Any], call: Any, shapes: bool = True) -> list[Any]:
        """The calls whose outputs these tensors were computed from, nearest first met; without `shapes` those alone
        whose values they were computed from."""
        found: dict[int, Any] = {}
        seen: set[int] = set()
        todo = list(tensors)
        while todo:
            tensor = todo.pop()
            if id(tensor) in seen:
                continue
            seen.add(id(tensor))
            owner = self._owner.get(id(tensor))
            if owner is not None and owner is not call:
                found[id(owner)] = owner
            elif shapes or tensor.op.type not in OF_SHAPES:
                todo.extend(reversed(self._behind.get(id(tensor), tensor.op.inputs)))
        return list(found.values())
