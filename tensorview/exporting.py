"""The main job: a model and an input become one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tensorview import assets, formats, page
from tensorview.attribution.export import Survey
from tensorview.attribution.target import parse
from tensorview.build import About, Explained, LookedFor, Progress, Room, build
from tensorview.bundle import Bundle
from tensorview.errors import OptionError
from tensorview.explain import explain
from tensorview.files import check_free
from tensorview.formats import Format
from tensorview.inputs import Batch, as_batch
from tensorview.labels import labels_for
from tensorview.loading import origin
from tensorview.manifest import InputInfo, ModelInfo
from tensorview.predictions import activation_of, predict
from tensorview.projecting import projections
from tensorview.statistics import parameters
from tensorview.timing import time_shares
from tensorview.tracing import Trace, outline, trace

DEFAULT_BUDGET = 16.0
"""Megabytes (of 2**20 bytes) of the whole file."""
WEIGHTS = 1.15
"""Megabytes of the file that weights may take."""
WEIGHTS_SHARE = 0.25
"""And at most this share of the whole budget."""
METHODS = ("grad_cam", "saliency")
NUMBER_BYTES = 8.5
"""Of one value as text: digits, a point, a comma; zeros are shorter."""


def _quiet(_what: str, _share: float) -> None:
    pass


def export(
    model: Any,
    inputs: Any,
    path: str | Path,
    *,
    format: Format = "html",
    labels: str | Path | Sequence[str] | None = None,
    target: Any = "top",
    at: Any = None,
    methods: str | Sequence[str] | None = None,
    deconv: Mapping[str, Sequence[int]] | None = None,
    budget: float | None = DEFAULT_BUDGET,
    full: bool = False,
    weights: float | None = WEIGHTS,
    title: str | None = None,
    features: Sequence[str] = (),
    examples: Any = None,
    feature_cache: str | Path | None = None,
    atlases: Sequence[Any] = (),
    force: bool = False,
    progress: Progress = _quiet,
) -> Bundle:
    """Trace `model` on `inputs` and write what happened as one file. Returns the bundle that was written.

    inputs: arrays as the model takes them, a Batch of `read_inputs`, or None for the architecture alone.
    labels: "imagenet", a file of class names, or the names. target: the class to explain, "top" for the three best;
    at: where in an output with positions, as `attribute` takes it.
    methods: attribution methods, () for none. deconv: channels by layer to project down to the input (DeconvNet), an
    empty list meaning the four that fire most strongly. budget: megabytes of the whole file; `full` lifts it, and
    nothing is reduced. weights: megabytes of the file for the layers' weights, small layers before large ones; None
    (and `full`) keeps all, 0 none. features: layers of which the page shows what their channels look for, by images
    made to maximise them and, with `examples` (a folder of images or an array), by the patches that fire most;
    `feature_cache`: a folder that keeps finished images. atlases: layers of which to draw an activation atlas over the
    examples, or atlases that `activation_atlas` made. Raises TensorviewError in one line for anything that a user
    can mend; the output is whole or not there.
    """
    check_free(path, force)
    if format not in formats.FORMATS:
        raise OptionError(f"format {format!r} is not known; choose one of {', '.join(formats.FORMATS)}")
    if budget is not None and not 0 < budget < math.inf:
        raise OptionError(f"the budget is a number of megabytes above 0, but {budget} came; full lifts it altogether")
    if weights is not None and not 0 <= weights < math.inf:
        raise OptionError(f"weights is a number of megabytes from 0, but {weights} came; None keeps all of them")
    bundle = make_bundle(
        model, inputs, format=format, labels=labels, target=target, at=at, methods=methods, deconv=deconv,
        budget=None if full else budget, weights=None if full else weights, title=title, progress=progress,
        features=features, examples=examples, feature_cache=feature_cache, atlases=atlases,
    )  # fmt: skip
    progress("writing", 0.0)
    formats.write(bundle, path, format, force=force)
    progress("writing", 1.0)
    return bundle


def make_bundle(
    model: Any,
    inputs: Any,
    *,
    format: Format = "html",
    labels: str | Path | Sequence[str] | None = None,
    target: Any = "top",
    at: Any = None,
    methods: str | Sequence[str] | None = None,
    deconv: Mapping[str, Sequence[int]] | None = None,
    budget: float | None = DEFAULT_BUDGET,
    weights: float | None = WEIGHTS,
    title: str | None = None,
    features: Sequence[str] = (),
    examples: Any = None,
    feature_cache: str | Path | None = None,
    atlases: Sequence[Any] = (),
    progress: Progress = _quiet,
    least: float | None = None,
) -> Bundle:
    """As `export`, without writing. budget, weights: megabytes, None for no limit. least: the share of a layer's
    channels (or filters) from which on idle ones (or doubles) are told of; None tells of what is certainly ill."""
    batch = None if inputs is None else inputs if isinstance(inputs, Batch) else as_batch(model, inputs)
    names = labels_for(model, labels)
    progress("tracing", 0.0)
    wanted = METHODS if methods is None else (methods,) if isinstance(methods, str) else tuple(methods)
    survey, asked = None, None
    if batch is not None and wanted:
        top = at is None and (target is None or (isinstance(target, str) and target == "top"))
        asked = None if top else parse(target, len(batch.names), names, at)
        survey = Survey(len(batch.names), None if asked is None else [asked], wanted, names)
    run = outline(model) if batch is None else trace(model, batch.arrays, survey)
    progress("explaining", 0.0)
    explained = Explained()
    scores: dict[str, np.ndarray] = {}
    last: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    if batch is not None and wanted:
        explained, scores, last, notes = explain(
            model, batch, run, wanted, target=asked, labels=names, asked=methods is not None, survey=survey
        )
    if batch is not None and deconv:
        shown, blobs = projections(model, batch, run, deconv)
        explained = replace(explained, projections=shown, blobs=(*explained.blobs, *blobs))
    about = _about(model, batch, run, labels=names, title=title, scores=scores, last=last, notes=notes)
    # A plain eager call holds all activations: of a model that is traced in shares that is too much beside the rest.
    shares = {} if batch is None or run.several else time_shares(model, batch.arrays)
    looked_for = LookedFor()
    if features:
        from tensorview.looking import look_for

        looked_for = look_for(model, features, run, examples=examples, cache=feature_cache, progress=progress)
    if atlases:
        from tensorview.mapping import map_out

        drawn = map_out(model, atlases, run, examples=examples, labels=names, progress=progress)
        looked_for = replace(looked_for, blobs=(*looked_for.blobs, *drawn.blobs), atlases=drawn.atlases)
    if examples is not None and not features and not any(isinstance(one, str) for one in atlases):
        raise OptionError("examples are for features and atlases; name the layers that they are to be searched for")
    return build(
        run, about, explained, _room(format, budget, weights), progress, time_shares=shares, least=least,
        looked_for=looked_for,
    )  # fmt: skip


def _room(format: Format, budget: float | None, weights: float | None) -> Room:
    limit = None if budget is None else int(budget * 2**20)
    factor = 4 / 3 if format == "html" else 1.0
    kept = math.inf if weights is None else weights * 2**20 / factor
    if limit is not None and weights is not None:
        kept = min(kept, limit * WEIGHTS_SHARE / factor)
    if format == "json":
        return Room(limit, number=NUMBER_BYTES, weights=kept)
    fixed = _page_bytes() if format in ("html", "folder") else 0
    return Room(limit, fixed=fixed, factor=factor, weights=kept, packed=format == "html")


def _about(
    model: Any,
    batch: Batch | None,
    run: Trace,
    *,
    labels: tuple[str, ...] | None,
    title: str | None,
    scores: dict[str, np.ndarray],
    last: dict[str, Any],
    notes: tuple[str, ...],
) -> About:
    came = origin(model)
    total, trainable = parameters(model)
    name = came.application if came and came.application else Path(came.file).stem if came and came.file else model.name
    info = ModelInfo(
        name=str(name), class_name=type(model).__name__, file=came.file if came else None,
        digest=came.digest if came else None, params=total, trainable_params=trainable, macs=None,
        layers=sum(node.class_name != "InputLayer" for node in run.nodes),
        keras=keras.__version__, tensorflow=tf.__version__,
    )  # fmt: skip
    given = {item.name: item for item in batch.inputs} if batch else {}
    nodes = {node.id: node for node in run.nodes}
    inputs = tuple(
        InputInfo(
            node=id, name=nodes[id].layer, shape=tuple(nodes[id].shape[1:]), dtype=str(nodes[id].dtype),
            preprocessing=given[nodes[id].layer].preprocessing if nodes[id].layer in given else "no input was given",
            guessed=nodes[id].layer in given and given[nodes[id].layer].guessed,
        )
        for id in run.input_ids
    )  # fmt: skip
    guesses = tuple(
        f"Preprocessing of {item.name!r} was guessed: {item.preprocessing}." for item in inputs if item.guessed
    )
    notes = (*(came.notes if came else ()), *notes)
    if batch is None:
        return About(str(title or name), info, inputs, (), (), (), labels, notes)
    pictures = [
        {id: taken[nodes[id].layer] for id in run.input_ids if nodes[id].layer in taken} for taken in batch.pictures
    ]
    said = [predictions(run, sample, labels, scores, last) for sample in range(len(batch.names))]
    return About(str(title or name), info, inputs, batch.names, pictures, said, labels, (*guesses, *notes))


def predictions(
    run: Trace, sample: int, labels: tuple[str, ...] | None, scores: dict[str, np.ndarray], last: dict[str, Any]
) -> Any:
    """What each output said for one sample. scores, last: by output, as `explain` gives them."""
    found = []
    outputs = [leaf for leaf in tf.nest.flatten(run.outputs) if leaf is not None]
    for name, node, values in zip(run.output_names, run.output_ids, outputs, strict=True):
        if node is None or values.ndim == 0 or len(values) <= sample:
            continue
        activation = last.get(name) or activation_of(run.layer_of(node))
        score = scores.get(name)
        found.append(
            predict(
                name=name, node=node, values=values[sample], activation=activation,
                scores=None if score is None else score[sample], labels=labels,
            )
        )  # fmt: skip
    return tuple(found)


def _page_bytes() -> int:
    """What an HTML file holds beside the bundle; 4,000 bytes for the template's own text."""
    return len(page.app_script().encode()) + len(assets.built("app.css").encode()) + 4_000
