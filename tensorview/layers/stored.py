"""From the model's order of axes to the order that a bundle stores: channel first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorview.layers.description import Description, Layout, Shape


def first(structure: Any) -> Any:
    """The tensor that is shown of an output that may be a tuple, list or dict of them; None of an empty one."""
    while isinstance(structure, tuple | list | dict):
        items = list(structure.values()) if isinstance(structure, dict) else list(structure)
        items = [item for item in items if item is not None]
        if not items:
            return None
        structure = items[0]
    return structure


def is_shape(shape: Any) -> bool:
    """A shape, not a structure of shapes: nothing but sizes."""
    return isinstance(shape, tuple | list) and all(size is None or isinstance(size, int) for size in shape)


def first_shape(structure: Any) -> Shape | None:
    """As `first`, for shapes: a tuple of sizes is one shape. None where an output holds no tensor."""
    if structure is None:
        return None
    if is_shape(structure):
        return tuple(structure)
    items = structure.values() if isinstance(structure, dict) else structure
    for item in items:
        found = first_shape(item)
        if found is not None:
            return found
    return None


def count(structure: Any) -> int:
    """How many shapes a structure of shapes holds."""
    if structure is None:
        return 0
    if is_shape(structure):
        return 1
    items = structure.values() if isinstance(structure, dict) else structure
    return sum(count(item) for item in items)


def order(layout: Layout) -> tuple[int, ...]:
    """Which of the model's axes comes where: `values.transpose(order(layout))` puts the channel in front."""
    rank = len(layout.axes)
    channel = layout.channel_axis
    if channel is None:
        return tuple(range(rank))
    return (channel, *(axis for axis in range(rank) if axis != channel))


def folded(sizes: tuple[int, ...], layout: Layout) -> tuple[int, int, int]:
    """Attention over several axes, or at several places, as (heads, query, key): each group of axes as one."""
    head = (layout.channel_axis or 0) + 1
    half = head + (len(sizes) - head) // 2
    return math.prod(sizes[:head]), math.prod(sizes[head:half]), math.prod(sizes[half:])


def stored_shape(shape: Shape, description: Description | Layout) -> tuple[int, ...]:
    """The shape that `stored` gives for values of this shape (without batch, every size known)."""
    layout = description.layout if isinstance(description, Description) else description
    sizes = tuple(int(size or 0) for size in shape)
    if layout.form == "scalar" or not sizes:
        return (1,)
    if layout.form == "generic":
        return (math.prod(sizes[:-1]), sizes[-1])
    if layout.form == "matrix" and len(sizes) > 3:
        return folded(sizes, layout)
    return tuple(sizes[axis] for axis in order(layout))


def stored(values: np.ndarray, description: Description | Layout) -> np.ndarray:
    """One sample's values in stored order, a view where that can be.

    `values` has no batch. image and planes: (C, H, W); volume (C, D, H, W); sequence (C, T); row (N,);
    matrix (heads, Q, K) or (heads, T, units); scalar (1,); generic (all leading axes as one, last axis).
    Complex numbers are given by their absolute value, booleans as float32 0 and 1; other types are left as they are.
    """
    layout = description.layout if isinstance(description, Description) else description
    if values.dtype.kind == "c":
        values = np.abs(values)
    elif values.dtype.kind == "b":
        values = values.astype(np.float32)
    if layout.form == "scalar" or values.ndim == 0:
        return values.reshape(-1)[:1]
    if layout.form == "generic" or values.ndim != len(layout.axes):
        return values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    if layout.form == "matrix" and values.ndim > 3:
        return values.reshape(folded(values.shape, layout))
    return values.transpose(order(layout))
