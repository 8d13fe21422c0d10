"""The score and its gradient at many points near the given inputs, in passes of bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution.engine import Asked, Question
from tensorview.attribution.target import Target
from tensorview.attribution.view import View

PASS_BYTES = 2**30
"""Activations that one pass over several copies of a batch may hold; a batch that is larger goes alone."""

Tensors = dict[str, Any]


class Probe:
    """Asks for the gradient of one score at points of the inputs' shapes.

    at: the points that were given, float32 by input name: inputs of floating point, and the embeddings of token ids.
    index, score: the class that is explained for each sample, and its score there. channel_axis: of each point.
    copies: how many times the batch fits into one pass.
    """

    def __init__(self, model: Any, inputs: Any, target: Target) -> None:
        # The score at the given points takes no way back: a function by itself spares it, as dear as one more copy.
        first = Asked(model, inputs, Question(target, None, "score", _points))
        given = first(first.flat, first.target.arguments())
        self.facts, self.samples = first.facts, first.samples
        self.index, self.score = given["index"].numpy(), given["score"].numpy()
        names = self.facts["inputs"]
        self._flat = dict(zip(names, first.flat, strict=True))
        self.channel_axis: dict[str, int | None] = self.facts["axes"]
        embedded = tuple(name for name in self.channel_axis if not self._flat[name].dtype.is_floating)
        own = {**self._flat, **given["at"]}
        self.at = {name: tf.cast(own[name], tf.float32) for name in self.channel_axis}
        self._embedded = embedded
        # Embeddings can't be handed in as inputs: a second function takes them in place of those that it computes.
        specs = (tf.TensorSpec(None, tf.float32),) * len(embedded)
        self._asked = Asked(
            model, inputs, Question(target, None, ("gradients at", embedded), _instead(embedded), specs)
        )
        room = max(1, PASS_BYTES // self.facts["bytes"])
        self.copies = max(1, room // max(1, self.samples)) if self._asked.program.run.open_batch else 1

    def __call__(self, points: Tensors) -> tuple[Tensors, Any]:
        """The gradients (copies, N, ...) and scores (copies, N) at points (copies, N, ...), by name."""
        copies = int(next(iter(points.values())).shape[0])
        flat = [
            tf.cast(_joined(points[name]), tensor.dtype) if name in points and name not in self._embedded
            else tf.tile(tensor, [copies, *[1] * (tensor.shape.rank - 1)])
            for name, tensor in self._flat.items()
        ]  # fmt: skip
        index = np.maximum(np.tile(self.index, copies), 0).astype(np.int32)  # it is -1 of a target function
        chosen = self._asked.target.arguments(np.tile(np.arange(self.samples), copies), index)
        found = self._asked(flat, chosen, *(_joined(points[name]) for name in self._embedded))
        return {n: _parted(g, copies) for n, g in found["gradient"].items()}, _parted(found["score"], copies)


def _points(view: View, facts: dict[str, Any]) -> dict[str, Any]:
    points = view.inputs()
    facts.update(axes={name: view.channel_axis(name) for name in points}, layer=None)
    return {"at": {name: t for name, t in points.items() if t is not view.recording.inputs[name]}}


def _instead(names: tuple[str, ...]) -> Any:
    def build(view: View, facts: dict[str, Any], *given: Any) -> dict[str, Any]:
        for name, tensor in zip(names, given, strict=True):
            view.replace(view.inputs()[name], tensor)
        points = view.inputs()
        view.differentiate(list(points.values()))
        return {"gradient": {name: view.gradient(t, name) for name, t in points.items()}}

    return build


def _joined(points: Any) -> Any:
    return tf.reshape(points, [-1, *points.shape[2:]])


def _parted(found: Any, copies: int) -> Any:
    return tf.reshape(found, [copies, -1, *found.shape[1:]])
