"""What is maximised: a weighted sum of terms, each a number for each image of a batch."""

from __future__ import annotations

import abc
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.visualization.scene import Scene

Array = np.ndarray[Any, Any]


class Term(abc.ABC):
    """One quantity. What it asks of the graph is its `key`; numbers that differ from image to image (a channel, a
    direction) are its `arguments`, so that one compiled function serves all channels of a layer.

    together: the images of one batch are looked at beside each other. looks_at_model: it is of the model, not of the
    image alone.
    """

    together: ClassVar[bool] = False
    looks_at_model: ClassVar[bool] = True

    @property
    @abc.abstractmethod
    def key(self) -> Hashable:
        """Equal keys mean equal graphs."""

    def arguments(self) -> tuple[Array, ...]:
        """Arrays of fixed shapes, int32 or float32; those of all images are stacked."""
        return ()

    @abc.abstractmethod
    def value(self, scene: Scene, *arguments: Any) -> Any:
        """The quantity, (N,) float32, from symbolic tensors; `arguments` come with the batch first."""

    @abc.abstractmethod
    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms: objectives add, subtract and scale."""

    terms: tuple[tuple[float, Term], ...]

    @property
    def key(self) -> Hashable:
        return tuple(
            (weight, type(term).__name__, term.key, *(np.shape(one) for one in term.arguments()))
            for weight, term in self.terms
        )

    @property
    def together(self) -> bool:
        """Whether its images must go through the model in one batch."""
        return any(term.together for _, term in self.terms)

    @property
    def looks_at_model(self) -> bool:
        return any(term.looks_at_model for _, term in self.terms)

    def arguments(self) -> list[Array]:
        return [argument for _, term in self.terms for argument in term.arguments()]

    def value(self, scene: Scene, arguments: Iterator[Any]) -> Any:
        """(N,) float32. `arguments`: those of all terms in turn, with the batch first."""
        parts = [
            weight * term.value(scene, *[next(arguments) for _ in term.arguments()]) for weight, term in self.terms
        ]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def __add__(self, other: Objective) -> Objective:
        return Objective((*self.terms, *_objective(other).terms))

    def __neg__(self) -> Objective:
        return -1.0 * self

    def __sub__(self, other: Objective) -> Objective:
        return self + -_objective(other)

    def __mul__(self, factor: float) -> Objective:
        if isinstance(factor, bool) or not isinstance(factor, int | float | np.number):
            raise OptionError(f"an objective is scaled by a number, but {factor!r} came")
        return Objective(tuple((weight * float(factor), term) for weight, term in self.terms))

    __rmul__ = __mul__

    def __str__(self) -> str:
        text = ""
        for weight, term in self.terms:
            sign = (" - " if weight < 0 else " + ") if text else ("-" if weight < 0 else "")
            size = "" if abs(weight) == 1 else f"{abs(weight):g}*"
            text += f"{sign}{size}{term}"
        return text


def _objective(other: Any) -> Objective:
    if not isinstance(other, Objective):
        raise OptionError(f"an objective adds to an objective, but {other!r} came")
    return other
