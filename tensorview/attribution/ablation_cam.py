"""Ablation-CAM after Desai and Ramaswamy 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.forward_method import ForwardCAM

if TYPE_CHECKING:
    from tensorview.attribution.forward import Forward


@dataclass(frozen=True)
class AblationCAM(ForwardCAM):
    """The maps of a layer, each weighted by the share of the score that is lost when that map is set to zero.

    The loss is taken relative to the score's absolute value, so that a map that supports a class weighs more than zero
    whatever the score's sign. Only what follows the layer is computed again.
    """

    name: ClassVar[str] = "ablation_cam"
    title: ClassVar[str] = "Ablation-CAM"
    question: ClassVar[str] = "Without which maps would the score be lower?"
    paper: ClassVar[str] = "Desai and Ramaswamy 2020, Ablation-CAM, WACV, doi 10.1109/WACV45572.2020.9093360"
    quantity: ClassVar[Any] = "score"

    def weights(self, forward: Forward, sample: int, maps: Any) -> Any:
        import numpy as np
        import tensorflow as tf

        layer = forward.layer
        assert layer is not None
        own = layer.maps[sample : sample + 1]
        channels = int(maps.shape[0])
        score = float(forward.answer[sample])
        found = np.zeros(channels, np.float32)
        for part in forward.parts(channels):
            shape = [1] * own.shape.rank
            shape[0], shape[layer.channel_axis] = -1, channels
            kept = 1.0 - tf.one_hot(tf.range(part.start, part.stop), channels)
            found[part] = score - forward.with_maps(sample, own * tf.reshape(kept, shape))
        return found / abs(score) if score else found
