"""Methods that look at changed inputs' answers, without gradients."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import Cost, Method
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.forward import Forward
    from tensorview.attribution.result import Attribution
    from tensorview.attribution.target import Target


@dataclass(frozen=True)
class ForwardCAM(Method):
    """A weighted sum of a layer's maps, weighted by forward passes; ReLU; over its maximum; resized to the input."""

    range: ClassVar[str] = "0 to 1, each map over its own maximum"
    cost: ClassVar[Cost] = "many passes"
    looks_at_layer: ClassVar[bool] = True
    quantity: ClassVar[Any]
    """What is asked of the model, see `forward.Quantity`."""

    @abc.abstractmethod
    def weights(self, forward: Forward, sample: int, maps: Any) -> Any:
        """The weight of each channel, (channels,), for one sample; `maps` are its maps, (channels, space...)."""

    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        import numpy as np
        import tensorflow as tf

        from tensorview.attribution.engine import answer
        from tensorview.attribution.forward import Forward
        from tensorview.attribution.layer_method import RESIZED, SHOWN, weighted
        from tensorview.attribution.resize import normalise, resize
        from tensorview.attribution.view import Word

        if layer is Word.ALL:
            raise OptionError(f"{self.name} looks at one layer at a time; name it")
        forward = Forward(model, inputs, target, self.quantity, looks=True, layer=layer)
        found = forward.layer
        assert found is not None
        laid = found.laid
        rank = laid.shape.rank
        maps = tf.transpose(laid, [0, rank - 1, *range(1, rank - 1)])
        weights = np.stack([self.weights(forward, i, one) for i, one in enumerate(maps)]).astype(np.float32)
        raw = weighted(laid, tf.constant(weights), rank - 1)
        shown = normalise(tf.nn.relu(raw))
        values = {
            name: resize(shown, [forward.inputs[name].shape[axis] for axis in axes]).numpy()
            for name, axes in forward.space.items()
            if len(axes) == rank - 2
        }
        steps = (
            *((found.grid.step,) if found.grid else ()),
            f"weights by {forward.facts['answer']}",
            *SHOWN,
            *((RESIZED,) if values else ()),
        )
        result = {
            "values": values or dict.fromkeys(forward.inputs, shown.numpy()),
            "raw": raw.numpy(),
            "weights": weights,
            "index": forward.index,
            "score": forward.score,
        }
        return answer(self, {**forward.facts, "steps": steps}, result)
