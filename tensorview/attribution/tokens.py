"""Tokens of a transformer: which of them come from a grid over the input, and which of them stand beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Grid:
    """Where tokens (N, T) lie. sizes: of the grid, (h, w), (d, h, w) or (T',). before, after: how many further tokens,
    such as a class token, come before and after those of the grid."""

    sizes: tuple[Any, ...]
    before: int = 0
    after: int = 0

    @property
    def class_token(self) -> int | None:
        """The place of the first token that is not of the grid, counted from the end where it stands there."""
        return 0 if self.before else -self.after if self.after else None

    @property
    def step(self) -> str:
        """What laying them is, in words."""
        return f"tokens on their grid of {'×'.join(map(str, self.sizes))}"

    def lay(self, tokens: Any) -> Any:
        """(N, T) or (N, T, C) on the grid, (N, *sizes) or (N, *sizes, C); further tokens are dropped."""
        own = tokens[:, self.before : tokens.shape[1] if self.after == 0 else -self.after]
        return own if len(self.sizes) == 1 else tf.reshape(own, [-1, *self.sizes, *own.shape[2:]])


def grid_of(tensor: Any, count: int | None) -> Grid:
    """The grid of `count` tokens (None: as many as there are) that a tensor is computed from.

    Walking back from it, the first operation that makes a sequence of a grid of two or three axes (patches of a
    picture) tells its sizes. Without one the tokens are a line, as of a signal or a text. What is joined to them along
    their axis stands beside the grid.
    """
    joined: tuple[int, int] = (0, 0)
    for op in _back(tensor):
        if op.type == "ConcatV2" and joined == (0, 0):
            joined = _joined(op, count)
        elif op.type == "Reshape":
            sizes = _unrolled(op)
            if sizes and (count is None or prod(sizes) + sum(joined) == count):
                return Grid(sizes, *joined)
    return Grid((None if count is None else count - sum(joined),), *joined)


def _back(tensor: Any) -> Iterator[Any]:
    """The operations behind a tensor, the nearest first."""
    todo, seen = deque([tensor.op]), {tensor.op}
    while todo:
        op = todo.popleft()
        yield op
        for before in op.inputs:
            if before.op not in seen:
                seen.add(before.op)
                todo.append(before.op)


def _joined(op: Any, count: int | None) -> tuple[int, int]:
    """How many tokens a concatenation along the axis of the tokens puts before and after the longest of its parts."""
    *parts, axis = op.inputs
    if op.outputs[0].shape.rank != 3 or tf.get_static_value(axis) not in (1, -2) or op.outputs[0].shape[1] != count:
        return 0, 0
    sizes = [part.shape[1] for part in parts]
    longest = sizes.index(None) if None in sizes else max(range(len(sizes)), key=lambda i: sizes[i])
    others = sizes[:longest] + sizes[longest + 1 :]
    return (0, 0) if None in others else (sum(sizes[:longest]), sum(sizes[longest + 1 :]))


def _unrolled(op: Any) -> tuple[int, ...]:
    """The sizes of the grid that a reshape makes a sequence of: (N, h, w, ...) to (N, h·w, C), channels first too."""
    given, made = op.inputs[0].shape, op.outputs[0].shape
    if given.rank is None or given.rank < 4 or made.rank != 3 or None in (*given[1:], *made[1:]):
        return ()
    sizes = given.as_list()[1:]
    for axes in (2, 3):
        for space, rest, tokens, channels in (
            (sizes[:axes], sizes[axes:], made[1], made[2]), (sizes[-axes:], sizes[:-axes], made[2], made[1]),
        ):  # fmt: skip
            if len(space) == axes and min(space) > 1 and prod(space) == tokens and prod(rest) == channels and rest:
                return tuple(space)
    return ()
