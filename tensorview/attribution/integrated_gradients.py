"""Integrated gradients after Sundararajan et al. 2017."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution import pace
from tensorview.attribution.gradient_input import SUMMED, summed
from tensorview.attribution.method import Cost, Method
from tensorview.attribution.parameters import parameter

if TYPE_CHECKING:
    from tensorview.attribution.result import Attribution
    from tensorview.attribution.target import Target


@dataclass(frozen=True)
class IntegratedGradients(Method):
    """The input's difference from a baseline times the gradient's mean on the straight way between them, by
    Gauss-Legendre quadrature.

    The shares in `.raw` add up to the score's difference from the baseline's; `.delta` says by how much they miss it.
    Token ids: from the baseline to their embeddings.
    """

    name: ClassVar[str] = "integrated_gradients"
    title: ClassVar[str] = "Integrated gradients"
    question: ClassVar[str] = "How much does each pixel add to the class score, compared with an empty picture?"
    paper: ClassVar[str] = "Sundararajan, Taly, Yan 2017, Axiomatic Attribution for Deep Networks, arXiv 1703.01365"
    range: ClassVar[str] = "signed, in score"
    cost: ClassVar[Cost] = "many passes"
    looks_at_layer: ClassVar[bool] = False
    signed: ClassVar[bool] = True

    steps: int = parameter(50, "points on the way", minimum=1, maximum=1000)
    baseline: float = parameter(0.0, "value of the empty input, as the model takes it")

    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        import numpy as np
        import tensorflow as tf

        from tensorview.attribution.engine import answer
        from tensorview.attribution.probe import Probe

        probe = Probe(model, inputs, target)
        nodes, weights = np.polynomial.legendre.leggauss(self.steps)
        places, shares = (nodes + 1) / 2, weights / 2
        base = {name: tf.fill(at.shape, self.baseline) for name, at in probe.at.items()}
        integral = {name: np.zeros(at.shape, np.float64) for name, at in probe.at.items()}
        for part in pace.parts(self.steps, probe.copies):
            points = {name: base[name] + _along(places[part], at) * (at - base[name]) for name, at in probe.at.items()}
            for name, gradient in probe(points)[0].items():
                integral[name] += np.tensordot(shares[part], gradient.numpy().astype(np.float64), 1)
        raw = {name: ((at - base[name]).numpy() * integral[name]) for name, at in probe.at.items()}
        lowest = probe({name: value[None] for name, value in base.items()})[1].numpy()[0]
        total = np.sum([share.reshape(len(share), -1).sum(1) for share in raw.values()], axis=0)
        result = {
            "values": {name: summed(share, probe.channel_axis[name]).numpy() for name, share in _floats(raw).items()},
            "raw": _floats(raw),
            "delta": (total - (probe.score.astype(np.float64) - lowest)).astype(np.float32),
            "index": probe.index,
            "score": probe.score,
        }
        facts = {**probe.facts, "steps": SUMMED}
        return answer(self, facts, result)


def _along(places: Any, at: Any) -> Any:
    """Places on the way, shaped to go with points (places, N, ...)."""
    import tensorflow as tf

    return tf.constant(places.reshape(-1, *[1] * at.shape.rank), tf.float32)


def _floats(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: share.astype("float32") for name, share in raw.items()}
