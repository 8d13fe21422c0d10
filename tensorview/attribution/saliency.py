"""Saliency maps after Simonyan et al. 2013."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tensorview.attribution.input_method import InputMethod


@dataclass(frozen=True)
class Saliency(InputMethod):
    """The gradient of the class score by the input; shown is the maximum of its absolute value over channels.

    `.raw` is the signed gradient itself, shaped as the input. An input without channels shows the absolute value.
    """

    name: ClassVar[str] = "saliency"
    title: ClassVar[str] = "Saliency"
    question: ClassVar[str] = "Which pixels change the class score most when they change a little?"
    paper: ClassVar[str] = "Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional Networks, arXiv 1312.6034"
