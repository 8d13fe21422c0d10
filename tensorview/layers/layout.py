"""The layouts that outputs come in, and how a layer's own settings choose among them."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Layout, Shape
from tensorview.manifest import Form

SPATIAL = {1: ("x",), 2: ("y", "x"), 3: ("z", "y", "x")}
FORMS: dict[int, Form] = {0: "scalar", 1: "row", 2: "sequence", 3: "planes", 4: "volume"}
NAMES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("unit",),
    2: ("time", "channel"),
    3: ("y", "x", "channel"),
    4: ("z", "y", "x", "channel"),
}


def by_rank(_layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """The layout that a shape without batch suggests: the last axis is the channel. Rank 5 and more are generic."""
    rank = len(shape)
    if rank in FORMS:
        return Layout(form=FORMS[rank], axes=NAMES[rank], channel_axis=rank - 1 if rank else None)
    return Layout(form="generic", axes=(*(f"axis {i}" for i in range(rank - 1)), "channel"), channel_axis=rank - 1)


def channels_first(shape: Shape) -> Layout:
    """As `by_rank`, with the channel in front."""
    last = by_rank(None, shape)
    if len(shape) < 2:
        return last
    return Layout(form=last.form, axes=(last.axes[-1], *last.axes[:-1]), channel_axis=0)


def spatial(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """For layers with a `data_format`. Without space left (global pooling) the channels are a row."""
    if getattr(layer, "data_format", None) == "channels_first":
        return channels_first(shape)
    return by_rank(layer, shape, inputs)


def like_input(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """For layers that work value by value: the axes mean what they meant in the first input of the same rank."""
    for layout in inputs:
        if len(layout.axes) == len(shape):
            # A picture stops being one as soon as a layer has changed it.
            form: Form = "planes" if layout.form == "image" else layout.form
            return Layout(form=form, axes=layout.axes, channel_axis=layout.channel_axis)
    return spatial(layer, shape)


def along_last(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """For Dense, which works along the last axis: that one is its units, whatever it was before."""
    found = like_input(layer, shape, inputs)
    if found.channel_axis == len(shape) - 1:
        return found
    return by_rank(layer, shape)


def permuted(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """Permute: each axis takes its name along."""
    dims = [place - 1 for place in getattr(layer, "dims", ())]
    for layout in inputs:
        if len(layout.axes) == len(shape) == len(dims) and layout.channel_axis is not None:
            axes = tuple(layout.axes[place] for place in dims)
            return Layout(form=by_rank(None, shape).form, axes=axes, channel_axis=dims.index(layout.channel_axis))
    return by_rank(layer, shape)


def normalised(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """For BatchNormalization and its kin: their `axis` tells where the channel is, where the input can't."""
    axis = getattr(layer, "axis", None)
    if not inputs and len(shape) > 2 and axis in (1, [1], (1,)):
        return channels_first(shape)
    return like_input(layer, shape, inputs)


def recurrent(layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """Units, and time where the whole sequence is returned."""
    return _units(shape)


def _units(shape: Shape) -> Layout:
    if len(shape) == 2:
        return Layout(form="sequence", axes=("time", "unit"), channel_axis=1)
    return by_rank(None, shape)


def conv_recurrent(layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """ConvLSTM: maps in space, and time before them where the whole sequence is returned."""
    if not getattr(layer, "return_sequences", False):
        return spatial(layer, shape)
    inner = spatial(layer, shape[1:])
    names = tuple("channel" if name == "channel" else SPATIAL[len(shape) - 2][i] for i, name in _space(inner))
    channel = None if inner.channel_axis is None else inner.channel_axis + 1
    form: Form = FORMS.get(len(shape), "generic")
    return Layout(form=form, axes=("time", *names), channel_axis=channel)


def _space(inner: Layout) -> list[tuple[int, str]]:
    """Each axis with its place among the spatial ones; the channel has none."""
    found, place = [], 0
    for name in inner.axes:
        found.append((place, name))
        place += name != "channel"
    return found


def timed(layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """TimeDistributed: time, then what the wrapped layer makes of one step."""
    inner = spatial(getattr(layer, "layer", None), shape[1:])
    if len(shape) not in FORMS or inner.channel_axis is None:
        return by_rank(layer, shape)
    axes = ("time", *inner.axes) if len(shape) > 2 else ("time", "unit")
    if len(shape) == 3:
        axes = tuple("x" if name == "time" and i else name for i, name in enumerate(axes))
    return Layout(form=FORMS[len(shape)], axes=axes, channel_axis=inner.channel_axis + 1)


def queries(layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """The output of attention: a vector a query."""
    if len(shape) == 2:
        return Layout(form="sequence", axes=("query", "channel"), channel_axis=1)
    return by_rank(layer, shape)


def heads(layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """EinsumDense: where it splits tokens into heads (time, head, unit), a sheet a head."""
    equation = str(getattr(layer, "equation", "")).replace(" ", "")
    given, _, rest = equation.partition(",")
    kernel, _, output = rest.partition("->")
    made = [label for label in output if label not in given and label in kernel]
    if len(shape) == 3 and len(made) == 2 and output.endswith("".join(made)):
        return Layout(form="matrix", axes=("time", "head", "unit"), channel_axis=1)
    return by_rank(layer, shape)


def scores(layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """Attention scores (..., heads, query, key); over several axes, query and key have one each for each of them.

    `layer` is the Softmax layer that made them, if one did: its `axis` tells how many axes a key has.
    """
    axis = getattr(layer, "axis", -1)
    keys = len(axis) if isinstance(axis, tuple | list) and axis else 1
    places = ("",) if keys == 1 else tuple(f" {name}" for name in SPATIAL.get(keys, map(str, range(keys))))
    before = len(shape) - 2 * keys
    if before < 1:
        return by_rank(layer, shape)
    batch = ("place",) if before == 2 else tuple(f"place {i}" for i in range(before - 1))
    axes = (*batch, "head", *(f"query{place}" for place in places), *(f"key{place}" for place in places))
    return Layout(form="matrix", axes=axes, channel_axis=before - 1)


def softmax(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """Softmax: over a tuple of axes it is the inside of MultiHeadAttention."""
    several = isinstance(getattr(layer, "axis", -1), tuple | list)
    return scores(layer, shape) if several and len(shape) > 2 else like_input(layer, shape, inputs)


def spectrum(layer: Any, shape: Shape, inputs: tuple[Layout, ...] = ()) -> Layout:
    """A mel spectrogram: frequency by time, one plane."""
    if len(shape) == 2:
        return Layout(form="sequence", axes=("frequency", "time"), channel_axis=0)
    return by_rank(layer, shape, inputs)


def model_input(_layer: Any, shape: Shape, _inputs: tuple[Layout, ...] = ()) -> Layout:
    """An input: (y, x, 1|3) and (1|3, y, x) of some size are pictures, anything else goes by its rank."""
    if len(shape) == 3 and all(size is not None for size in shape):
        first, middle, last = (size or 0 for size in shape)
        if last in (1, 3) and min(first, middle) >= 8:
            return Layout(form="image", axes=("y", "x", "channel"), channel_axis=2)
        if first in (1, 3) and min(middle, last) >= 8:
            return Layout(form="image", axes=("channel", "y", "x"), channel_axis=0)
    return by_rank(None, shape)
