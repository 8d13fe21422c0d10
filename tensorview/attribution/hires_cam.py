"""HiRes-CAM after Draelos and Carin 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tensorview.attribution.layer_method import PointwiseMethod


@dataclass(frozen=True)
class HiResCAM(PointwiseMethod):
    """The maps of a layer times their gradient, point by point, summed over channels: nothing is averaged, so that
    what is shown is what the score is made of."""

    name: ClassVar[str] = "hires_cam"
    title: ClassVar[str] = "HiRes-CAM"
    question: ClassVar[str] = "Which points of a layer does the score really rest on?"
    paper: ClassVar[str] = "Draelos and Carin 2020, Use HiResCAM instead of Grad-CAM, arXiv 2011.08891"

    def point_weights(self, gradient: Any) -> Any:
        return gradient
