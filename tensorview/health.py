"""What looks ill about a layer, over all samples of a run: NaN, infinity, dead, constant and saturated channels."""

from __future__ import annotations

import numpy as np

from tensorview.layers.description import Description
from tensorview.manifest import Health, Kind
from tensorview.statistics import as_numbers

ENOUGH = 8
"""Values that a channel must have been seen with before it is judged: one zero of a ReLU unit says nothing."""
LEAST = 0.25
"""Share of a layer's channels that must be idle at once, however many inputs were seen."""
AT_REST = 0.9
"""Up to this share of a sparse layer's channels rests for any one input and is well: of the last ReLU6 of
EfficientNet-Lite0, .64 is zero everywhere for one photo. Each further input must wake some of them."""
NEAR = 0.01
"""How near to its limits a sigmoid or tanh must stay to be saturated, as a share of its range."""
LIMITS = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
JUDGED: tuple[Kind, ...] = ("conv", "depthwise", "norm", "activation", "dense", "recurrent", "embedding")
"""Kinds that make values of their own. What pools, moves or merges them would only repeat the same complaint."""


def health(description: Description, values: np.ndarray, least: float | None = None) -> tuple[Health, ...]:
    """The illnesses of one call's output, worst first; none of a healthy one.

    `values` (N, ...) holds all samples of the run, in the model's own order of axes. nan and inf: the share of values.
    dead: channels that are zero everywhere in every sample; constant: the same value everywhere in every sample;
    saturated: units of a sigmoid or tanh that never leave its limits. Channels with fewer than 8 values are not judged.

    `least` is the share of channels, 0..1, from which on idle ones are told of; None asks for what is certainly an
    illness: more than .9 of the channels for one input, .9² for two, and so on, but at least a quarter.
    """
    numbers = as_numbers(values)
    if numbers is None or not numbers.size:
        return ()
    table = by_channel(numbers, description)
    low, high = table.min(axis=0), table.max(axis=0)
    found = []
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        found = _wild(numbers)
    if description.kind not in JUDGED or len(table) < ENOUGH or _normalises(description):
        return tuple(found)
    tell = max(LEAST, AT_REST ** len(numbers)) if least is None else least
    idle = (*_idle(low, high), *_saturated(description, table, low, high))
    return (*found, *(item for item in idle if item.share >= tell))


def by_channel(values: np.ndarray, description: Description) -> np.ndarray:
    """(values of a channel, channels) of a batch; a view where the channel is last."""
    axis = description.channel_axis
    if axis is None or values.ndim != len(description.axes) + 1:
        return values.reshape(-1, 1)
    moved = np.moveaxis(values, axis + 1, -1)
    return moved.reshape(-1, moved.shape[-1])


def _wild(values: np.ndarray) -> list[Health]:
    nan = int(np.count_nonzero(np.isnan(values)))
    inf = int(np.count_nonzero(np.isinf(values)))
    found = []
    if nan:
        text = f"{nan:,} of {values.size:,} values are not a number (NaN)"
        found.append(Health(kind="nan", share=nan / values.size, text=text))
    if inf:
        found.append(
            Health(kind="inf", share=inf / values.size, text=f"{inf:,} of {values.size:,} values are infinite")
        )
    return found


def _idle(low: np.ndarray, high: np.ndarray) -> list[Health]:
    """Dead and constant channels; NaN is neither."""
    still = low == high
    dead = int(np.count_nonzero(still & (low == 0)))
    constant = int(np.count_nonzero(still)) - dead
    found = []
    if dead:
        text = f"{_of(dead, low.size)} zero everywhere, for every input of this run"
        found.append(Health(kind="dead", share=dead / low.size, text=text))
    if constant:
        text = f"{_of(constant, low.size)} the same value everywhere, for every input of this run"
        found.append(Health(kind="constant", share=constant / low.size, text=text))
    return found


def _saturated(description: Description, table: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[Health]:
    name = next((fact.value for fact in description.facts if fact.name == "activation"), "")
    if name not in LIMITS:
        return []
    bottom, top = LIMITS[name]
    margin = NEAR * (top - bottom)
    at_ends = (low <= bottom + margin) | (high >= top - margin)
    suspects = np.flatnonzero(at_ends)
    columns = table[:, suspects]
    stuck = int(np.count_nonzero(((columns <= bottom + margin) | (columns >= top - margin)).all(axis=0)))
    if not stuck:
        return []
    text = f"{_of(stuck, low.size, 'unit')} at the limits of {name} for every input: no gradient passes there"
    return [Health(kind="saturated", share=stuck / low.size, text=text)]


def _normalises(description: Description) -> bool:
    """Softmax over many classes rounds most of them to zero: that is certainty, not death."""
    return any(fact.name == "activation" and "softmax" in fact.value for fact in description.facts)


def _of(count: int, total: int, noun: str = "channel") -> str:
    if total == 1:
        return f"the only {noun} is"
    if count == total:
        return f"all {total:,} {noun}s are"
    return f"{count:,} of {total:,} {noun}s {'is' if count == 1 else 'are'}"
