"""Occlusion after Zeiler and Fergus 2013."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import Cost, Method
from tensorview.attribution.parameters import parameter
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.forward import Forward
    from tensorview.attribution.result import Array, Attribution
    from tensorview.attribution.target import Target


@dataclass(frozen=True)
class Occlusion(Method):
    """How much the score drops when a patch of the input is covered, patch by patch.

    `.raw` is the drop for each place of the patch, in rows and columns of places, a dict by input name where there are
    several; `.values` give each pixel the mean drop of the patches that cover it. Signed: where the score rises, what
    was covered spoke against the class.
    """

    name: ClassVar[str] = "occlusion"
    title: ClassVar[str] = "Occlusion"
    question: ClassVar[str] = "Which part can't be covered without losing the class?"
    paper: ClassVar[str] = "Zeiler and Fergus 2013, Visualizing and Understanding CNNs, arXiv 1311.2901"
    range: ClassVar[str] = "signed, in score"
    cost: ClassVar[Cost] = "many passes"
    looks_at_layer: ClassVar[bool] = False
    signed: ClassVar[bool] = True

    patch: int = parameter(0, "side of the patch; 0: an eighth of the input's longest side", minimum=0)
    stride: int = parameter(0, "from patch to patch; 0: half a patch", minimum=0)
    fill: float = parameter(0.0, "what covers, as the model takes it")

    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        import numpy as np

        from tensorview.attribution.engine import answer
        from tensorview.attribution.forward import Forward

        forward = Forward(model, inputs, target, "score")
        if not forward.space:
            kinds = ", ".join(f"{name} is {tensor.dtype.name}" for name, tensor in forward.inputs.items())
            raise OptionError(f"there is no input of numbers with a place for a patch: {kinds}")
        values, raw = {}, {}
        for name, axes in forward.space.items():
            found = [self._sample(forward, name, axes, sample) for sample in range(forward.asked.samples)]
            values[name], raw[name] = (np.stack(arrays) for arrays in zip(*found, strict=True))
        facts = {**forward.facts, "steps": ("mean over the patches that cover a place",)}
        return answer(self, facts, {"values": values, "raw": raw, "index": forward.index, "score": forward.score})

    def _sample(self, forward: Forward, name: str, axes: tuple[int, ...], sample: int) -> tuple[Array, Array]:
        """The map of one sample at the input's size, and the drop at each place of the patch."""
        import numpy as np

        given = forward.inputs[name][sample].numpy()
        sizes = [given.shape[axis - 1] for axis in axes]
        patch = self.patch or max(1, round(max(sizes) / 8))
        stride = self.stride or max(1, patch // 2)
        starts = [_starts(size, patch, stride) for size in sizes]
        places = [tuple(slice(s, s + patch) for s in start) for start in itertools.product(*starts)]
        drops = np.zeros(len(places), np.float32)
        for part in forward.parts(len(places)):
            changed = np.repeat(given[None], part.stop - part.start, 0)
            for one, place in zip(changed, places[part], strict=True):
                window = [slice(None)] * given.ndim
                for axis, cut in zip(axes, place, strict=True):
                    window[axis - 1] = cut
                one[tuple(window)] = self.fill
            drops[part] = forward.answer[sample] - forward.of(sample, {name: changed})
        total, covered = np.zeros(sizes, np.float64), np.zeros(sizes, np.float64)
        for place, drop in zip(places, drops, strict=True):
            total[place] += drop
            covered[place] += 1
        values = np.divide(total, covered, out=np.zeros_like(total), where=covered > 0)
        return values.astype(np.float32), drops.reshape([len(s) for s in starts])


def _starts(size: int, patch: int, stride: int) -> list[int]:
    """Where patches begin along an axis; the last one ends with the axis."""
    last = max(0, size - patch)
    return [*range(0, last, stride), last]
