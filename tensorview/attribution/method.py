"""What an attribution method is: a frozen dataclass whose fields are its parameters."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from tensorview.attribution.result import Attribution
    from tensorview.attribution.target import Target
    from tensorview.attribution.view import View

Cost = Literal["one pass", "many passes"]
Rule = Literal["guided", "rectified"]
"""A way down through ReLUs. guided: at a ReLU of x the gradient R becomes [x > 0] [R > 0] R. rectified: [R > 0] R,
whatever x is."""


@dataclass(frozen=True)
class Method(abc.ABC):
    """Base of all methods. A subclass is one file: its definition, its words, and its parameters as fields.

    name: as users type it. question: what it answers, in one short sentence. range: of the values. cost: how many
    forward and backward passes it takes. looks_at_layer: whether it explains by the maps of a layer. signed: whether
    values below zero speak against the target. by_class: whether another target gets another map.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    paper: ClassVar[str]
    range: ClassVar[str]
    cost: ClassVar[Cost]
    looks_at_layer: ClassVar[bool]
    signed: ClassVar[bool] = False
    by_class: ClassVar[bool] = True

    @abc.abstractmethod
    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        """Explain `target` of `model` on `inputs` (the model's own structure, batch first)."""


@dataclass(slots=True, eq=False)
class Maps:
    """What a gradient method makes of one run, as symbolic tensors; see Attribution for their meaning."""

    values: dict[str, Any]
    raw: Any
    steps: tuple[str, ...]
    layer: str | None = None
    weights: Any = None
    at_input: bool = True
    """False where the values could not be brought to any input's size."""


@dataclass(frozen=True)
class GradientMethod(Method):
    """A method that needs one gradient of the score, so that several of them can share one backward pass."""

    cost: ClassVar[Cost] = "one pass"

    @abc.abstractmethod
    def by(self, view: View) -> Sequence[Any]:
        """The tensors by which the score is to be differentiated."""

    @abc.abstractmethod
    def maps(self, view: View) -> Maps:
        """The maps, from the view's tensors and gradients."""

    def explain(self, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
        from tensorview.attribution.engine import explain

        return explain(self, model, inputs, target, layer)
