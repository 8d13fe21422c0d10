"""RISE after Petsiuk et al. 2018."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import Cost, Method
from tensorview.attribution.parameters import parameter
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.result import Attribution
    from tensorview.attribution.target import Target


@dataclass(frozen=True)
class RISE(Method):
    """The mean of random smooth masks, each weighted by the confidence in the class that is left when the input is seen
    through it, over the masks' own mean. All samples of a batch get the same masks."""

    name: ClassVar[str] = "rise"
    title: ClassVar[str] = "RISE"
    question: ClassVar[str] = "Which parts must be seen for the model to say this class?"
    paper: ClassVar[str] = "Petsiuk, Das, Saenko 2018, RISE, arXiv 1806.07421"
    range: ClassVar[str] = "0 to 1, in confidence"
    cost: ClassVar[Cost] = "many passes"
    looks_at_layer: ClassVar[bool] = False

    masks: int = parameter(1000, "random masks", minimum=1, maximum=100000)
    cells: int = parameter(7, "cells of a mask along each axis", minimum=1, maximum=256)
    share: float = parameter(0.5, "how many of the cells are open", minimum=0.01, maximum=0.99)
    seed: int = parameter(0, "of the masks", minimum=0, maximum=2**31 - 1)

    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        import numpy as np
        import tensorflow as tf

        from tensorview.attribution.engine import answer
        from tensorview.attribution.forward import Forward

        forward = Forward(model, inputs, target, "confidence")
        usable = forward.point_space
        if not usable:
            kinds = ", ".join(f"{name} is {tensor.dtype.name}" for name, tensor in forward.inputs.items())
            raise OptionError(f"there is no input that can be seen through a mask: {kinds}")
        samples = forward.asked.samples
        sizes = {name: [int(forward.points[name].shape[axis]) for axis in axes] for name, axes in usable.items()}
        totals = {name: np.zeros((samples, *size), np.float64) for name, size in sizes.items()}
        for part in forward.parts(self.masks):
            numbers = range(part.start, part.stop)
            masks = {name: self._masks(numbers, order, sizes[name]) for order, name in enumerate(usable)}
            for sample in range(samples):
                changed = {}
                for name, axes in usable.items():
                    tensor = forward.points[name][sample : sample + 1]
                    shape = [tensor.shape[axis] if axis in axes else 1 for axis in range(1, tensor.shape.rank)]
                    changed[name] = tf.cast(tensor, tf.float32) * masks[name].reshape(-1, *shape)
                answers = forward.at(sample, changed)
                for name in usable:
                    totals[name][sample] += np.tensordot(answers, masks[name], 1)
        maps = {name: (total / (self.masks * self.share)).astype(np.float32) for name, total in totals.items()}
        facts = {**forward.facts, "steps": (f"masks weighted by {forward.facts['answer']}",)}
        return answer(self, facts, {"values": maps, "raw": maps, "index": forward.index, "score": forward.score})

    def _masks(self, numbers: Sequence[int], order: int, size: list[int]) -> Any:
        """These masks, float32 (M, space...): open and closed cells, drawn smooth and cut out at a random offset."""
        import numpy as np
        import tensorflow as tf

        from tensorview.attribution.resize import resize

        cells = [min(self.cells, n) for n in size]
        step = [-(-n // c) for n, c in zip(size, cells, strict=True)]
        grids, offsets = [], []
        for number in numbers:
            random = np.random.default_rng((self.seed, order, number))
            grids.append(random.random([c + 1 for c in cells]) < self.share)
            offsets.append([int(random.integers(s)) for s in step])
        smooth = resize(
            tf.constant(np.stack(grids), tf.float32), [(c + 1) * s for c, s in zip(cells, step, strict=True)]
        )
        return np.stack(
            [
                one[tuple(slice(o, o + n) for o, n in zip(offset, size, strict=True))]
                for one, offset in zip(smooth.numpy(), offsets, strict=True)
            ]
        )
