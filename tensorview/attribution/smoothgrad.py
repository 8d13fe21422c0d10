"""SmoothGrad after Smilkov et al. 2017, with its squared form and VarGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution import pace
from tensorview.attribution.input_method import SHOWN, shown
from tensorview.attribution.method import Cost, Method
from tensorview.attribution.parameters import parameter

if TYPE_CHECKING:
    from tensorview.attribution.result import Attribution
    from tensorview.attribution.target import Target

_STEPS = {
    "mean": "mean of the gradients",
    "square": "mean of the squared gradients",
    "var": "variance of the gradients",
}


@dataclass(frozen=True)
class SmoothGrad(Method):
    """The saliency map of the mean of the signed gradients at noisy copies of the input.

    Libraries mean four things by this name: here the absolute value is taken of the mean, not the mean of absolute
    values. `.raw` is the mean gradient, the mean of its square (`square`, Hooker et al. 2018) or its variance (`var`,
    Adebayo et al. 2018). All samples of a batch get the same noise, each scaled by its own range of values.
    """

    name: ClassVar[str] = "smoothgrad"
    title: ClassVar[str] = "SmoothGrad"
    question: ClassVar[str] = "Which pixels change the class score most, also for pictures that look the same?"
    paper: ClassVar[str] = "Smilkov et al. 2017, SmoothGrad, arXiv 1706.03825"
    range: ClassVar[str] = "0 and up, in score per unit of input, or its square"
    cost: ClassVar[Cost] = "many passes"
    looks_at_layer: ClassVar[bool] = False

    samples: int = parameter(50, "noisy copies", minimum=1, maximum=10000)
    noise: float = parameter(0.15, "standard deviation of the noise, over the input's range", minimum=0, maximum=10)
    statistic: str = parameter("mean", "what is made of the gradients", choices=("mean", "square", "var"))
    seed: int = parameter(0, "of the noise", minimum=0, maximum=2**31 - 1)

    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        import numpy as np
        import tensorflow as tf

        from tensorview.attribution.engine import answer
        from tensorview.attribution.probe import Probe

        probe = Probe(model, inputs, target)
        scale = {name: self.noise * _range(at) for name, at in probe.at.items()}
        sums = {name: np.zeros(at.shape, np.float64) for name, at in probe.at.items()}
        squares = {name: np.zeros(at.shape, np.float64) for name, at in probe.at.items()}
        for part in pace.parts(self.samples, probe.copies):
            copies = range(part.start, part.stop)
            points = {}
            for order, (name, at) in enumerate(probe.at.items()):
                seeds = [(self.seed, copy * len(probe.at) + order) for copy in copies]
                noise = tf.stack([tf.random.stateless_normal(at.shape[1:], seed) for seed in seeds])
                points[name] = at + noise[:, None] * scale[name]
            for name, gradient in probe(points)[0].items():
                values = gradient.numpy()
                sums[name] += values.sum(0, dtype=np.float64)
                if self.statistic != "mean":
                    squares[name] += np.square(values, dtype=np.float64).sum(0)
        raw = {name: self._statistic(sums[name] / self.samples, squares[name] / self.samples) for name in sums}
        values = {name: shown(raw[name], probe.channel_axis[name]).numpy() for name in raw}
        facts = {**probe.facts, "steps": (_STEPS[self.statistic], *SHOWN)}
        return answer(self, facts, {"values": values, "raw": raw, "index": probe.index, "score": probe.score})

    def _statistic(self, mean: Any, square: Any) -> Any:
        import numpy as np

        found = {"mean": lambda: mean, "square": lambda: square, "var": lambda: np.maximum(square - mean**2, 0)}
        return found[self.statistic]().astype(np.float32)


def _range(at: Any) -> Any:
    """The range of each sample's values, (N, 1, ...)."""
    import tensorflow as tf

    axes = list(range(1, at.shape.rank))
    return tf.reduce_max(at, axes, keepdims=True) - tf.reduce_min(at, axes, keepdims=True)
