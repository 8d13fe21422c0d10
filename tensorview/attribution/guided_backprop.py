"""Guided backpropagation after Springenberg et al. 2014."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tensorview.attribution.input_method import ReluMethod
from tensorview.attribution.method import Rule


@dataclass(frozen=True)
class GuidedBackprop(ReluMethod):
    """The gradient of the score where each ReLU also holds back what is negative on the way down: at a ReLU of x, the
    gradient R becomes [x > 0] [R > 0] R."""

    name: ClassVar[str] = "guided_backprop"
    title: ClassVar[str] = "Guided backpropagation"
    question: ClassVar[str] = "Which fine structures of the picture excite the units behind the class?"
    paper: ClassVar[str] = "Springenberg et al. 2014, Striving for Simplicity, arXiv 1412.6806"
    rule: ClassVar[Rule] = "guided"
