"""The graph of one run: layer calls, the edges between them, the groups around them. Pure data, no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One leaf call of a layer or operation, or one input of the model.

    `call` counts the calls of the same layer from 0. `shape` and `dtype` are those of this run's output, batch
    included; for a call that returns several tensors they have the output's structure (tuple or dict).
    """

    id: str
    layer: str
    class_name: str
    call: int
    group: str | None
    shape: Any
    dtype: Any
    scores: bool = False
    """These are the scores of an attention: (N, ..., heads, query, key)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One call that contains other calls: a nested model, a block, a composite layer. `group` is its parent."""

    id: str
    layer: str
    class_name: str
    call: int
    group: str | None
    shape: Any
    dtype: Any
