"""Makes the inputs that a channel, a class, a layer answers to most."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorview.errors import InputError, OptionError
from tensorview.preparing import require_model
from tensorview.signature import Takes, takes
from tensorview.visualization import objectives as named
from tensorview.visualization.canvas import Canvas, canvas
from tensorview.visualization.climb import Made, batches, climb, filled
from tensorview.visualization.objective import Objective
from tensorview.visualization.optimiser import Adam, Optimiser
from tensorview.visualization.parametrisation import parametrisation as find_parametrisation
from tensorview.visualization.resizing import at_size
from tensorview.visualization.result import Visualization
from tensorview.visualization.steps import Recipe, Steps
from tensorview.visualization.store import Store
from tensorview.visualization.transforms import transforms as find_transforms

Progress = Callable[[str, float], None]
_MANY = re.compile(r"(channel|neuron):(.+):(all|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)")


def _quiet(_what: str, _share: float) -> None:
    pass


def visualize(
    model: Any,
    objective: str | Objective | Sequence[str | Objective],
    *,
    steps: int = 512,
    size: int | Sequence[int] | None = None,
    seed: int = 0,
    count: int = 1,
    parametrisation: Any = None,
    transforms: Any = None,
    optimiser: Optimiser | None = None,
    preprocess: str = "auto",
    range: tuple[float, float] | None = None,
    inputs: Any = None,
    input: str | None = None,
    labels: Sequence[str] | None = None,
    batch: int | None = None,
    cache: str | Path | None = None,
    progress: Progress = _quiet,
) -> Visualization:
    """Make inputs that maximise objectives of a model (Olah et al. 2017, Feature Visualization, Distill).

    objective: "logit:CLASS", "channel:LAYER:CHANNEL", "neuron:LAYER:CHANNEL", "layer:LAYER", one made by the functions
    of `tensorview.visualization`, or a list of such; "channel:LAYER:all" (or 0-15, or 3,17) is one for each channel.
    steps: 512, or 128 for a quick look. size: of the picture in pixels, one number or (height, width); by default the
    model's own. seed, count: each objective is started from the seeds seed, seed + 1, ... The same seed makes the same
    image, whatever else is in the batch, but for rounding. parametrisation: "fourier" (the default for pictures and
    signals), "pixels", or an object. transforms: "robust", "none" or a list. preprocess: as `read_inputs` takes it, or
    range: (low, high) of the model's inputs. inputs: an example of what the model takes, for models that don't say it,
    and for the inputs that are held still. input: the one that is made, by default the first picture among them. batch:
    images at once. cache: a folder where finished images are kept, by the model's weights and all settings.

    The model is left as it was. Raises OptionError for what makes no sense, TraceError for a model that can't be run.
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise OptionError(f"steps is a whole number from 1, but {steps!r} came")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise OptionError(f"count is a whole number from 1, but {count!r} came")
    require_model(model)
    chosen, others, notes = _inputs(model, inputs, input)
    drawn = canvas(model, chosen, size, preprocess, range)
    if drawn.guessed:
        notes = (*notes, f"range of {drawn.name!r}: {drawn.text}")
    recipe = Recipe(
        find_parametrisation(parametrisation, drawn),
        find_transforms(transforms, drawn.kind, drawn.space),
        Adam() if optimiser is None else optimiser,
    )
    run = _Run(at_size(model, drawn.shape) if not others else model, others, drawn, recipe)
    several = isinstance(objective, Sequence) and not isinstance(objective, str)
    given: list[Any] = list(objective) if several else [objective]  # type: ignore[arg-type]
    wanted = [one for item in given for one in _expanded(item, labels, run)]
    if not wanted:
        raise OptionError("no objective came")
    todo = [(one, seed + i) for one in wanted for i in np.arange(count).tolist()]
    store = Store(cache, model, drawn, recipe, steps)
    made = [store.get(one, own) for one, own in todo]
    groups: dict[Any, list[int]] = {}
    for place, (one, _) in enumerate(todo):
        if made[place] is None:
            groups.setdefault(one.key, []).append(place)
    left = sum(map(len, groups.values()))
    done = 0
    for places in groups.values():
        first = todo[places[0]][0]
        progress("tracing", 0.0)
        stepper = run.steps(first)
        for place in places:
            stepper.check(todo[place][0])
        seeds = [todo[place][1] for place in places]
        for part in batches(stepper, [todo[place][0] for place in places], seeds, batch):
            own = places[part]
            items, starts = filled(stepper, [todo[place][0] for place in own], seeds[part])

            def told(step: int, own: list[int] = own, done: int = done) -> None:
                progress(f"{done + len(own)} of {left}", (done + len(own) * step / steps) / left)

            for place, image in zip(own, climb(stepper, items, starts, steps, told), strict=False):
                made[place] = image
                store.put(*todo[place], image)
            done += len(own)
    return _result(drawn, todo, [one for one in made if one is not None], (*notes, *run.notes))


class _Run:
    """What is compiled for one model and canvas, by the objective's kind."""

    def __init__(self, model: Any, others: dict[str, Any], canvas: Canvas, recipe: Recipe) -> None:
        self.model, self.others, self.canvas, self.recipe = model, others, canvas, recipe
        self._steps: dict[Any, Steps] = {}

    def steps(self, objective: Objective) -> Steps:
        if objective.key not in self._steps:
            self._steps[objective.key] = Steps(self.model, self.others, self.canvas, objective, self.recipe)
        return self._steps[objective.key]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the traces had to say of the model."""
        said = (run.facts["note"].partition("; on the path")[1:] for run in self._steps.values())
        return tuple(dict.fromkeys("".join(parts).removeprefix("; ") for parts in said if parts[0]))


def _inputs(model: Any, example: Any, name: str | None) -> tuple[Takes, dict[str, Any], tuple[str, ...]]:
    """The input that is made, the others by name, and what to say of them."""
    from tensorview.fitting import by_name

    needs = takes(model)
    if needs is None:
        if example is None:
            raise InputError(
                f"{type(model).__name__} {model.name!r} doesn't say what it takes; give an example as inputs"
            )
        values = example if isinstance(example, dict) else {"input": example}
        needs = tuple(Takes(str(key), tuple(np.shape(one))[1:], "", str(key)) for key, one in values.items())
    names = [item.name for item in needs]
    if name is not None and name not in names:
        raise OptionError(f"the model has no input {name!r}; its inputs are {', '.join(names)}")
    floats = [item for item in needs if not item.dtype or item.dtype.startswith(("float", "bfloat"))]
    pictures = [item for item in floats if len(item.shape) == 3]
    chosen = next((item for item in needs if item.name == name), None) or next(iter([*pictures, *floats]), needs[0])
    if len(needs) == 1:
        return chosen, {}, ()
    held = {} if example is None else {key: np.asarray(one) for key, one in by_name(example, needs).items()}
    others = {
        item.name: held.get(item.name, np.zeros((1, *(size or 1 for size in item.shape)), item.dtype or "float32"))
        for item in needs if item is not chosen
    }  # fmt: skip
    said = f"{chosen.name!r} was made; held still: " + ", ".join(others)
    return chosen, others, (said if held else f"{said}, at zero",)


def _expanded(item: Any, labels: Sequence[str] | None, run: _Run) -> list[Objective]:
    """An objective, or one for each of its channels."""
    found = _MANY.fullmatch(item) if isinstance(item, str) else None
    if found is None or found[3].isdecimal():
        return [named.parse(item, labels)]
    make = named.channel if found[1] == "channel" else named.neuron
    if found[3] != "all":
        return [make(found[2], one) for one in _numbers(found[3])]
    [(where, size)] = run.steps(make(found[2], 0)).facts["limits"]
    if size is None:
        raise OptionError(f"{where} doesn't say how many channels it has; name them")
    return [make(found[2], one) for one in np.arange(size).tolist()]


def _numbers(text: str) -> list[int]:
    """3,17 or 0-15, in the order given."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += np.arange(int(first), int(last or first) + 1).tolist()
    if not found:
        raise OptionError(f"{text!r} names no channel")
    return found


def _result(
    drawn: Canvas, todo: list[tuple[Objective, int]], made: list[Made], notes: tuple[str, ...]
) -> Visualization:
    import tensorflow as tf

    images = np.stack([one.image for one in made])
    return Visualization(
        values=np.asarray(drawn.feed(tf.constant(images)), np.float32),
        images=drawn.pixels(images),
        history=np.stack([one.history for one in made]),
        score=np.array([one.score for one in made], np.float32),
        dead=np.array([one.dead for one in made]),
        objectives=tuple(str(one) for one, _ in todo),
        seeds=tuple(own for _, own in todo),
        range=drawn.text,
        notes=notes,
    )
