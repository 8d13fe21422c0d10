"""The compiled step uphill: variables -> image -> transforms -> model -> objective -> gradient -> variables."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import relu_rules
from tensorview.attribution.engine import Asked, Question
from tensorview.attribution.folding import fold_norms
from tensorview.attribution.target import Target
from tensorview.attribution.view import View
from tensorview.errors import OptionError
from tensorview.visualization import transforms
from tensorview.visualization.canvas import Canvas
from tensorview.visualization.objective import Objective
from tensorview.visualization.optimiser import Optimiser
from tensorview.visualization.parametrisation import Parametrisation
from tensorview.visualization.scene import Scene
from tensorview.visualization.transforms import Transform


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image is made; equal recipes and seeds make equal images."""

    parametrisation: Parametrisation
    transforms: tuple[Transform, ...]
    optimiser: Optimiser


class Steps:
    """Compiled for one kind of objective on one canvas. `redirected`: the first of its kind also exists with gradients
    led around dead ReLUs; it is compiled when it is first needed."""

    def __init__(
        self, model: Any, others: dict[str, Any], canvas: Canvas, objective: Objective, recipe: Recipe
    ) -> None:
        self.model, self.canvas, self.objective, self.recipe = model, canvas, objective, recipe
        self.others = others
        self.specs = _specs(canvas, objective, recipe)
        self._asked: dict[bool, Asked] = {}
        self.facts = self.asked(False).facts

    def asked(self, redirected: bool) -> Asked:
        if redirected not in self._asked:
            given = _given(self.model, self.others, self.canvas, 1)
            build = _builder(self.canvas, self.objective, self.recipe, redirected)
            key = ("visualize", self.objective.key, _canvas_key(self.canvas), self.recipe, redirected)
            target = Target(0, np.zeros(1, np.int32))
            question = Question(target, None, key, build, self.specs, often=True, scored=False)
            self._asked[redirected] = Asked(self.model, given, question)
        return self._asked[redirected]

    def check(self, objective: Objective) -> None:
        """Raises OptionError for a channel or class that isn't there."""
        indices = [int(one) for one in map(np.asarray, objective.arguments()) if one.dtype == np.int32]
        for index, (where, size) in zip(indices, self.facts["limits"], strict=True):
            if size is not None and index >= size:
                raise OptionError(f"{objective} does not exist: {where} has {size} (0 to {size - 1})")

    @property
    def fixed_batch(self) -> int | None:
        """The number of images that the model takes, where it takes no other."""
        asked = self.asked(False)
        if asked.program.run.open_batch:
            return None
        return int(asked.flat[0].shape[0])

    def run(
        self, number: int, draws: Any, state: Sequence[Any], arguments: Sequence[Any], *, dead: Any, redirected: bool
    ) -> dict[str, Any]:
        """Step `number` (from 1) of the images: objective (N,), alive (N,), and the state after it."""
        count = len(dead)
        asked = self.asked(redirected)
        flat = [tf.repeat(tensor[:1], count, 0) for tensor in asked.flat]
        return asked(
            flat, [tf.zeros(count, tf.int32)], tf.constant(number, tf.float32), dead, draws, *state, *arguments
        )


def start(canvas: Canvas, recipe: Recipe, seeds: Sequence[int]) -> list[Any]:
    """The first state of images with these seeds: variables, and the optimiser's zeros after each."""
    made = [recipe.parametrisation.start(canvas, seed) for seed in seeds]
    state = []
    for variables in zip(*made, strict=True):
        stacked = tf.constant(np.stack(variables))
        state += [stacked, *[tf.zeros_like(stacked)] * recipe.optimiser.slots]
    return state


def variables(recipe: Recipe, state: Sequence[Any]) -> list[Any]:
    return list(state[:: 1 + recipe.optimiser.slots])


def draws(recipe: Recipe, seeds: Sequence[int], steps: int) -> np.ndarray:
    """The random numbers of all steps, float32 (steps, N, count). Those of an image hang on its seed alone."""
    size = (steps, transforms.count(recipe.transforms))
    return np.stack([np.random.default_rng([seed, 1]).random(size, np.float32) for seed in seeds], 1)


def _specs(canvas: Canvas, objective: Objective, recipe: Recipe) -> tuple[Any, ...]:
    state = start(canvas, recipe, [0])
    arguments = [np.asarray(argument) for argument in objective.arguments()]
    return (
        tf.TensorSpec([], tf.float32),
        tf.TensorSpec([None], tf.bool),
        tf.TensorSpec([None, transforms.count(recipe.transforms)], tf.float32),
        *(tf.TensorSpec([None, *tensor.shape[1:]], tf.float32) for tensor in state),
        *(tf.TensorSpec([None, *argument.shape], argument.dtype) for argument in arguments),
    )


def _builder(canvas: Canvas, objective: Objective, recipe: Recipe, redirected: bool) -> Any:
    kept = 1 + recipe.optimiser.slots
    count = len(start(canvas, recipe, [0]))

    def build(view: View, facts: dict[str, Any], number: Any, dead: Any, draws: Any, *rest: Any) -> dict[str, Any]:
        fold_norms(view)
        state, arguments = rest[:count], iter(rest[count:])
        values = list(state[::kept])
        image = recipe.parametrisation.image(canvas, values)
        seen = canvas.feed(transforms.apply(recipe.transforms, image, draws))
        view.replace(_input(view, canvas), seen)
        middle = canvas.colours(np.full((*[1] * (len(canvas.space) + 1), canvas.channels), 0.5, np.float32))
        scene = Scene(view, image, canvas.colours(image) - middle)
        found = objective.value(scene, arguments)
        total = tf.reduce_sum(found)
        rule = relu_rules.applied(_redirected(dead), found.graph.get_operations()) if redirected else nullcontext()
        with rule:
            at, *gradients = tf.gradients(total, [seen, *values])
        facts.update(limits=tuple(scene.limits), layer=None)
        if all(gradient is None for gradient in gradients):
            raise OptionError(f"{objective} does not depend on the input by any gradient")
        alive = tf.ones_like(found, tf.bool)
        if at is not None and objective.looks_at_model:
            alive = tf.reduce_any(tf.not_equal(at, 0), list(range(1, at.shape.rank)))
        after: list[Any] = []
        for place, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
            slots = list(state[place * kept + 1 : (place + 1) * kept])
            moved, slots = recipe.optimiser.step(value, tf.convert_to_tensor(gradient), slots, number)
            after += [moved, *slots]
        return {"objective": found, "alive": alive, "state": after}

    return build


def _input(view: View, canvas: Canvas) -> Any:
    inputs = view.recording.inputs
    return inputs[canvas.name] if canvas.name in inputs else next(iter(inputs.values()))


def _given(model: Any, others: dict[str, Any], canvas: Canvas, count: int) -> Any:
    """Inputs of zeros where the images go in, and what the other inputs are held at."""
    expected = getattr(model, "inputs", None) or None
    if expected and expected[0].shape[0] is not None:
        count = int(expected[0].shape[0])
    zeros = np.zeros((count, *canvas.shape), np.float32)
    if not others:
        return zeros
    return {**{name: np.repeat(value[:1], count, 0) for name, value in others.items()}, canvas.name: zeros}


def _canvas_key(canvas: Canvas) -> Any:
    return canvas.name, canvas.shape, canvas.matrix.tobytes(), canvas.offset.tobytes()


def _redirected(dead: Any) -> Any:
    """The gradient of a ReLU for images whose whole gradient is zero there: what would push a value below zero up
    passes. `dead` (N,) says which images are led around."""

    def gradient(op: Any, given: Any) -> Any:
        x = op.inputs[0]
        plain = relu_rules.own(op, given)
        axes = list(range(1, x.shape.rank))
        nothing = tf.logical_not(tf.reduce_any(tf.not_equal(plain, 0), axes, keepdims=True))
        fits = tf.equal(tf.shape(x)[0], tf.shape(dead)[0])
        which = tf.cond(fits, lambda: dead, lambda: tf.zeros([1], tf.bool))
        chosen = tf.logical_and(nothing, tf.reshape(which, [-1, *[1] * len(axes)]))
        return tf.where(chosen, tf.where(x < 0, tf.nn.relu(given), given), plain)

    return gradient


def room(facts: dict[str, Any], scale: float = 3.0) -> int:
    """Images that one batch may hold: activations, and their gradients beside them, in half a GB."""
    return int(np.clip(2**29 / (scale * max(1, facts["bytes"])), 1, 64))
