"""What looks ill when layers are seen beside each other: where NaN begins, and values that explode or vanish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tensorview.manifest import Health, Kind

LARGE = 1e6
"""From this size on values are far from what the next layer's weights are made for, whatever the input."""
OF_LIMIT = 0.9
"""Share of the largest number of a data-type that comes near to overflow: 59,000 of float16's 65,504."""
SMALL = 1e-6
"""A layer whose typical value (root mean square) is below this, and not zero, hands on what float32 sums lose."""
JUDGED: tuple[Kind, ...] = ("conv", "depthwise", "norm", "activation", "dense", "recurrent", "merge")


def scale(kind: Kind, dtype: str, values: np.ndarray) -> tuple[Health, ...]:
    """Whether the values of one call, of all samples, are exploding or vanishing."""
    if kind not in JUDGED or values.dtype.kind != "f" or not values.size:
        return ()
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        return ()  # that is told of already
    top = max(-low, high)
    if top >= min(LARGE, OF_LIMIT * _largest(dtype)):
        return (Health(kind="exploding", share=1.0, text=f"values reach {top:.3g}: they are exploding"),)
    typical = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
    if 0 < typical < SMALL:
        return (Health(kind="vanishing", share=1.0, text=f"values are about {typical:.2g}: they are vanishing"),)
    return ()


def _largest(dtype: str) -> float:
    return 65504.0 if dtype == "float16" else 3.4e38


def with_origins(
    healths: Mapping[str, tuple[Health, ...]], order: Sequence[str], edges: Sequence[tuple[str, str]]
) -> dict[str, tuple[Health, ...]]:
    """Healths by node, those that spread (NaN, infinity, explosion, vanishing) with where they began."""
    sources: dict[str, list[str]] = {}
    for source, target in edges:
        sources.setdefault(target, []).append(source)
    origin: dict[tuple[str, str], str] = {}
    found: dict[str, tuple[Health, ...]] = {}
    for id in order:
        told = []
        for item in healths.get(id, ()):
            if item.kind in SPREADING:
                before = next(
                    (origin[source, kind] for source in sources.get(id, ()) for kind in SPREADING[item.kind]
                     if (source, kind) in origin), None,
                )  # fmt: skip
                origin[id, item.kind] = before or id
                item = replace(item, text=f"{item.text}; {f'from {before!r} on' if before else 'it begins here'}")  # noqa: PLW2901
            told.append(item)
        found[id] = tuple(told)
    return found


SPREADING = {
    "nan": ("nan", "inf"),
    "inf": ("inf", "exploding"),
    "exploding": ("exploding",),
    "vanishing": ("vanishing",),
}
"""What each may come from: infinity minus infinity is NaN."""
