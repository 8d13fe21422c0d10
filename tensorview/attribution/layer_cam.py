"""Layer-CAM after Jiang et al. 2021."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tensorview.attribution.layer_method import PointwiseMethod


@dataclass(frozen=True)
class LayerCAM(PointwiseMethod):
    """The maps of a layer times their positive gradient, point by point, summed over channels."""

    name: ClassVar[str] = "layer_cam"
    title: ClassVar[str] = "Layer-CAM"
    question: ClassVar[str] = "Which fine places, also in early layers, speak for the class?"
    paper: ClassVar[str] = "Jiang et al. 2021, LayerCAM, IEEE TIP 30, doi 10.1109/TIP.2021.3089943"

    def point_weights(self, gradient: Any) -> Any:
        import tensorflow as tf

        return tf.nn.relu(gradient)
