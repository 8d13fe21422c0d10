"""What a model answers for one target, over and over on changed inputs: one compiled function, never retraced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import engine
from tensorview.attribution.target import Target
from tensorview.attribution.view import View
from tensorview.errors import OptionError
from tensorview.signature import text

HELD = 32
"""Changed inputs that are run at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """values: float64 (N,), the answer for each sample. index: int64 (N,), the class that it is about, -1 for a target
    given as a callable. note: which quantity it is."""

    values: np.ndarray
    index: np.ndarray
    note: str


class Question:
    """One target of one model, asked on a batch and on changes of single samples of it.

    model, inputs, target: as `attribute` takes them, the target parsed. The answer is the probability where the output
    ends in softmax or sigmoid and has no positions, else the score that attributions explain.
    """

    def __init__(self, model: Any, inputs: Any, target: Target) -> None:
        self.model = model
        self.structure, self.samples = engine.prepared(model, inputs)
        self._program, found = engine.run(model, self.structure, self._question(target))
        self.target = target.fitted(self._program.facts["sizes"], self._program.facts["output"])
        self.kernels: list[list[Any]] = self._program.facts["kernels"]
        """The kernels of each layer, in call order."""
        self.answers = Answers(
            values=found["answer"].astype(np.float64),
            index=found["index"].astype(np.int64),
            note=self._program.facts["answer"],
        )

    def inputs(self) -> dict[str, np.ndarray]:
        """The batch's arrays by input name."""
        flat = [tensor for tensor in tf.nest.flatten(self.structure) if tensor is not None]
        return dict(zip(self._program.facts["inputs"], (np.asarray(tensor) for tensor in flat), strict=True))

    def of(self, sample: int, name: str, changed: Any) -> np.ndarray:
        """The answers, float64 (M,), for sample `sample` with its input `name` changed in M ways.

        changed: an iterable of arrays, each a sample of that input. The class is that of the unchanged sample.
        """
        names = list(self._program.facts["inputs"])
        if name not in names:
            raise OptionError(f"the model has no input {name!r}; its inputs are {', '.join(names)}")
        found: list[np.ndarray] = []
        held: list[np.ndarray] = []
        for one in changed:
            held.append(one)
            if len(held) == HELD:
                found.append(self._run(sample, names.index(name), np.stack(held)))
                held = []
        if held:
            found.append(self._run(sample, names.index(name), np.stack(held)))
        return np.concatenate(found) if found else np.zeros(0)

    def _run(self, sample: int, place: int, changed: np.ndarray) -> np.ndarray:
        count = len(changed)
        flat = tf.nest.flatten(self.structure)
        present = [i for i, tensor in enumerate(flat) if tensor is not None]
        for i in present:
            flat[i] = tf.repeat(flat[i][sample : sample + 1], count, axis=0)
        at = present[place]
        if changed.shape[1:] != tuple(flat[at].shape[1:]):
            raise OptionError(f"a sample of this input is {text(flat[at].shape[1:])}, but {changed.shape[1:]} came")
        flat[at] = tf.convert_to_tensor(changed.astype(flat[at].dtype.as_numpy_dtype))
        structure = tf.nest.pack_sequence_as(self.structure, flat)
        _, found = engine.run(self.model, structure, self._question(self.asked(sample, count)))
        return np.asarray(found["answer"], np.float64)

    def asked_all(self) -> Target:
        """The target of all samples, the class of each fixed."""
        fixed = np.where(self.answers.index < 0, self.target.indices, self.answers.index)
        return self.target.of(slice(None), fixed)

    def asked(self, sample: int, count: int) -> Target:
        """The target of one sample, its class fixed, for `count` samples."""
        index = int(self.answers.index[sample])
        fixed = self.target.indices[sample] if index < 0 else index
        return self.target.of(np.full(count, sample), np.full(count, fixed))

    @staticmethod
    def _question(target: Target) -> engine.Question:
        def build(view: View, facts: dict[str, Any]) -> dict[str, Any]:
            return _answer(view, facts, own=target.function is not None)

        return engine.Question(target, None, ("answer",), build)


def _answer(view: View, facts: dict[str, Any], own: bool) -> dict[str, Any]:
    facts["kernels"] = [kernels for call in view.recording.calls if (kernels := _kernels(call.keras_layer))]
    output = view.output
    if own or output.classes is None or (output.tensor.shape.rank or 0) > 2:
        facts["answer"] = facts["note"]
        return {"answer": view.score}
    if output.activation in ("softmax", "log_softmax"):
        facts["answer"] = f"probability (softmax) of output {output.name!r}"
        return {"answer": tf.gather(tf.nn.softmax(output.scores), view.index, batch_dims=1)}
    if output.activation == "sigmoid":
        facts["answer"] = f"probability (sigmoid) of output {output.name!r}"
        return {"answer": tf.sigmoid(view.score)}
    facts["answer"] = facts["note"]
    return {"answer": view.score}


def _kernels(layer: Any) -> list[Any]:
    """The weights of a layer that make up its function: floating point, of two axes or more."""
    weights = getattr(layer, "trainable_weights", None) or []
    return [weight for weight in weights if len(weight.shape) >= 2 and "float" in str(weight.dtype)]
