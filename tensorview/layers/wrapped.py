"""Layers that hold another one: what the held layer says of its own output."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Layout, Shape


def inner_layout(layer: Any, shape: Shape, inputs: tuple[Layout, ...]) -> Layout | None:
    """The layout that the wrapped layer gives this shape; None where nothing is wrapped."""
    from tensorview.layers.lookup import entry

    inner = getattr(layer, "layer", None)
    if inner is None:
        return None
    known, _ = entry(inner, type(inner).__name__)
    return None if known.layout is None else known.layout(inner, shape, inputs)
