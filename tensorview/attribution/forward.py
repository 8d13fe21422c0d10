"""What a model answers on many changed copies of its inputs, without gradients, in passes of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from tensorview.attribution import engine, pace
from tensorview.attribution.engine import Asked, Question
from tensorview.attribution.features import FeatureMaps
from tensorview.attribution.folding import fold_norms
from tensorview.attribution.result import Array
from tensorview.attribution.target import Target
from tensorview.attribution.tokens import Grid
from tensorview.attribution.view import View

PASS_BYTES = 2**25
"""What the largest activation of one pass may hold, and the input of one pass too: about what a processor's cache
holds. A layer that finds there what the last one left is faster by more than small passes cost."""
MOST = 64
"""Copies in one pass at most."""

Quantity = Literal["score", "confidence"]
"""score: before the last softmax or sigmoid, as gradients explain it. confidence: the probability after one softmax or
sigmoid; the score itself where there is but one value that no sigmoid makes, or a target function."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The maps of the layer that is looked at, float32 (N, ...), and their axes, batch included. grid: how they lie,
    where they are tokens of a picture."""

    id: str
    maps: Any
    channel_axis: int
    grid: Grid | None

    @property
    def laid(self) -> Any:
        """The maps (N, space..., channels), tokens on their grid."""
        if self.grid is not None:
            return self.grid.lay(self.maps)
        space = [axis for axis in range(1, self.maps.shape.rank) if axis != self.channel_axis]
        return tf.transpose(self.maps, [0, *space, self.channel_axis])


class Forward:
    """Asks one target of a model, over and over, on changes of single samples.

    inputs: the tensors that were given, by input name. space: the axes in space of each that holds numbers, batch
    included. points, point_space: the same for what can be scaled or seen through a mask: these inputs, but of token
    ids their embeddings. index, score: the class that is explained for each sample, and its score. answer: the quantity
    on the unchanged samples, (N,). layer: of the layer that was asked for, where `looks` is set.
    """

    def __init__(
        self,
        model: Any,
        inputs: Any,
        target: Target,
        quantity: Quantity,
        *,
        looks: bool = False,
        layer: str | None = None,
    ) -> None:
        first = Asked(model, inputs, _question(target, quantity, looks, layer))
        self.asked, self.facts = first, first.facts
        given = [first(self._slice(first, part), first.target.arguments(part)) for part in _parts(first)]
        joined = tf.nest.map_structure(lambda *parts: tf.concat(parts, 0), *given)
        self.index, self.score, self.answer = (joined[key].numpy() for key in ("index", "score", "answer"))
        self.inputs = dict(zip(self.facts["inputs"], first.flat, strict=True))
        self.space: dict[str, tuple[int, ...]] = self.facts["space"]
        self.point_space: dict[str, tuple[int, ...]] = self.facts["point_space"]
        self.points = {name: joined["embedded"].get(name, self.inputs[name]) for name in self.point_space}
        self._embedded = tuple(joined["embedded"])
        keys = ("layer", "maps", "channel_axis", "grid")
        self.layer = Layer(*({**self.facts, **joined}[key] for key in keys)) if looks else None
        self._open = first.program.run.open_batch
        self._tail: Asked | None = None
        self._ask: Callable[[], Asked] = lambda: Asked(model, inputs, _tail_question(target, quantity, layer))
        self._masked: Asked | None = None
        self._ask_masked: Callable[[], Asked] = lambda: Asked(
            model, inputs, _embedded_question(target, quantity, self._embedded)
        )

    @property
    def room(self) -> int:
        """Copies that one pass may take."""
        if not self._open:
            return max(1, self.asked.samples)
        return int(np.clip(PASS_BYTES // max(1, self.facts["largest"]), 1, MOST))

    def parts(self, count: int) -> Iterator[slice]:
        """The numbers from 0 to `count` in slices that a pass can take."""
        yield from pace.parts(count, self.room)

    def of(self, sample: int, changed: dict[str, Any]) -> Array:
        """The answers, float32 (M,), for a sample with these inputs, by name, in place of its own: (M, ...)."""
        return self._run(self.asked, sample, changed, ())

    def at(self, sample: int, changed: dict[str, Any]) -> Array:
        """The answers (M,) for a sample with these points, by name, in place of its own: (M, ...)."""
        if not self._embedded:
            return self.of(sample, changed)
        self._masked = self._masked or self._ask_masked()
        count = len(next(iter(changed.values())))
        embedded = [
            tf.cast(changed.get(name, tf.repeat(self.points[name][sample : sample + 1], count, 0)), tf.float32)
            for name in self._embedded
        ]
        others = {name: tensor for name, tensor in changed.items() if name not in self._embedded}
        return self._run(self._masked, sample, others, tuple(embedded))

    def with_maps(self, sample: int, maps: Any) -> Array:
        """The answers (M,) for a sample with these maps (M, ...) in place of the layer's own. Only what follows the
        layer is computed."""
        self._tail = self._tail or self._ask()
        return self._run(self._tail, sample, {}, (maps,))

    def _run(self, asked: Asked, sample: int, changed: dict[str, Any], extra: tuple[Any, ...]) -> Array:
        count = len(next(iter((*changed.values(), *extra))))
        padded = count if self._open else max(1, asked.samples)  # where only the traced number of samples can be run
        flat = [
            _filled(tf.cast(changed[name], tensor.dtype), padded)
            if name in changed
            else tf.repeat(tensor[sample : sample + 1], padded, 0)
            for name, tensor in self.inputs.items()
        ]
        index = np.full(padded, max(0, int(self.index[sample])), np.int32)
        chosen = asked.target.arguments(np.full(padded, sample), index)
        found = asked(flat, chosen, *(_filled(tensor, padded) for tensor in extra))
        return np.asarray(found["answer"][:count])

    @staticmethod
    def _slice(asked: Asked, part: slice) -> list[Any]:
        return [tensor[part] for tensor in asked.flat]


def confidence(view: View) -> tuple[Any, str]:
    """What a view's target is worth as a probability, (N,), and what that is in words."""
    output = view.output
    if view.function or (output.activation == "none" and (output.classes or 0) < 2):
        return view.score, "the score"
    words = "the sigmoid of the score" if output.activation == "sigmoid" else "the softmax of the scores"
    spread = "the mean over positions of " if output.sizes and output.where.kind != "position" else ""
    return tf.gather(output.confidences(), view.index, batch_dims=1), spread + words


def _question(target: Target, quantity: Quantity, looks: bool, layer: str | None) -> Question:
    def build(view: View, facts: dict[str, Any]) -> dict[str, Any]:
        fold_norms(view)
        _note(view, facts)
        looked: FeatureMaps | None = view.maps() if looks else None
        facts.update(layer=looked.id if looked else None, channel_axis=looked.channel_axis if looked else None)
        facts.update(grid=view.grid(looked) if looked else None)
        maps = {"maps": tf.cast(looked.tensor, tf.float32)} if looked else {}
        embedded = {name: tensor for name in facts["point_space"] if (tensor := view.embedding(name)) is not None}
        return {**maps, "embedded": embedded, "answer": _answer(view, facts, quantity)}

    return Question(target, layer, ("forward", quantity, looks), build, often=True)


def _tail_question(target: Target, quantity: Quantity, layer: str | None) -> Question:
    def build(view: View, facts: dict[str, Any], maps: Any) -> dict[str, Any]:
        view.replace(view.maps().tensor, maps)
        return {"answer": _answer(view, facts, quantity)}

    return Question(target, layer, ("tail", quantity), build, (tf.TensorSpec(None, tf.float32),), often=True)


def _embedded_question(target: Target, quantity: Quantity, names: tuple[str, ...]) -> Question:
    def build(view: View, facts: dict[str, Any], *given: Any) -> dict[str, Any]:
        for name, tensor in zip(names, given, strict=True):
            view.replace(view.embedding(name), tensor)
        return {"answer": _answer(view, facts, quantity)}

    specs = (tf.TensorSpec(None, tf.float32),) * len(names)
    return Question(target, None, ("forward at", quantity, names), build, specs, often=True)


def _answer(view: View, facts: dict[str, Any], quantity: Quantity) -> Any:
    found, words = confidence(view) if quantity == "confidence" else (view.score, "the score")
    facts.update(answer=words)
    return found


def _note(view: View, facts: dict[str, Any]) -> None:
    space, point_space = {}, {}
    for name, tensor in view.recording.inputs.items():
        rank = tensor.shape.rank or 0
        if rank > 1 and (tensor.dtype.is_floating or tensor.dtype.is_integer):
            channel = view.features.input_channel_axis(name)
            space[name] = tuple(axis for axis in range(1, rank) if axis != channel)
            if tensor.dtype.is_floating or rank > 3:  # whole numbers of three axes are a picture
                point_space[name] = space[name]
            elif view.embedding(name) is not None:
                point_space[name] = tuple(range(1, rank))
    facts.update(space=space, point_space=point_space, largest=engine.largest_bytes(view.recording))


def _parts(asked: Asked) -> Iterator[slice]:
    for start in range(0, max(asked.samples, 1), max(asked.step, 1)):
        yield slice(start, start + asked.step)


def _filled(tensor: Any, count: int) -> Any:
    missing = count - int(tensor.shape[0])
    return tf.concat([tensor, tf.repeat(tensor[:1], missing, 0)], 0) if missing > 0 else tensor
