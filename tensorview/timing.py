"""Which share of a forward pass each layer call takes, by the clock."""

from __future__ import annotations

import time
from typing import Any

from tensorview.deep import with_deep_stack
from tensorview.intact import intact, same_state, states
from tensorview.preparing import input_names, prepare
from tensorview.recorder import timed

ENOUGH = 0.1
"""Seconds of a run from which on it is not repeated: what a first run prepares is then little of it."""


def time_shares(model: Any, inputs: Any) -> dict[str, float]:
    """The share 0..1 of each leaf call in the time of all of them, in a plain eager call; {} for a model that can't be
    called so. What Keras itself takes for a call is in it, so very small layers look dearer than when compiled.
    """
    tensors, specs = prepare(model, inputs)
    names = input_names(model, specs)

    def run() -> dict[str, float]:
        with intact(model), same_state(states(model)):
            return timed(model, tensors, names)

    try:
        start = time.perf_counter()
        seconds = with_deep_stack(model, run)
        if time.perf_counter() - start < ENOUGH:
            seconds = with_deep_stack(model, run)
    except Exception:  # the model's own code may raise anything
        return {}
    total = sum(seconds.values())
    return {id: value / total for id, value in seconds.items()} if total > 0 else {}
