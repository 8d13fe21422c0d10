"""Attributions of a run in the manifest's terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorflow import nest

from tensorview.attribution.engine import prepared
from tensorview.attribution.export import Explanation, Explanations, LayerMap, Survey, explanation_of, explanations
from tensorview.attribution.registry import find
from tensorview.attribution.result import Attribution
from tensorview.attribution.target import Target
from tensorview.blobs import BlobWriter
from tensorview.build import Explained
from tensorview.errors import OptionError, TensorviewError, first_line
from tensorview.inputs import Batch
from tensorview.manifest import AttributionInfo, ChannelGradients, ChannelWeights, HeatMap, MethodInfo
from tensorview.preparing import input_names
from tensorview.quantise import area_mean
from tensorview.tracing import Trace

TOP = 3
"""Classes that are explained for each sample where no target is asked for."""

LAYER_SIDE = 64
"""Longest side of the heat maps on layers' faces; those of the input may have four times as many pixels a side."""

Scores = dict[str, np.ndarray]


def explain(
    model: Any,
    batch: Batch,
    run: Trace,
    methods: Sequence[str],
    *,
    target: Target | None,
    labels: tuple[str, ...] | None,
    asked: bool,
    survey: Survey | None = None,
) -> tuple[Explained, Scores, dict[str, Any], tuple[str, ...]]:
    """Explain each sample's best classes, or `target` where there is one.

    Returns the attributions, each output's scores before its last activation, that activation, and notes. asked: the
    methods were named by the user, so one that can't run is an error; else it is left out.
    """
    targets = None if target is None else [target]
    try:
        found = explanations(model, batch.arrays, targets, methods, TOP, labels=labels, survey=survey, run=run)
    except TensorviewError:
        if asked or targets:
            raise
        return Explained(), {}, {}, ()
    except Exception as error:
        # A model that runs but has no gradient (strings, integers, custom code) is still worth showing.
        if asked or targets:
            raise OptionError(f"{', '.join(methods)} can't be computed on this model: {first_line(error)}") from error
        note = f"No attribution: this model could not be differentiated ({type(error).__name__})."
        return Explained(), {}, {}, (note,)
    if asked and found.notes:
        raise OptionError(found.notes[0])
    scores = {output.name: output.scores for output in found.outputs if not output.binary}
    last = {output.name: output.activation for output in found.outputs}
    place = "" if target is None or target.place is None else target.place.words
    return _explained(found, run, labels, len(batch.names), place), scores, last, ()


def _explained(found: Explanations, run: Trace, labels: tuple[str, ...] | None, samples: int, place: str) -> Explained:
    writers = [BlobWriter(f"m{sample}") for sample in range(samples)]
    inputs = _inputs(run)
    items = tuple(_info(item, writers[item.sample], inputs, labels, place) for item in found.items)
    infos = tuple(method_info(name) for name in dict.fromkeys(item.method for item in items))
    return Explained(infos, items, tuple(writers))


def described(
    found: Attribution, model: Any, arrays: Any, run: Trace, *, labels: tuple[str, ...] | None, blob: str
) -> tuple[AttributionInfo, BlobWriter]:
    """One attribution of a run's first sample in the manifest's terms, its maps in a blob of this id."""
    structure, _ = prepared(model, arrays)
    flat = [None if tensor is None else np.asarray(tensor) for tensor in nest.flatten(structure)]
    item = explanation_of(found, dict(zip(input_names(model, structure), flat, strict=True)), 0)
    writer = BlobWriter(blob)
    return _info(item, writer, _inputs(run), labels, ""), writer


def method_info(name: str) -> MethodInfo:
    m = find(name)
    return MethodInfo(name=m.name, title=m.title, question=m.question, paper=m.paper, range=m.range)


def _inputs(run: Trace) -> dict[str, str]:
    """The ids of the input nodes, by layer name and by themselves."""
    return {node.layer: node.id for node in run.nodes if node.id in run.input_ids} | {id: id for id in run.input_ids}


def _info(
    item: Explanation, writer: BlobWriter, inputs: dict[str, str], labels: tuple[str, ...] | None, place: str
) -> AttributionInfo:
    label = labels[item.target] if labels and 0 <= item.target < len(labels) else str(item.target)
    signed = find(item.method).signed
    maps = tuple(
        _heat(writer, inputs[name], values, None, 4 * LAYER_SIDE, signed=signed) for name, values in item.values.items()
    )
    layers = tuple(_layer(writer, layer, layer.node == item.layer) for layer in item.layers)
    weights = tuple(
        ChannelWeights(node=layer.node, tensor=writer.floats(layer.weights))
        for layer in item.layers
        if layer.node == item.layer and layer.weights is not None
    )
    return AttributionInfo(
        method=item.method,
        sample=item.sample,
        output=item.output,
        target=item.target,
        target_label=label + place,
        score=item.score if math.isfinite(item.score) else None,
        score_note=item.score_note,
        layer=item.layer,
        inputs=maps,
        layers=layers,
        weights=weights,
        gradients=_gradients(item, writer),
        bias=item.bias,
    )


def _gradients(item: Explanation, writer: BlobWriter) -> ChannelGradients | None:
    if item.gradient is None or item.layer is None:
        return None
    factor = min(1.0, LAYER_SIDE / max(1, *item.gradient.shape[1:]))
    reduced = area_mean(item.gradient, tuple(max(1, round(n * factor)) for n in item.gradient.shape[1:]))
    source = item.gradient.shape if reduced.shape != item.gradient.shape else None
    return ChannelGradients(node=item.layer, channels=item.channels, tensor=writer.quantised(reduced, source))


def _layer(writer: BlobWriter, layer: LayerMap, chosen: bool) -> HeatMap:
    return _heat(writer, layer.node, layer.values, layer.raw if chosen else None, LAYER_SIDE)


def _heat(
    writer: BlobWriter,
    node: str,
    values: np.ndarray,
    raw: np.ndarray | None,
    longest: int,
    *,
    signed: bool = False,
) -> HeatMap:
    size = np.abs(values) if signed else values
    peak = float(np.where(np.isfinite(size), size, 0).max(initial=0.0))
    scaled = (values / peak if peak > 0 else np.zeros_like(values)).astype(np.float32)[None]
    factor = min(1.0, longest / max((1, *values.shape)))
    sizes = tuple(max(1, round(n * factor)) for n in values.shape)
    reduced = area_mean(scaled, sizes)
    source = scaled.shape if reduced.shape != scaled.shape else None
    return HeatMap(
        node=node,
        tensor=writer.quantised(reduced, source, reach=1.0 if signed else None),
        peak=peak,
        raw=None if raw is None else writer.floats(np.asarray(raw, np.float32)[None]),
        blank=not peak > 0,
        signed=signed,
    )
