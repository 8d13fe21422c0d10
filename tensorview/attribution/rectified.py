"""Rectified gradients, as keras-vis has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tensorview.attribution.input_method import ReluMethod
from tensorview.attribution.method import Rule


@dataclass(frozen=True)
class Rectified(ReluMethod):
    """The gradient of the score where each ReLU lets through what is positive on the way down, whatever its input: the
    gradient R becomes [R > 0] R. That is the DeconvNet's way down, begun at the score."""

    name: ClassVar[str] = "rectified"
    title: ClassVar[str] = "Rectified gradients"
    question: ClassVar[str] = "Which structures would excite the units behind the class, whether they are there or not?"
    paper: ClassVar[str] = "Kotikalapudi 2017, keras-vis; the rule of Zeiler and Fergus 2013, arXiv 1311.2901"
    rule: ClassVar[Rule] = "rectified"
