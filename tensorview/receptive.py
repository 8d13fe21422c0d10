"""Receptive fields: which part of the model's input each position of a layer's output can see.

For each axis in space the first and last input position that each output position depends on are carried from layer to
layer, in exact arithmetic; so strides, dilation, padding, transposed convolutions, cropping and branches need no
formula for the whole net. Beyond the borders the pattern goes on, as papers count it: VGG16's last convolution sees 196
pixels although its input has 224.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorview.layers import Description
from tensorview.layers.stored import is_shape
from tensorview.manifest import ReceptiveField
from tensorview.tracing import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """first, last: (n,), of each of the n output positions, the ends of what it sees along one input axis. step: input
    positions from one output position to the next. whole: every position sees all of the input."""

    first: np.ndarray
    last: np.ndarray
    step: float
    size: int
    """Positions of the input."""
    whole: bool = False

    def at(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`first` and `last` at these positions; beyond the borders as if the pattern went on."""
        held = np.clip(places, 0, len(self.first) - 1)
        beyond = (places - held) * self.step
        return self.first[held] + beyond, self.last[held] + beyond


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """over: the sizes of the input. all: there are no positions left, and every value sees all of the input. gated: the
    values are also weighed by such ones, as by a squeeze-and-excitation block."""

    input: str
    axes: tuple[Axis, ...]
    over: tuple[int, ...]
    all: bool = False
    gated: bool = False


Sizes = tuple[int, ...]
Rule = Callable[[Any, "Field", Sizes, Sizes], Sequence[Axis]]
"""(layer, field of what it is given, its sizes in space, the output's) -> the output's axes."""


def receptive_fields(trace: Trace, descriptions: dict[str, Description]) -> dict[str, ReceptiveField]:
    """The receptive field of each call whose output has positions in space, where it can be told: calls behind layers
    that aren't known, or that depend on several inputs, are left out."""
    known: dict[str, Field] = {}
    still: set[str] = set()
    for node in trace.nodes:
        if node.class_name == "InputLayer":
            sizes = _space(node.shape, descriptions[node.id])
            if sizes:
                known[node.id] = Field(node.id, tuple(_identity(size) for size in sizes), sizes)
            continue
        origins = trace.origins(node.id)
        if origins and all(ids is not None and still.issuperset(ids) for ids in origins):
            still.add(node.id)  # computed from constants alone, as the places of tokens are: it sees no input
            continue
        moving = [None if ids is None else tuple(id for id in ids if id not in still) for ids in origins]
        found = _of_call(trace, node, moving, descriptions, known)
        if found is not None:
            known[node.id] = found
    return {id: _told(field) for id, field in known.items() if field.axes}


def _of_call(
    trace: Trace,
    node: Any,
    origins: list[tuple[str, ...] | None],
    descriptions: dict[str, Description],
    known: dict[str, Field],
) -> Field | None:
    if _class(trace.layer_of(node.id)) == "Embedding":
        return _of_tokens(trace, origins)
    if not origins or any(ids is None or any(id not in known for id in ids) for ids in origins):
        return None
    output = _space(node.shape, descriptions[node.id])
    given = [[known[id] for id in ids] for ids in origins if ids]
    if not given or len({field.input for fields in given for field in fields}) != 1:
        return None
    joined = [_union(fields) for fields in given]
    if any(field is None for field in joined):
        return None
    fields = [field for field in joined if field is not None]
    layer = trace.layer_of(node.id)
    if all(field.all for field in fields):
        return _of_everything(descriptions[node.id], fields[0], output)
    gated = any(field.gated or field.all for field in fields)
    if _class(layer) in GLOBAL and not output:
        return dataclasses.replace(fields[0], axes=(), all=True, gated=gated)
    if _class(layer) in JOINING:
        return _join(layer, descriptions[node.id], [field for field in fields if not field.all], gated, output)
    if len(fields) != 1:
        return None
    try:
        axes = _axes(layer, descriptions[node.id], fields[0], output)
    except (AttributeError, TypeError, ValueError, IndexError):  # a layer of another make than its class promises
        return None
    if axes is None or tuple(len(axis.first) for axis in axes) != output:
        return None
    return dataclasses.replace(fields[0], axes=tuple(axes))


def _of_everything(description: Description, field: Field, output: Sizes) -> Field | None:
    """The field of a call whose inputs see all of the model's input, value by value: so does its output."""
    idle = description.role == "stub" or description.kind in ("activation", "norm", "dense", "merge", "conv")
    if not idle or len(output) not in (0, len(field.over)):
        return None
    if not output:
        return field
    sizes = zip(output, field.over, strict=True)
    axes = tuple(Axis(np.zeros(n), np.full(n, size - 1.0), 0.0, size, whole=True) for n, size in sizes)
    return dataclasses.replace(field, axes=axes, all=False)


def _of_tokens(trace: Trace, origins: list[tuple[str, ...] | None]) -> Field | None:
    """The positions of a text: those of an input (N, T) that an embedding looks up."""
    if len(origins) != 1 or origins[0] is None or len(origins[0]) != 1:
        return None
    node = next((node for node in trace.nodes if node.id == origins[0][0]), None)
    if node is None or node.class_name != "InputLayer" or not is_shape(node.shape) or len(node.shape) != 2:
        return None
    size = int(node.shape[1])
    return Field(node.id, (_identity(size),), (size,))


def _join(layer: Any, description: Description, fields: list[Field], gated: bool, output: Sizes) -> Field | None:
    if _class(layer) == "Concatenate" and _joins_space(layer, description):
        return None
    joined = _union(fields)
    if joined is None or tuple(len(axis.first) for axis in joined.axes) != output:
        return None
    return dataclasses.replace(joined, gated=gated or joined.gated)


def _axes(layer: Any, description: Description, field: Field, output: Sizes) -> Sequence[Axis] | None:
    name = _class(layer)
    given = tuple(len(axis.first) for axis in field.axes)
    if name in RULES:
        return RULES[name](layer, field, given, output)
    if name in EVERYWHERE or description.kind in ("recurrent", "attention"):
        return [_everywhere(axis, size) for axis, size in zip(field.axes, output, strict=True)]
    idle = description.role == "stub" and description.kind != "reshape"
    if name in VALUE_BY_VALUE or idle or description.kind == "activation":
        return field.axes if given == output and not _mixes_space(layer, description) else None
    return None


def _told(field: Field) -> ReceptiveField:
    axes = field.axes
    return ReceptiveField(
        input=field.input,
        size=tuple(None if axis.whole else round(float(np.max(axis.last - axis.first))) + 1 for axis in axes),
        step=tuple(round(axis.step, 6) for axis in axes),
        offset=tuple(
            (axis.size - 1) / 2 if axis.whole else round(float(axis.first[0] + axis.last[0]) / 2, 6) for axis in axes
        ),
        gated=field.gated,
    )


def text(field: ReceptiveField) -> str:
    """A receptive field as a person reads it: "67×67, step 8"."""
    gate = ", weighed by the whole input" if field.gated else ""
    if all(size is None for size in field.size):
        return "the whole input"
    sizes = "×".join("all" if size is None else str(size) for size in field.size)
    steps = {f"{step:g}" for step in field.step}
    return f"{sizes}, step {steps.pop() if len(steps) == 1 else '×'.join(f'{step:g}' for step in field.step)}{gate}"


# Axes --------------------------------------------------------------------------------------------------------------


def _space(shape: Any, description: Description) -> Sizes:
    """The sizes of an output's axes in space; () where it has none."""
    if not is_shape(shape) or description.form not in ("planes", "image", "volume", "sequence"):
        return ()
    return tuple(int(size or 0) for axis, size in enumerate(shape[1:]) if axis != description.channel_axis)


def _identity(size: int) -> Axis:
    places = np.arange(size, dtype=np.float64)
    return Axis(places, places, 1.0, size)


def _everywhere(axis: Axis, size: int) -> Axis:
    return Axis(np.zeros(size), np.full(size, axis.size - 1.0), 0.0, axis.size, whole=True)


def _union(fields: Sequence[Field]) -> Field | None:
    """What any of several outputs sees. One position stands beside all of another's; where it sees all of the input it
    is a gate. None where they don't fit."""
    if len({(len(field.axes), field.all) for field in fields}) != 1:
        return None
    axes = []
    gated = any(field.gated for field in fields)
    for along in zip(*(field.axes for field in fields), strict=True):
        size = max(len(axis.first) for axis in along)
        if any(len(axis.first) not in (1, size) for axis in along):
            return None
        gates = [axis for axis in along if axis.whole and len(axis.first) == 1 < size]
        gated = gated or bool(gates)
        own = [axis for axis in along if axis not in gates]
        widest = max(own, key=lambda axis: (len(axis.first), axis.step))
        first = np.min([np.broadcast_to(axis.first, size) for axis in own], axis=0)
        last = np.max([np.broadcast_to(axis.last, size) for axis in own], axis=0)
        whole = any(axis.whole for axis in own)
        axes.append(_everywhere(widest, size) if whole else Axis(first, last, widest.step, widest.size))
    return dataclasses.replace(fields[0], axes=tuple(axes), gated=gated)


# Layers ------------------------------------------------------------------------------------------------------------


def _class(layer: Any) -> str:
    """The name of the nearest class of Keras's own; "" where there is none, since a user's "Conv2D" may be anything."""
    for ancestor in type(layer).__mro__:
        if ancestor.__module__.partition(".")[0] == "keras":
            return ancestor.__name__
    return ""


def _tuple(value: Any, rank: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * rank


def _windowed(axis: Axis, given: int, size: int, *, window: int, stride: int, padding: str) -> Axis:
    """An axis behind a window of `window` positions that moves by `stride`."""
    if axis.whole:
        return _everywhere(axis, size)
    if padding == "same":
        left = max((math.ceil(given / stride) - 1) * stride + window - given, 0) // 2
    else:
        left = window - 1 if padding == "causal" else 0
    start = np.arange(size) * stride - left
    first, _ = axis.at(start)
    _, last = axis.at(start + window - 1)
    return Axis(first, last, axis.step * stride, axis.size)


def _convolution(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    rank = len(given)
    spans = [
        (window - 1) * dilation + 1
        for window, dilation in zip(_tuple(layer.kernel_size, rank), _tuple(layer.dilation_rate, rank), strict=True)
    ]
    steps = _tuple(layer.strides, rank)
    return [
        _windowed(axis, given[i], output[i], window=spans[i], stride=steps[i], padding=layer.padding)
        for i, axis in enumerate(field.axes)
    ]


def _pooling(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    windows, steps = _tuple(layer.pool_size, len(given)), _tuple(layer.strides or layer.pool_size, len(given))
    return [
        _windowed(axis, given[i], output[i], window=windows[i], stride=steps[i], padding=layer.padding)
        for i, axis in enumerate(field.axes)
    ]


def _transposed(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    rank = len(given)
    windows, steps = _tuple(layer.kernel_size, rank), _tuple(layer.strides, rank)
    dilations = _tuple(layer.dilation_rate, rank)
    axes = []
    for i, axis in enumerate(field.axes):
        if axis.whole:
            axes.append(_everywhere(axis, output[i]))
            continue
        span, stride = (windows[i] - 1) * dilations[i] + 1, steps[i]
        left = max((given[i] - 1) * stride + span - output[i], 0) // 2
        place = np.arange(output[i]) + left
        low, high = -((span - 1 - place) // stride), place // stride  # the ceiling of (place - span + 1) / stride
        first, last = axis.at(low)[0], axis.at(np.maximum(high, low))[1]
        axes.append(Axis(first, last, axis.step / stride, axis.size))
    return axes


def _upsampling(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    smooth = getattr(layer, "interpolation", "nearest") == "bilinear"
    if not smooth and getattr(layer, "interpolation", "nearest") != "nearest":
        raise ValueError("an interpolation of wider reach")
    return [_scaled(axis, given[i], output[i], smooth) for i, axis in enumerate(field.axes)]


def _resizing(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    if layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias:
        raise ValueError("not every position keeps its place")
    return _upsampling(layer, field, given, output)


def _scaled(axis: Axis, given: int, size: int, smooth: bool) -> Axis:
    if axis.whole:
        return _everywhere(axis, size)
    centre = (np.arange(size) + 0.5) * given / size - 0.5
    low = np.floor(centre if smooth else centre + 0.5).astype(np.int64)
    high = np.ceil(centre).astype(np.int64) if smooth else low
    low, high = np.clip(low, 0, given - 1), np.clip(high, 0, given - 1)
    return Axis(axis.at(low)[0], axis.at(high)[1], axis.step * given / size, axis.size)


def _cropping(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    cuts = _tuple(layer.cropping, len(given)) if len(given) > 1 else (layer.cropping,)
    return [_moved(axis, _tuple(cuts[i], 2)[0], output[i]) for i, axis in enumerate(field.axes)]


def _padding(layer: Any, field: Field, given: Sizes, output: Sizes) -> list[Axis]:
    pads = _tuple(layer.padding, len(given)) if len(given) > 1 else (layer.padding,)
    return [_moved(axis, -_tuple(pads[i], 2)[0], output[i]) for i, axis in enumerate(field.axes)]


def _moved(axis: Axis, by: int, size: int) -> Axis:
    if axis.whole:
        return _everywhere(axis, size)
    return Axis(*axis.at(np.arange(size) + by), axis.step, axis.size)


def _joins_space(layer: Any, description: Description) -> bool:
    own = -1 if description.channel_axis is None else description.channel_axis + 1
    return int(layer.axis) % (len(description.axes) + 1) != own


def _mixes_space(layer: Any, description: Description) -> bool:
    """Whether a layer that works value by value elsewhere works along an axis in space: a softmax, say."""
    axis = getattr(layer, "axis", None)
    if axis is None or _class(layer) in ("BatchNormalization", "Normalization"):
        return False
    rank = len(description.axes) + 1
    along = {int(one) % rank for one in _tuple(axis, 1)}
    own = -1 if description.channel_axis is None else description.channel_axis + 1
    return along != {own}


CONVOLUTIONS = (
    "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
)  # fmt: skip
RULES: dict[str, Rule] = {
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    **{f"Conv{rank}DTranspose": _transposed for rank in (1, 2, 3)},
    **{f"{how}Pooling{rank}D": _pooling for how in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": _upsampling for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _cropping for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": _padding for rank in (1, 2, 3)},
    "Resizing": _resizing,
}
JOINING = {
    "Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract",
}  # fmt: skip
GLOBAL = {f"Global{how}Pooling{rank}D" for how in ("Max", "Average") for rank in (1, 2, 3)}
EVERYWHERE = {*GLOBAL, "GroupNormalization"}  # fmt: skip
VALUE_BY_VALUE = {
    "BatchNormalization", "Dense", "Embedding", "LayerNormalization", "Masking", "Normalization", "RMSNormalization",
    "Rescaling", "UnitNormalization",
}  # fmt: skip
