"""Channel attribution: which channels of a layer spoke for a class, and which against it (Olah et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import engine
from tensorview.attribution.result import Array
from tensorview.attribution.target import parse
from tensorview.attribution.view import View


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChannelAttribution:
    """values: float32 (N, channels), signed, the sum over space of a channel's maps times their gradient: what the
    score would lose without it, were the rest of the model a line. maps: the same before the sum, in the layer's own
    layout. score: (N,), before the last softmax or sigmoid. target: (N,), the classes."""

    layer: str
    values: Array
    maps: Array
    target: Array
    score: Array
    score_note: str

    def strongest(self, sample: int = 0, count: int = 10) -> list[int]:
        """The channels that speak most for the class."""
        return [int(one) for one in np.argsort(-self.values[sample], kind="stable")[:count]]


def channel_attribution(
    model: Any, inputs: Any, layer: Any = None, target: Any = None, *, labels: Sequence[str] | None = None
) -> ChannelAttribution:
    """Share a class score out to the channels of a layer.

    inputs, target, labels: as `attribute` takes them. layer: a layer with feature maps; None for the last convolution.
    Exact where the rest of the model is linear (global average pooling and a dense layer: the values add up to the
    score without its bias), to first order elsewhere. Raises OptionError, InputError, TraceError.
    """
    structure, samples = engine.prepared(model, inputs)

    def build(view: View, facts: dict[str, Any]) -> dict[str, Any]:
        maps = view.maps()
        view.differentiate([maps.tensor])
        shared = tf.cast(maps.tensor, tf.float32) * view.gradient(maps.tensor, maps.id)
        facts.update(layer=maps.id, space=maps.space)
        return {"maps": shared}

    question = engine.Question(
        parse(target, samples, labels), engine.layer_name(layer, model), "channel attribution", build
    )
    program, found = engine.run(model, structure, question)
    facts = program.facts
    return ChannelAttribution(
        layer=facts["layer"],
        values=found["maps"].sum(facts["space"]),
        maps=found["maps"],
        target=found["index"].astype(np.int64),
        score=found["score"],
        score_note=facts["note"],
    )
