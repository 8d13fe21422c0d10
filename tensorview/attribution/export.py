"""All that a page shows of attribution, for a batch of samples, at the cost of one trace and one pass a target."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import engine
from tensorview.attribution.cam import dense_bias
from tensorview.attribution.grad_cam import GradCAM
from tensorview.attribution.layer_method import LayerMethod
from tensorview.attribution.method import GradientMethod, Method
from tensorview.attribution.outputs import output_at
from tensorview.attribution.registry import find
from tensorview.attribution.result import Array, Attribution
from tensorview.attribution.target import Target, parse, ranked
from tensorview.attribution.view import View
from tensorview.errors import OptionError, TensorviewError
from tensorview.preparing import input_names
from tensorview.recorder import Recording
from tensorview.tracing import Trace


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutputScores:
    """One output's scores before its last activation: (N, classes), positions summed; see `outputs.Output`."""

    name: str
    scores: Array
    activation: str
    binary: bool
    """One sigmoid unit: class 1 is its score, class 0 the negative."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerMap:
    """A CAM on one layer for one sample: `raw` signed, `values` 0..1, both (H, W) at the layer's size (or (T,),
    (D, H, W)); `weights` (channels,), None where the method has none."""

    node: str
    raw: Array
    values: Array
    weights: Array | None
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """One method's answer for one sample and one target. `values` and `raw` as in Attribution, without the batch,
    always dicts by input name, empty where no input has the axes of the maps; a CAM's raw is that in `layers`."""

    method: str
    sample: int
    output: str
    target: int
    score: float
    score_note: str
    layer: str | None
    values: dict[str, Array]
    raw: dict[str, Array]
    layers: tuple[LayerMap, ...]
    """Of methods that look at a layer: one for each convolution that leads to the score, in call order."""
    gradient: Array | None = None
    """Of Grad-CAM: the score's gradient over the channels of `layer` that add most to its map, (K, H, W)."""
    channels: tuple[int, ...] = ()
    """Which channels those are, the one that adds most first."""
    bias: float | None = None
    """Of Grad-CAM, where the head is an average over all positions and one dense layer: its bias for this class."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanations:
    """What `explanations` returns. notes: methods that could not run on this model, and why."""

    outputs: tuple[OutputScores, ...]
    items: tuple[Explanation, ...]
    notes: tuple[str, ...]


class Survey:
    """The methods of an export, as a rider on the trace of the same model and inputs (see `tensorview.passes.Rider`).

    targets, methods, labels: as `explanations` takes them. Raises OptionError for a target that can't be one.
    """

    def __init__(
        self, samples: int, targets: Sequence[Any] | None, methods: Sequence[str], labels: Sequence[str] | None
    ) -> None:
        self.names = tuple(dict.fromkeys(methods))
        found = [find(name) for name in self.names]
        self.methods = tuple(method for method in found if isinstance(method, GradientMethod))
        self.others = tuple(method for method in found if not isinstance(method, GradientMethod))
        """Those that ask the model many times, each by itself."""
        self.targets = [parse(target, samples, labels) for target in targets] if targets else [ranked(0, samples)]
        self.facts: dict[str, Any] = {}
        self.error: Exception | None = None
        # Whether a place fits is known after the trace, so what rides along on it is the whole output.
        lead = dataclasses.replace(self.targets[0], place=None)
        self.specs: Sequence[Any] = lead.specs()
        self.first: Sequence[Any] = lead.arguments()
        self._answer = engine.answering(_question(lead, self.methods), self.facts)

    def board(self, recording: Recording, *arguments: Any) -> dict[str, Any]:
        return self._answer(recording, *arguments)

    def leave(self, error: Exception) -> None:
        self.error = error

    def rides_for(self, target: Target) -> bool:
        """A graph is made for one output and kind of target; classes of it are an argument."""
        first = self.targets[0]
        same = (target.output, target.function) == (first.output, first.function)
        return self.error is None and same and target.place is None

    def argument(self, target: Target) -> Any:
        """The class index of each sample, checked; the first target's is the one that the first run had."""
        target.check(self.facts["classes"], self.facts["output"])
        return self.first[0] if target is self.targets[0] else tf.constant(target.indices)


def explanations(
    model: Any,
    inputs: Any,
    targets: Sequence[Any] | None = None,
    methods: Sequence[str] = ("grad_cam", "saliency"),
    top: int = 3,
    *,
    labels: Sequence[str] | None = None,
    survey: Survey | None = None,
    run: Trace | None = None,
) -> Explanations:
    """Explain several targets of each sample by several methods.

    targets: each explained for every sample, in any form that `attribute` takes; none: the `top` best classes of
    each sample's first output. run, survey: a trace of the same model and inputs and what rode along on it. Gradient
    methods share one compiled function and one backward pass a target, which gives the input's gradient and the CAMs of
    all convolutions at once; others run by themselves. Items come by sample, method, target.
    """
    structure, samples = engine.prepared(model, inputs)
    survey = survey or Survey(samples, targets, methods, labels)
    if isinstance(survey.error, TensorviewError):
        raise survey.error

    def answer(target: Target) -> tuple[dict[str, Any], dict[str, Any]]:
        if run is not None and survey.rides_for(target) and survey.facts:
            ridden = run.ride(survey.argument(target))
            if ridden is not None:
                return survey.facts, ridden
        program, result = engine.run(model, structure, _question(target, survey.methods))
        return program.facts, result

    asked = list(survey.targets)
    runs = [answer(target) for target in asked]
    facts, first = runs[0]
    if not targets:
        more = [ranked(rank, samples) for rank in range(1, min(top, first["outputs"][0].shape[1]))]
        asked, runs = asked + more, runs + [answer(target) for target in more]
    notes = list(facts["missing"])
    given = dict(zip(input_names(model, structure), _arrays(structure), strict=True))
    alone = {}
    for method in survey.others:
        targets = [
            target if target.function else dataclasses.replace(target, indices=result["index"].astype(np.int32))
            for target, (_, result) in zip(asked, runs, strict=True)
        ]
        with _noting(notes, method):
            alone[method.name] = [method.explain(model, structure, target, None) for target in targets]
    items = [
        item
        for sample in range(samples)
        for name in survey.names
        for item in (
            [explanation_of(found, given, sample) for found in alone[name]]
            if name in alone
            else [_explanation(own, result, name, sample) for own, result in runs if name in own["methods"]]
        )
    ]
    outputs = tuple(
        OutputScores(scores=scores, **known) for scores, known in zip(first["outputs"], facts["outputs"], strict=True)
    )
    return Explanations(outputs=outputs, items=tuple(items), notes=tuple(notes))


def _arrays(structure: Any) -> list[Any]:
    return [None if tensor is None else np.asarray(tensor) for tensor in tf.nest.flatten(structure)]


def explanation_of(found: Attribution, given: dict[str, Any], sample: int) -> Explanation:
    """One sample of an attribution that was made by itself. given: the inputs' arrays by name."""
    values = found.values if isinstance(found.values, dict) else {next(iter(given)): found.values}
    layers: tuple[LayerMap, ...] = ()
    if found.layer is not None and not isinstance(found.raw, dict):
        weights = None if found.weights is None else found.weights[sample]
        layers = (_layer_map(found.layer, found.raw[sample], weights),)
    return Explanation(
        method=found.method,
        sample=sample,
        output=found.output,
        target=int(found.target[sample]),
        score=float(found.score[sample]),
        score_note=found.score_note,
        layer=found.layer,
        values={name: one[sample] for name, one in values.items() if _lies_over(one[sample], given.get(name), sample)},
        raw={},
        layers=layers,
    )


def _lies_over(values: Array, given: Any, sample: int) -> bool:
    """Whether a map has the axes in space of an input; where none has, a CAM's stays at its layer's size."""
    if given is None:
        return False
    shape = given[sample].shape
    return values.shape in (shape, shape[:-1], shape[1:])


def _question(target: Target, methods: tuple[GradientMethod, ...]) -> engine.Question:
    def build(view: View, facts: dict[str, Any]) -> dict[str, Any]:
        outputs = [output_at(view.recording, i) for i in range(len(view.recording.output_names))]
        facts["outputs"] = [
            {"name": o.name, "activation": o.activation, "binary": o.binary, "note": o.note} for o in outputs
        ]
        facts.update(methods={}, missing=[])
        wanted: list[Any] = []
        usable: list[GradientMethod] = []
        for method in methods:
            with _noting(facts["missing"], method):
                wanted += method.by(view)
                usable.append(method)
        layers = {m.name: m.layers(view) for m in usable if isinstance(m, LayerMethod)}
        view.differentiate([*wanted, *(layer.tensor for found in layers.values() for layer in found)])
        results = {}
        for method in usable:
            with _noting(facts["missing"], method):
                maps = method.maps(view)
                results[method.name] = engine.tensors(maps) if maps.at_input else {**engine.tensors(maps), "values": {}}
                if isinstance(method, LayerMethod):
                    results[method.name]["layers"] = {
                        layer.id: _given(method.cam(view, layer))
                        for layer in layers[method.name]
                        if view.reaches(layer.tensor)
                    }
                if isinstance(method, GradCAM) and not method.counterfactual:
                    results[method.name].update(_steps(view, results[method.name]["weights"]))
                facts["methods"][method.name] = maps.layer
        return {"outputs": [output.scores for output in outputs], "methods": results}

    return engine.Question(target, None, ("export", methods), build)


STEPS_OF = 16
"""Channels whose gradient is kept, to show how a Grad-CAM is made."""


def _steps(view: View, weights: Any) -> dict[str, Any]:
    """What a Grad-CAM is made of, beside the layer's maps and their weights."""
    layer = view.maps()
    gradient = tf.transpose(view.gradient(layer.tensor, layer.id), [0, layer.channel_axis, *layer.space])
    size = tf.reduce_mean(tf.abs(tf.cast(layer.tensor, tf.float32)), layer.space)
    _, channels = tf.math.top_k(tf.abs(weights) * size, tf.minimum(STEPS_OF, tf.shape(weights)[1]))
    bias = dense_bias(view, layer)
    found = {"channels": channels, "gradient": tf.gather(gradient, channels, batch_dims=1)}
    return found if bias is None else {**found, "bias": bias}


def _given(cam: tuple[Any, Any]) -> tuple[Any, ...]:
    """A layer's map and its weights, where it has any, as a compiled function returns them."""
    return cam if cam[1] is not None else cam[:1]


@contextlib.contextmanager
def _noting(notes: list[str], method: Method) -> Iterator[None]:
    """A method that can't run on this model is noted and left out."""
    try:
        yield
    except OptionError as error:
        notes.append(f"{method.title} is missing: {error}")


def _explanation(facts: dict[str, Any], result: dict[str, Any], name: str, sample: int) -> Explanation:
    maps = result["methods"][name]
    raw = maps["raw"] if isinstance(maps["raw"], dict) else {}
    return Explanation(
        method=name,
        sample=sample,
        output=facts["output"],
        target=int(result["index"][sample]),
        score=float(result["score"][sample]),
        score_note=facts["note"],
        layer=facts["methods"][name],
        values={key: value[sample] for key, value in maps["values"].items()},
        raw={key: value[sample] for key, value in raw.items()},
        layers=tuple(
            _layer_map(node, *(part[sample] for part in found)) for node, found in maps.get("layers", {}).items()
        ),
        gradient=maps["gradient"][sample] if "gradient" in maps else None,
        channels=tuple(int(channel) for channel in maps["channels"][sample]) if "gradient" in maps else (),
        bias=float(maps["bias"][sample]) if "bias" in maps else None,
    )


def _layer_map(node: str, raw: Array, weights: Array | None = None) -> LayerMap:
    positive = np.maximum(raw, 0)
    peak = positive.max(initial=0)
    values = positive / peak if peak > 0 else positive
    return LayerMap(node=node, raw=raw, values=values, weights=weights, blank=not peak > 0)
