"""Takes images uphill, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tensorview.visualization import steps as stepping
from tensorview.visualization.objective import Objective
from tensorview.visualization.steps import Steps

REDIRECTED = 16
"""Steps for which the gradient is led around ReLUs that let nothing of it through."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One image (space..., channels) as its parametrisation gives it, 0..1 or beyond; its objective at each step
    (steps,), and at the end without transforms; whether nothing of the gradient arrives at it."""

    image: np.ndarray
    history: np.ndarray
    score: float
    dead: bool


def climb(
    run: Steps, objectives: Sequence[Objective], seeds: Sequence[int], steps: int, told: Callable[[int], None]
) -> list[Made]:
    """One batch: an image for each objective, all of one kind, and seed. `told`: how many steps are done."""
    recipe = run.recipe
    state = stepping.start(run.canvas, recipe, seeds)
    arguments = [tf.constant(np.stack(given)) for given in zip(*(one.arguments() for one in objectives), strict=True)]
    drawn = tf.constant(stepping.draws(recipe, seeds, steps))
    dead = np.zeros(len(seeds), bool)
    history = []
    for number in range(steps):
        redirected = number < REDIRECTED and bool(dead.any())
        found = run.run(number + 1, drawn[number], state, arguments, dead=dead, redirected=redirected)
        if number == 0 and not found["alive"].numpy().all():
            dead = np.logical_not(found["alive"].numpy())
            found = run.run(1, drawn[0], state, arguments, dead=dead, redirected=True)
        state = found["state"]
        history.append(found["objective"])
        told(number + 1)
    still = tf.fill(drawn.shape[1:], 0.5)  # where every transform rests
    end = run.run(1, still, state, arguments, dead=dead, redirected=False)
    images = recipe.parametrisation.image(run.canvas, stepping.variables(recipe, state)).numpy()
    told_by = np.stack([values.numpy() for values in history], 1)
    alive, scores = end["alive"].numpy(), end["objective"].numpy()
    return [Made(images[i], told_by[i], float(scores[i]), not alive[i]) for i in range(len(seeds))]


def batches(run: Steps, objectives: Sequence[Objective], seeds: Sequence[int], most: int | None) -> list[slice]:
    """The images in slices that one batch can take."""
    count = len(seeds)
    if any(one.together for one in objectives):
        return [slice(0, count)]
    size = most or stepping.room(run.facts)
    return [slice(at, min(at + size, count)) for at in range(0, count, size)]


def filled(run: Steps, items: Sequence[Objective], seeds: Sequence[int]) -> tuple[list[Objective], list[int]]:
    """A batch with doubles at its end where the model takes one number of images only."""
    missing = max(0, (run.fixed_batch or 0) - len(items))
    return [*items, *[items[-1]] * missing], [*seeds, *[seeds[-1]] * missing]
