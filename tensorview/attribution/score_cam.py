"""Score-CAM after Wang et al. 2019."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.forward_method import ForwardCAM
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.forward import Forward


@dataclass(frozen=True)
class ScoreCAM(ForwardCAM):
    """The maps of a layer, each weighted by the confidence in the class that is left when the input is seen through
    that map alone, brought to the input's size and to 0..1.

    The confidence is the probability after one softmax (or sigmoid). Maps that are zero everywhere weigh nothing.
    """

    name: ClassVar[str] = "score_cam"
    title: ClassVar[str] = "Score-CAM"
    question: ClassVar[str] = "Which parts, seen alone, make the model say this class?"
    paper: ClassVar[str] = "Wang et al. 2019, Score-CAM, arXiv 1910.01279"
    quantity: ClassVar[Any] = "confidence"

    def weights(self, forward: Forward, sample: int, maps: Any) -> Any:
        import numpy as np
        import tensorflow as tf

        from tensorview.attribution.resize import resize

        rank = maps.shape.rank
        masked = {name: axes for name, axes in forward.point_space.items() if len(axes) == rank - 1}
        if not masked:
            assert forward.layer is not None
            raise OptionError(
                f"no input has the axes of layer {forward.layer.id!r}, so none can be seen through its maps"
            )
        found = np.zeros(int(maps.shape[0]), np.float32)
        alive = np.flatnonzero(np.any(maps.numpy().reshape(len(found), -1) != 0, axis=1))
        for part in forward.parts(len(alive)):
            chosen = tf.gather(maps, alive[part])
            changed = {}
            for name, axes in masked.items():
                tensor = forward.points[name][sample : sample + 1]
                mask = _unit(resize(chosen, [tensor.shape[axis] for axis in axes]))
                for axis in range(1, tensor.shape.rank):
                    mask = mask if axis in axes else tf.expand_dims(mask, axis)
                changed[name] = tf.cast(tensor, tf.float32) * mask
            found[alive[part]] = forward.at(sample, changed)
        return found


def _unit(masks: Any) -> Any:
    """Masks from 0 to 1, each by itself; one that is the same everywhere is all 0."""
    import tensorflow as tf

    axes = list(range(1, masks.shape.rank))
    low, high = (find(masks, axes, keepdims=True) for find in (tf.reduce_min, tf.reduce_max))
    return tf.math.divide_no_nan(masks - low, high - low)
