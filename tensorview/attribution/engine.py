"""Runs gradient methods: one compiled function for a model, its input's shape and a question; nothing is retraced for
another class or batch size, and nothing is left on the user's model."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution.features import FeatureMaps
from tensorview.attribution.layer_method import LayerMethod
from tensorview.attribution.method import GradientMethod, Maps, Method
from tensorview.attribution.outputs import EVERYWHERE
from tensorview.attribution.parameters import parameters
from tensorview.attribution.place import Where
from tensorview.attribution.result import Attribution, LayerMaps
from tensorview.attribution.target import Target
from tensorview.attribution.view import ROWS, View, Word
from tensorview.compiling import Compiled
from tensorview.deep import with_deep_stack
from tensorview.errors import OptionError, TensorviewError, TraceError, first_line
from tensorview.preparing import Prepared, input_names, prepare
from tensorview.recorder import Recording

KEPT = 16
"""Compiled functions that are kept for one model; the one not used for longest goes first."""
CHUNK_BYTES = 2 * 2**30
"""Activations that one run may hold; larger batches go through in parts."""

_lock = threading.Lock()
_cache: weakref.WeakKeyDictionary[Any, OrderedDict[Hashable, Program]] = weakref.WeakKeyDictionary()


@dataclass(slots=True)
class Program:
    """A compiled function and what was learned about the model while tracing it."""

    run: Compiled
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a compiled function answers. `build(view, facts)` makes the tensors to return while the model is traced,
    and may note facts; `key` stands for it in the cache: equal keys must mean equal functions."""

    target: Target
    layer: str | None
    key: Hashable
    build: Callable[..., dict[str, Any]]
    extra: tuple[Any, ...] = ()
    """Specs of further arguments, the batch first, that `build` takes after the facts."""
    often: bool = False
    """It will be run so many times that optimising its graph pays."""
    scored: bool = True
    """The score and its class are returned as well; without them only what `build` needs of the model is run."""


def explain(method: GradientMethod, model: Any, inputs: Any, target: Target, layer: str | None) -> Attribution:
    """What `Method.explain` says, for a gradient method."""

    every = layer is Word.ALL
    if every and not isinstance(method, LayerMethod):
        raise OptionError(f"{method.name} looks at one layer at a time; name it")

    def build(view: View, facts: dict[str, Any]) -> dict[str, Any]:
        layers = method.layers(view) if every and isinstance(method, LayerMethod) else ()
        view.differentiate([*method.by(view), *(found.tensor for found in layers)])
        maps = method.maps(view)
        facts.update(layer=maps.layer, steps=maps.steps)
        reached = [found for found in layers if view.reaches(found.tensor)]
        facts.update(layers=tuple(found.id for found in reached))
        return {**tensors(maps), **_each(method, view, reached)}

    program, result = run(model, inputs, Question(target, layer, ("explain", method), build))
    return answer(method, program.facts, result)


def answer(method: Method, facts: dict[str, Any], result: dict[str, Any]) -> Attribution:
    """A method's arrays as its result: `values` (by input name), `raw`, `index`, `score`, and `weights` and `delta`
    where there are any."""
    values = result["values"]
    blank = ~np.any([np.reshape(v, (len(v), -1)).any(axis=1) for v in values.values()], axis=0)
    return Attribution(
        method=method.name,
        target=result["index"].astype(np.int64),
        output=facts["output"],
        layer=facts["layer"],
        values=single(values, facts),
        raw=single(result["raw"], facts),
        score=result["score"],
        score_note=facts["note"],
        activation=facts["activation"],
        weights=result.get("weights"),
        delta=result.get("delta"),
        steps=facts["steps"],
        blank=blank,
        layers={
            name: LayerMaps(raw=result["raws"][i], weights=result["each"][i] if result["each"] else None)
            for i, name in enumerate(facts.get("layers", ()))
        },
        parameters={parameter.name: getattr(method, parameter.name) for parameter in parameters(type(method))},
    )


def prepared(model: Any, inputs: Any) -> tuple[Any, int]:
    """Inputs as tensors in the structure that the model takes, and the number of samples."""
    given = Prepared(*prepare(model, inputs))
    return given.structure, given.samples


def run(model: Any, inputs: Any, question: Question, *extra: Any) -> tuple[Program, dict[str, Any]]:
    """The answer as NumPy arrays, `score` and `index` added, and the program that gave it."""
    asked = Asked(model, inputs, question)
    samples, step = asked.samples, asked.step
    parts = []
    for start in range(0, max(samples, 1), max(step, 1)):
        part = slice(start, start + step)
        given = [argument[part] if step < samples else argument for argument in extra]
        flat = [tensor[part] for tensor in asked.flat] if step < samples else asked.flat
        parts.append(asked(flat, asked.target.arguments(part), *given))
    joined = tf.nest.map_structure(lambda *tensors: np.concatenate([t.numpy() for t in tensors]), *parts)
    return asked.program, joined


class Asked:
    """A question to a model about inputs: the compiled function, and the inputs to run it on, or others like them."""

    def __init__(self, model: Any, inputs: Any, question: Question) -> None:
        structure, specs = prepare(model, inputs)
        self.flat = [tensor for tensor in tf.nest.flatten(structure) if tensor is not None]
        self.program = _program(model, structure, specs, question)
        self.facts = self.program.facts
        self.target = question.target.fitted(self.facts["sizes"], self.facts["output"])
        self.target.check(self.facts["classes"], self.facts["output"])
        self.samples = len(self.target.indices)
        self.step: int = max(1, CHUNK_BYTES // self.facts["bytes"]) if self.program.run.open_batch else self.samples
        """Samples that one run may take."""

    def __call__(self, flat: Sequence[Any], chosen: Sequence[Any], *extra: Any) -> dict[str, Any]:
        """One run; tensors. `flat`: a tensor for each input. `chosen`: the target's arguments for as many samples."""
        try:
            found: dict[str, Any] = self.program.run(*flat, *chosen, *extra)
        except tf.errors.OpError as error:
            if ROWS in str(error):
                raise OptionError(
                    f"output {self.facts['output']!r} has no row for each sample: its first axis is not the samples', "
                    "so there is no score of one to explain; choose another output with --target OUTPUT:CLASS"
                ) from error
            raise TraceError(f"the model could not be run: {first_line(error)}") from error
        return found


def _each(method: GradientMethod, view: View, layers: Sequence[FeatureMaps]) -> dict[str, Any]:
    """The map of a method on each of these layers, and its weights there where it has any."""
    if not layers or not isinstance(method, LayerMethod):
        return {}
    found = [method.laid(view, layer)[:2] for layer in layers]
    return {"raws": [raw for raw, _ in found], "each": [weights for _, weights in found if weights is not None]}


def tensors(maps: Maps) -> dict[str, Any]:
    """The tensors of maps, as a compiled function returns them."""
    given = {"values": maps.values, "raw": maps.raw}
    return given if maps.weights is None else {**given, "weights": maps.weights}


def single(values: Any, facts: dict[str, Any]) -> Any:
    """A dict by input name of a model with several inputs; of one with a single input its only value."""
    return values[facts["inputs"][0]] if isinstance(values, dict) and len(facts["inputs"]) == 1 else values


def _program(model: Any, structure: Any, specs: Any, question: Question) -> Program:
    target = question.target
    function = weakref.ref(target.function) if target.function is not None else None
    shapes = tuple((spec.shape.rank, tuple(spec.shape), spec.dtype) for spec in _flat(specs))
    key = (
        question.key,
        question.layer,
        target.output,
        function,
        target.place and target.place.kind,
        shapes,
        input_names(model, specs),
        _fingerprint(model),
    )
    with _lock:
        kept = _cache.setdefault(model, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    program = with_deep_stack(model, lambda: _compile(model, structure, specs, question))
    with _lock:
        kept[key] = program
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return program


def _compile(model: Any, structure: Any, specs: Any, question: Question) -> Program:
    facts: dict[str, Any] = {}
    function = answering(question, facts)
    try:
        extra = (*question.target.specs(), *question.extra)
        return Program(Compiled(model, structure, specs, function, extra, often=question.often), facts)
    except TensorviewError:
        raise
    except Exception as error:  # the model's own code may raise anything
        raise TraceError(f"the model could not be run: {first_line(error)}") from error


def answering(question: Question, facts: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """What is done with a recording while it is traced, to answer a question; notes facts about the model."""
    target = question.target

    def function(recording: Recording, index: Any, *extra: Any) -> dict[str, Any]:
        facts.clear()
        where = EVERYWHERE
        if target.place is not None:
            where, extra = Where(target.place.kind, extra[0]), extra[1:]
        view = View(recording, target, index, question.layer, where)
        output = view.output
        classes = output.classes if output.classes is not None else 2**31 - 1
        path = "; on the path that the model's Python code took for this input" if recording.decided else ""
        facts.update(output=output.name, classes=classes, sizes=output.sizes, activation=output.activation)
        facts.update(note=output.note + path)
        size = max(1, sum(_sizes(recording)))
        facts.update(bytes=size, inputs=tuple(recording.inputs))
        if target.function is not None:
            facts.update(note=f"the target function of output {output.name!r}, {output.note}{path}")
        found = question.build(view, facts, *extra)
        return {**found, "score": view.score, "index": view.index} if question.scored else found

    return function


def _flat(specs: Any) -> list[Any]:
    return [spec for spec in tf.nest.flatten(specs) if spec is not None]


def _sizes(recording: Recording) -> list[int]:
    """Bytes of each recorded activation of one sample."""
    return [
        4 * int(np.prod([size or 1 for size in tensor.shape[1:]], dtype=np.int64))
        for call in recording.calls
        for tensor in tf.nest.flatten(call.output)
        if tf.is_tensor(tensor) and tensor.shape.rank is not None
    ]


def largest_bytes(recording: Recording) -> int:
    """Bytes of the largest recorded activation of one sample."""
    return max(_sizes(recording), default=0)


def _fingerprint(model: Any) -> Hashable:
    """Changes when a user swaps a layer or an activation, so that no function of the model as it was is run."""
    return tuple((id(layer), id(getattr(layer, "activation", None))) for layer in model._flatten_layers())


def layer_name(layer: Any, model: Any) -> str | None:
    """A layer as it is asked for, by name, or one of the words, before which a layer of that name goes. Raises
    OptionError for what is neither a layer nor its name."""
    if layer in tuple(Word) and not any(own.name == layer for own in model._flatten_layers()):
        return Word(layer)
    if layer is None or isinstance(layer, str):
        return layer
    name = getattr(layer, "name", None)
    if isinstance(name, str):
        return name
    raise OptionError(f"layer is a layer's name or a node id, but {layer!r} came")
