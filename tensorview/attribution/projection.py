"""From a channel of a layer down to the input, past the switches of the max-poolings: DeconvNet as one can see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import engine
from tensorview.attribution.features import FeatureMaps
from tensorview.attribution.input_method import shown
from tensorview.attribution.result import Array
from tensorview.attribution.target import parse
from tensorview.attribution.view import View
from tensorview.errors import OptionError

_POOLS = ("MaxPool", "MaxPool3D")
_CHANNEL = (tf.TensorSpec([None], tf.int32),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unpooling:
    """One max-pooling on the way down, all arrays with the batch first and in the pooling operation's own shapes (1-D
    poolings have an axis of one).

    node: the id of its layer call, or its operation's name. switches: bool, as its input, True at the places of the
    maxima. pooled: float32, what comes down to its output. unpooled: float32, as its input: that at the switches, zero
    elsewhere.
    """

    node: str
    switches: Array
    pooled: Array
    unpooled: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deconvolution:
    """The projection of one channel of a layer, for N samples.

    layer: its node id. channel_axis: of its maps, batch included. channel: int. keep: "strongest" or "all". kept:
    float32, the layer's shape, what was kept.
    projection: float32, signed, in the input's shape (a dict by input name where there are several).
    values: its largest absolute value over channels, (N, H, W). pools: the max-poolings, as the way down meets them.
    """

    layer: str
    channel_axis: int
    channel: int
    keep: str
    kept: Array
    projection: Array | dict[str, Array]
    values: Array | dict[str, Array]
    pools: tuple[Unpooling, ...]


def deconvolve(model: Any, inputs: Any, layer: Any, channel: int, *, keep: str = "strongest") -> Deconvolution:
    """Project a channel of a layer down to the input after Zeiler and Fergus 2013.

    inputs: as `attribute` takes them. layer: a layer's name or node id. channel: from 0. keep: "strongest" keeps the
    channel's strongest activation of each sample, "all" its whole map; everything else of the layer is zero. Then come
    unpooling by the places of the maxima, ReLUs and transposed convolutions. The model is left as it was.

    Raises OptionError for a layer without feature maps, a channel that it has not, or another `keep`.
    """
    if keep not in ("strongest", "all"):
        raise OptionError(f"keep is strongest or all, but {keep!r} came")
    if isinstance(channel, bool) or not isinstance(channel, int | np.integer) or channel < 0:
        raise OptionError(f"channel is a whole number from 0, but {channel!r} came")
    structure, samples = engine.prepared(model, inputs)
    name = engine.layer_name(layer, model)

    def build(view: View, facts: dict[str, Any], chosen: Any) -> dict[str, Any]:
        return _down(view, facts, chosen, keep)

    question = engine.Question(parse(None, samples), name, ("deconvolve", keep), build, _CHANNEL)
    chosen = tf.fill([samples], np.int32(channel))
    program, found = engine.run(model, structure, question, chosen)
    facts = program.facts
    if channel >= facts["channels"]:
        raise _no_channel(facts["layer"], channel, facts["channels"])
    pools = zip(facts["pools"], found["switches"], found["pooled"], found["unpooled"], strict=True)
    return Deconvolution(
        layer=facts["layer"],
        channel_axis=facts["channel_axis"],
        channel=int(channel),
        keep=keep,
        kept=found["kept"],
        projection=engine.single(found["raw"], facts),
        values=engine.single(found["values"], facts),
        pools=tuple(Unpooling(node=n, switches=s, pooled=p, unpooled=u) for n, s, p, u in pools),
    )


def begin(layer: FeatureMaps, channel: Any, keep: str) -> Any:
    """The layer's maps with one channel (N,) of each sample kept, or its strongest activation alone; zero elsewhere."""
    maps, axis = layer.tensor, layer.channel_axis
    shape = [1] * maps.shape.rank
    shape[0], shape[axis] = -1, tf.shape(maps)[axis]
    own = tf.reshape(tf.one_hot(channel, tf.shape(maps)[axis], dtype=maps.dtype), shape)
    if keep == "all":
        return maps * own
    # The channel may be below zero everywhere, and the zeros of the others are not to be taken for its strongest.
    # (By arithmetic: with a selection in it, TensorFlow can't turn a graph over channels_first around.)
    every = list(range(1, maps.shape.rank))
    low, high = tf.reduce_min(maps, every, keepdims=True), tf.reduce_max(maps, every, keepdims=True)
    flat = tf.reshape((maps - low + (high - low)) * own, [tf.shape(maps)[0], -1])
    strongest = tf.one_hot(tf.argmax(flat, 1), tf.shape(flat)[1], dtype=flat.dtype)
    return maps * own * tf.reshape(strongest, tf.shape(maps))


def check_channel(layer: FeatureMaps, channel: int) -> None:
    """Raises OptionError where the layer hasn't this channel."""
    channels = layer.tensor.shape[layer.channel_axis]
    if channels is not None and channel >= channels:
        raise _no_channel(layer.id, channel, channels)


def _no_channel(layer: str, channel: int, channels: int) -> OptionError:
    return OptionError(f"channel {channel} does not exist: layer {layer!r} has {channels} (0 to {channels - 1})")


def _down(view: View, facts: dict[str, Any], channel: Any, keep: str) -> dict[str, Any]:
    layer = view.maps()
    kept = begin(layer, channel, keep)
    points = view.inputs()
    behind = view.behind(layer.tensor)
    pools = [op for op in reversed(layer.tensor.graph.get_operations()) if op in behind and op.type in _POOLS]
    found = view.down(layer.tensor, kept, [*points.values(), *(op.outputs[0] for op in pools)])
    raw = {name: g for name, g in zip(points, found, strict=False) if g is not None}
    if not raw:
        raise OptionError(f"layer {layer.id!r} does not depend on the input by any gradient")
    switches, pooled, unpooled = [], [], []
    for op, signal in zip(pools, found[len(points) :], strict=True):
        given, result = op.inputs[0], op.outputs[0]
        pooled.append(tf.zeros_like(result, tf.float32) if signal is None else signal)
        [at] = tf.gradients(result, given, tf.ones_like(result))
        [spread] = tf.gradients(result, given, tf.cast(pooled[-1], result.dtype))
        switches.append(at > 0)
        unpooled.append(tf.cast(spread, tf.float32))
    facts.update(
        layer=layer.id,
        channel_axis=layer.channel_axis,
        channels=layer.tensor.shape[layer.channel_axis] or 2**31 - 1,
        pools=tuple(view.node_of(op) for op in pools),
    )
    return {
        "kept": tf.cast(kept, tf.float32),
        "raw": raw,
        "values": {name: shown(g, view.channel_axis(name)) for name, g in raw.items()},
        "switches": switches,
        "pooled": pooled,
        "unpooled": unpooled,
    }
