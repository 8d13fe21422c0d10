"""How large each layer's maps may be, so that a whole file stays within its byte budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tensorview.encode import capped
from tensorview.manifest import Form

SIDES = (112, 80, 64, 48, 40, 32, 24, 16)
"""Longest sides that are tried, one after the other."""
RATIO = 0.72
"""Deflated bytes for each code, before one knows better. Activations of trained networks lie between .3 and .8."""


@dataclass(frozen=True, slots=True)
class Size:
    """A layer's size as the budget sees it. `follower`: a normalisation or activation behind the layer whose result
    it carries on, looked at less than that one."""

    form: Form
    shape: tuple[int, ...]
    follower: bool
    shared: Literal["line", "clamp"] | None = None
    """Costs nothing: its codes are those of the layer before it. A clamp only where that one isn't reduced."""


def steps() -> list[tuple[bool, int]]:
    """(follower, side) in the order in which layers are reduced: followers one side ahead of the rest."""
    return [(follower, side) for side in SIDES for follower in (True, False)]


def caps(sizes: Sequence[Size], step: int) -> list[int | None]:
    """Each layer's cap once the first `step` steps are taken."""
    done = steps()[:step]
    allowed = {follower: min((side for f, side in done if f == follower), default=None) for follower in (True, False)}
    return [allowed[size.follower] for size in sizes]


def free(size: Size, cap: int | None) -> bool:
    """Whether a layer's values are had from those of the layer before, which is kept at the cap of its kind."""
    if size.shared == "clamp":
        return capped(size.form, size.shape, cap) == size.shape
    return size.shared == "line"


def count(sizes: Sequence[Size], step: int) -> int:
    """Values of one sample that are stored after `step` steps."""
    leading = min((side for follower, side in steps()[:step] if not follower), default=None)
    return sum(
        math.prod(capped(size.form, size.shape, cap))
        for size, cap in zip(sizes, caps(sizes, step), strict=True)
        if not free(size, leading)
    )


def first_step(sizes: Sequence[Size], samples: int, room: float, per_value: float) -> int:
    """The first step after which all samples are expected to fit into `room` bytes; the last one if none does."""
    last = len(steps())
    for step in range(last):
        if count(sizes, step) * samples * per_value <= room:
            return step
    return last
