"""Several attribution methods on the same inputs: their maps, how faithful each is, and what it costs."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tensorview.attribution import attribute
from tensorview.attribution.method import Method
from tensorview.attribution.registry import find
from tensorview.attribution.result import Attribution
from tensorview.attribution.target import parse
from tensorview.errors import OptionError, TensorviewError
from tensorview.faithfulness.answers import Answers, Question
from tensorview.faithfulness.curves import STEPS, Curves, curves
from tensorview.faithfulness.drop import Drop, average_drop
from tensorview.faithfulness.randomisation import Randomisation, randomisation
from tensorview.files import check_ending, whole_file
from tensorview.inputs import Batch, as_batch
from tensorview.overlay import PLAIN, Look

METRICS = ("curves", "drop", "randomisation")
ENDINGS = (".html", ".png", ".json")
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One method. first_s and steady_s: seconds of the first call, which traces the model, and of a later one, for all
    samples. What could not be measured is None; `note` says why."""

    method: str
    title: str
    attribution: Attribution | None
    values: np.ndarray | None
    """(N, ...), the maps over the input that is compared on."""
    curves: Curves | None
    drop: Drop | None
    randomisation: Randomisation | None
    first_s: float | None
    steady_s: float | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What `compare` found. rows: one a method, in the order asked for. answers: what the model says of each sample for
    the target. input: the name of the input whose pixels were taken away and brought back. labels: of the classes."""

    rows: tuple[Row, ...]
    answers: Answers
    input: str
    labels: tuple[str, ...] | None
    title: str
    names: tuple[str, ...]
    """Of the samples."""
    pictures: tuple[np.ndarray | None, ...]
    """Each sample's own, uint8 (h, w, 1|3); None where it is no picture."""

    def label(self, sample: int) -> str:
        """The class that is explained, by name where it has one."""
        index = int(self.answers.index[sample])
        if self.labels and 0 <= index < len(self.labels):
            return self.labels[index]
        return f"class {index}" if index >= 0 else "the target function"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the maps as plain data that JSON can hold; what is no number is null."""
        return {
            "title": self.title,
            "input": self.input,
            "answer": self.answers.note,
            "samples": [
                {
                    "name": self.names[i],
                    "class": int(index),
                    "label": self.label(i),
                    "answer": _plain(self.answers.values[i]),
                }
                for i, index in enumerate(self.answers.index)
            ],
            "methods": [_row(row) for row in self.rows],
        }

    def write(self, path: str | Path, *, force: bool = False, look: Look = PLAIN) -> None:
        """Write it as `.html` (one file, no network, no script), `.png` or `.json`, by the path's ending."""
        from tensorview.comparison.html import html
        from tensorview.comparison.picture import picture

        path = check_ending(path, ENDINGS, "a comparison")
        if path.suffix.lower() == ".json":
            data = (json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n").encode()
        else:
            data = html(self, look) if path.suffix.lower() == ".html" else picture(self, look)
        with whole_file(path, force=force) as file:
            file.write(data)


def compare(
    model: Any,
    inputs: Any,
    methods: Sequence[str] = ("grad_cam", "saliency"),
    target: Any = None,
    layer: Any = None,
    *,
    at: Any = None,
    labels: Sequence[str] | None = None,
    metrics: Sequence[str] = METRICS,
    steps: int = STEPS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Compare attribution methods on the same inputs and target.

    inputs: arrays as `attribute` takes them, or a Batch of `read_inputs`. target, layer, at, labels: as there; layer
    goes to the methods that look at one. metrics: of "curves" (deletion and insertion, Petsiuk et al. 2018, in `steps`
    steps), "drop" (average drop and increase, Chattopadhyay et al. 2018) and "randomisation" (Adebayo et al. 2018;
    weights are drawn with `seed`, and given back).
    A method that can't explain this model gets a row that says why.

    Raises OptionError for an unknown method or metric, and what `attribute` raises where no method works.
    """
    chosen = [find(name) for name in methods]
    if not chosen:
        raise OptionError("no methods were given to compare")
    for metric in metrics:
        if metric not in METRICS:
            raise OptionError(f"there is no metric {metric!r}; metrics: {', '.join(METRICS)}")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise OptionError(f"steps is a whole number above 0, but {steps!r} came")
    plan = _Plan(tuple(metrics), steps, seed)
    tell = progress or (lambda _what, _share: None)
    from tensorview.attribution.engine import prepared

    batch = inputs if isinstance(inputs, Batch) else as_batch(model, inputs)
    structure, samples = prepared(model, batch.arrays)
    question = Question(model, structure, parse(target, samples, labels, at))
    fixed = question.asked_all()
    given = question.inputs()
    rows = []
    for number, method in enumerate(chosen):
        tell(method.title, number / len(chosen))

        def explain(name: str = method.name, looks: bool = method.looks_at_layer) -> Attribution:
            return attribute(model, structure, name, fixed, layer if looks else None)

        rows.append(_measure(method, question, explain, plan))
    if all(row.attribution is None for row in rows):
        raise OptionError(f"none of these methods can explain this: {rows[0].note}")
    input = next((name for row in rows if (name := _over(row.attribution, given))), next(iter(given)))
    names = None if labels is None else tuple(str(label) for label in labels)
    return Comparison(
        rows=tuple(rows),
        answers=question.answers,
        input=input,
        labels=names,
        title=str(getattr(model, "name", "model")),
        names=batch.names,
        pictures=tuple(seen.get(input) for seen in batch.pictures),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    metrics: tuple[str, ...]
    steps: int
    seed: int


def _measure(method: Method, question: Question, explain: Callable[[], Attribution], plan: _Plan) -> Row:
    given = question.inputs()
    found: dict[str, Any] = dict.fromkeys(
        ("attribution", "values", "curves", "drop", "randomisation", "first_s", "steady_s", "note")
    )
    try:
        start = time.perf_counter()
        result = explain()
        found["first_s"] = time.perf_counter() - start
        start = time.perf_counter()
        explain()
        found["steady_s"] = time.perf_counter() - start
        found["attribution"] = result
        over = _over(result, given)
        found["values"] = values = _values(result, over)
        if "randomisation" in plan.metrics:
            found["randomisation"] = randomisation(question, lambda: _values(explain(), over), seed=plan.seed)
        if "curves" in plan.metrics:
            found["curves"] = curves(question, values, over or next(iter(given)), plan.steps)
        if "drop" in plan.metrics:
            found["drop"] = average_drop(question, values, over or next(iter(given)))
    except TensorviewError as error:
        found["note"] = str(error)
    return Row(method=method.name, title=method.title, **found)


def _over(result: Attribution | None, given: dict[str, np.ndarray]) -> str | None:
    """The input that a result's maps lie over: the first that it has maps of."""
    if result is None:
        return None
    return next(iter(result.values)) if isinstance(result.values, dict) else next(iter(given))


def _values(result: Attribution, over: str | None) -> np.ndarray:
    return result.values[over] if isinstance(result.values, dict) and over else np.asarray(result.values)


def _row(row: Row) -> dict[str, Any]:
    c, d, r = row.curves, row.drop, row.randomisation
    return {
        "method": row.method,
        "title": row.title,
        "layer": row.attribution.layer if row.attribution else None,
        "parameters": row.attribution.parameters if row.attribution else {},
        "blank": row.attribution.blank.tolist() if row.attribution else None,
        "first_s": row.first_s,
        "steady_s": row.steady_s,
        "deletion": c and {"area": _plain(c.deletion_area), "curves": _plain(c.deletion)},
        "insertion": c and {"area": _plain(c.insertion_area), "curves": _plain(c.insertion)},
        "shares": c and _plain(c.shares),
        "drop": d and {"mean": _plain(_mean(d.drop)), "values": _plain(d.drop)},
        "increase": d and {"mean": float(d.increase.mean()), "values": d.increase.tolist()},
        "randomisation": r and {"layers": list(r.layers), "similarity": _plain(r.similarity)},
        "note": row.note,
    }


def _plain(numbers: Any) -> Any:
    """Numbers as JSON has them: lists of floats, None for what is not finite."""
    array = np.asarray(numbers, np.float64)
    if array.ndim:
        return [_plain(one) for one in array]
    value = float(array)
    return value if math.isfinite(value) else None


def _mean(numbers: np.ndarray) -> float:
    """The mean of what is a number; NaN where nothing is."""
    known = numbers[np.isfinite(numbers)]
    return float(known.mean()) if known.size else math.nan
