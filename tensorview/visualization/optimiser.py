"""How variables go uphill."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any


class Optimiser(abc.ABC):
    slots: int
    """Arrays that it keeps beside each variable; they start at zero."""

    @abc.abstractmethod
    def step(self, variable: Any, gradient: Any, slots: list[Any], number: Any) -> tuple[Any, list[Any]]:
        """The variable and its slots after a step; `number` counts steps from 1, a float32 scalar."""


@dataclass(frozen=True)
class Adam(Optimiser):
    """Kingma and Ba 2014, arXiv 1412.6980."""

    rate: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    slots = 2

    def step(self, variable: Any, gradient: Any, slots: list[Any], number: Any) -> tuple[Any, list[Any]]:
        import tensorflow as tf

        mean = self.beta1 * slots[0] + (1 - self.beta1) * gradient
        square = self.beta2 * slots[1] + (1 - self.beta2) * gradient * gradient
        rate = self.rate * tf.sqrt(1 - self.beta2**number) / (1 - self.beta1**number)
        return variable + rate * mean / (tf.sqrt(square) + self.epsilon), [mean, square]


@dataclass(frozen=True)
class Momentum(Optimiser):
    """Plain gradient ascent with momentum."""

    rate: float = 0.05
    momentum: float = 0.9
    slots = 1

    def step(self, variable: Any, gradient: Any, slots: list[Any], number: Any) -> tuple[Any, list[Any]]:
        velocity = self.momentum * slots[0] + self.rate * gradient
        return variable + velocity, [velocity]
