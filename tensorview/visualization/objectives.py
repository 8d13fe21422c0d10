"""What an image is made to maximise. Objectives add and scale: `channel("conv_2", 3) - 0.1 * total_variation()`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tensorview.errors import OptionError, near
from tensorview.labels import find_class
from tensorview.visualization import terms
from tensorview.visualization.objective import Objective, Term


def channel(layer: str, channel: int) -> Objective:
    """The mean over space of one channel of a layer (a unit of a dense one)."""
    return _one(terms.Channel(_layer(layer), _index(channel, "channel")))


def neuron(layer: str, channel: int, position: Sequence[int] | None = None) -> Objective:
    """One channel at one position, (row, column) of the layer; None for the middle."""
    place = None if position is None else tuple(_index(one, "position") for one in position)
    return _one(terms.Neuron(_layer(layer), _index(channel, "channel"), place))


def layer(layer: str) -> Objective:
    """The mean square of all of a layer's values: DeepDream."""
    return _one(terms.Layer(_layer(layer)))


def direction(layer: str, vector: Any, *, power: float = 0.0, middle: bool = False, whiten: Any = None) -> Objective:
    """The dot product with a direction in a layer's channels, times max(.1, cosine)**power: the mean over space, or in
    the middle. `whiten`: a matrix (channels, channels) that the direction is multiplied with for the dot product."""
    values = _floats(vector, "a direction")
    if values.ndim != 1:
        raise OptionError(f"a direction has one number a channel, but an array of shape {values.shape} came")
    matrix = None if whiten is None else _floats(whiten, "a whitening matrix")
    if matrix is not None and matrix.shape != (len(values), len(values)):
        raise OptionError(f"a whitening matrix is ({len(values)}, {len(values)}) here, but {matrix.shape} came")
    return _one(terms.Direction(_layer(layer), values, float(power), bool(middle), matrix))


def logit(index: int, output: str | int = 0) -> Objective:
    """The score of a class before the last softmax or sigmoid, of an output by name or position."""
    return _one(terms.Logit(_index(index, "class"), output))


def diversity(layer: str) -> Objective:
    """Drives the images of one call apart: minus the likeness of their textures in a layer."""
    return _one(terms.Diversity(_layer(layer)))


def inversion(layer: str, values: Any) -> Objective:
    """Nearness to the given values of a layer, without the batch: what image does the layer still know?"""
    return _one(terms.Match(_layer(layer), _floats(values, "an activation"), near=True))


def caricature(layer: str, values: Any, *, power: float = 1.0) -> Objective:
    """As far as can be along the given values of a layer, without the batch: what it saw, exaggerated."""
    return _one(terms.Match(_layer(layer), _floats(values, "an activation"), near=False, power=float(power)))


def total_variation() -> Objective:
    """The roughness of the image in 0..1; subtract it for smoother ones."""
    return _one(terms.TotalVariation())


def lp_norm(p: float = 6.0) -> Objective:
    """How far values lie from grey, by a high power: 0 to 1; subtract it to keep off black and white."""
    if not p > 0:
        raise OptionError(f"p is above 0, but {p!r} came")
    return _one(terms.LpNorm(float(p)))


def l2() -> Objective:
    """The squared length of the image in the model's own units, from the middle of its range (Simonyan's prior)."""
    return _one(terms.L2())


FORMS = (
    "logit:CLASS, logit:OUTPUT:CLASS, channel:LAYER:CHANNEL, neuron:LAYER:CHANNEL, neuron:LAYER:CHANNEL@ROW,COLUMN, "
    "layer:LAYER"
)


def parse(objective: Any, labels: Sequence[str] | None = None) -> Objective:
    """An objective from itself or from a string: one of FORMS, such as "channel:conv_2:3" or "logit:espresso"."""
    if isinstance(objective, Objective):
        return objective
    if not isinstance(objective, str):
        raise OptionError(f"an objective is a string ({FORMS}) or made by tensorview.visualization, {objective!r} came")
    kind, colon, rest = objective.partition(":")
    name, _, number = rest.rpartition(":")
    if kind == "layer" and rest:
        return layer(rest)
    if kind == "logit" and rest:
        output: str | int = int(name) if name.isdigit() else name or 0
        return logit(find_class(number, labels, len(labels) if labels else None), output)
    if kind in ("channel", "neuron") and name:
        found = re.fullmatch(r"(\d+)(?:@(\d+(?:,\d+)*))?", number)
        if found is None or (found[2] and kind == "channel"):
            wanted = "a number, or a number@row,column" if kind == "neuron" else "a number"
            raise OptionError(f"{objective!r} ends in {number!r}; a {kind} is {wanted}")
        if kind == "channel":
            return channel(name, int(found[1]))
        return neuron(name, int(found[1]), [int(part) for part in found[2].split(",")] if found[2] else None)
    kinds = ("logit", "channel", "neuron", "layer")
    hint = "" if kind in kinds and colon else near(kind, kinds)
    raise OptionError(f"there is no objective {objective!r}{hint}; objectives are {FORMS}")


def _one(term: Term) -> Objective:
    return Objective(((1.0, term),))


def _layer(layer: Any) -> str:
    name = layer if isinstance(layer, str) else getattr(layer, "name", None)
    if not isinstance(name, str):
        raise OptionError(f"a layer's name or a node id is needed, but {layer!r} came")
    return name


def _index(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise OptionError(f"a {what} is a whole number from 0, but {value!r} came")
    return int(value)


def _floats(values: Any, what: str) -> np.ndarray:
    try:
        found = np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{what} is an array of numbers, but {type(values).__name__} came") from error
    if not np.isfinite(found).all():
        raise OptionError(f"{what} holds NaN or infinite values")
    return found
