"""The rules of Keras's layers, from their settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from tensorview.manifest import Nonlinearity, Rule
from tensorview.nonlinearity import nonlinearity
from tensorview.operationrules import product
from tensorview.seen import Seen, axes_of

Make = Callable[[Any, Sequence[Seen], Seen], Rule | None]
"""(layer, what it is given, what it makes) -> the rule without its inputs; None where its settings aren't covered."""


def own_class(layer: Any) -> str | None:
    """The name of the nearest class of Keras's own whose `call` this layer has; None where it has one of its own, or
    computes with other numbers than its weights (quantised, LoRA)."""
    if layer is None or getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
        return None
    for ancestor in type(layer).__mro__:
        if ancestor.__module__.partition(".")[0] == "keras":
            return ancestor.__name__ if type(layer).call is getattr(ancestor, "call", None) else None
    return None


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(int(one) for one in value) if isinstance(value, tuple | list) else (int(value),) * rank


# Activations -------------------------------------------------------------------------------------------------------


def _activated(name: Any, *numbers: float) -> Make:
    return lambda _layer, _given, _made: Rule(name="activation", activation=Nonlinearity(name=name, numbers=numbers))


def _relu(layer: Any, _given: Sequence[Seen], _made: Seen) -> Rule:
    top = math.inf if layer.max_value is None else float(layer.max_value)
    numbers = (float(layer.negative_slope), min(top, 3.4e38), float(layer.threshold))
    return Rule(name="activation", activation=Nonlinearity(name="clipped_relu", numbers=numbers))


def _activation(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    found = nonlinearity(layer, len(made.sizes))
    if found is not None and found.name == "glu":
        return Rule(name="glu", axes=found.axes)
    return Rule(name="same") if found is None else Rule(name="activation", activation=found)


def _softmax(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    axes = axes_of(layer.axis, len(made.sizes))
    return Rule(name="activation", activation=Nonlinearity(name="softmax", axes=axes))


def _prelu(layer: Any, _given: Sequence[Seen], _made: Seen) -> Rule:
    return Rule(name="prelu", axes=tuple(int(axis) - 1 for axis in layer.shared_axes or ()))


# Windows -----------------------------------------------------------------------------------------------------------


def _before(given: int, *, span: int, stride: int, padding: str) -> int:
    """Positions that padding puts before the first one."""
    if padding == "same":
        return max((math.ceil(given / stride) - 1) * stride + span - given, 0) // 2
    return span - 1 if padding == "causal" else 0


def _read(layer: Any, given: Seen) -> Seen:
    """An input as a layer with a `data_format` reads it, whatever its axes were taken for."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return Seen(given.sizes, 0 if first else len(given.sizes) - 1)


def _window(layer: Any, given: Seen, window: Any, dilation: Any = 1, stride: Any = None) -> dict[str, Any]:
    given = _read(layer, given)
    rank = len(given.space)
    windows, dilations = _tuple(window, rank), _tuple(dilation, rank)
    strides = _tuple(layer.strides if stride is None else stride, rank)
    before = tuple(
        _before(size, span=(w - 1) * d + 1, stride=s, padding=layer.padding)
        for size, w, d, s in zip(given.space, windows, dilations, strides, strict=True)
    )
    return {"window": windows, "stride": strides, "dilation": dilations, "before": before, "axes": (given.channel,)}


def _conv(name: Any) -> Make:
    def make(layer: Any, given: Sequence[Seen], made: Seen) -> Rule:
        return Rule(
            name=name, **_window(layer, given[0], layer.kernel_size, layer.dilation_rate),
            groups=int(getattr(layer, "groups", 1) or 1), activation=nonlinearity(layer, len(made.sizes)),
        )  # fmt: skip

    return make


def _transposed(layer: Any, given: Sequence[Seen], made: Seen) -> Rule:
    rank = len(made.space)
    windows, dilations = _tuple(layer.kernel_size, rank), _tuple(layer.dilation_rate, rank)
    strides = _tuple(layer.strides, rank)
    spans = [(w - 1) * d + 1 for w, d in zip(windows, dilations, strict=True)]
    read = _read(layer, given[0])
    pairs = zip(read.space, made.space, spans, strides, strict=True)
    before = tuple(max((size - 1) * stride + span - out, 0) // 2 for size, out, span, stride in pairs)
    return Rule(
        name="transposed", window=windows, stride=strides, dilation=dilations, before=before, axes=(read.channel or 0,),
        activation=nonlinearity(layer, len(made.sizes)),
    )  # fmt: skip


def _pool(name: Any) -> Make:
    def make(layer: Any, given: Sequence[Seen], _made: Seen) -> Rule:
        size = layer.pool_size
        return Rule(name=name, **_window(layer, given[0], size, stride=layer.strides or size))

    return make


def _global(name: Any) -> Make:
    def make(layer: Any, given: Sequence[Seen], _made: Seen) -> Rule:
        read = _read(layer, given[0])
        ones, none = (1,) * len(read.space), (0,) * len(read.space)
        axes = (read.channel or 0,)
        return Rule(name=name, window=read.space, stride=ones, dilation=ones, before=none, axes=axes)

    return make


# Sums --------------------------------------------------------------------------------------------------------------


def _dense(layer: Any, given: Sequence[Seen], made: Seen) -> Rule:
    rank = len(given[0].sizes)
    letters = "abcdefghij"[:rank]
    equation = f"{letters},{letters[-1]}z->{letters[:-1]}z"
    return Rule(name="dense", equation=equation, activation=nonlinearity(layer, len(made.sizes)))


def _einsum(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    left, _, out = str(layer.equation).replace(" ", "").partition("->")
    one, _, kernel = left.partition(",")
    if "." in left or not one or one[0] != out[:1] or one[0] in kernel:
        return None
    if len(one) - 1 != len(given[0].sizes) or len(out) - 1 != len(made.sizes):
        return None
    equation = f"{one[1:]},{kernel}->{out[1:]}"
    return Rule(name="dense", equation=equation, activation=nonlinearity(layer, len(made.sizes)))


def _merge(name: Any) -> Make:
    def make(_layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
        return Rule(name=name) if len(given) > 1 and all(one.fits(made) for one in given) else None

    return make


def _dot(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    if layer.normalize or len(given) != 2:
        return None
    pair = _tuple(layer.axes, 2)
    [first], [second] = (axes_of(axis, len(one.sizes)) for axis, one in zip(pair, given, strict=True))
    if -1 in (first, second):
        return None
    one, two = list("abcdefgh"[: len(given[0].sizes)]), list("ijklmnop"[: len(given[1].sizes)])
    one[first] = two[second] = "z"
    out = "".join(letter for letter in (*one, *two) if letter != "z")
    return product("".join(one), "".join(two), out, given, made)


def _concatenate(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    axes = axes_of(layer.axis, len(made.sizes))
    return (
        Rule(name="concatenate", axes=axes) if sum(one.sizes[axes[0]] for one in given) == made.sizes[axes[0]] else None
    )


# Values moved ------------------------------------------------------------------------------------------------------


def _same(_layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    return Rule(name="same") if given[0].sizes == made.sizes else None


def _reshape(_layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    return Rule(name="reshape") if math.prod(given[0].sizes) == math.prod(made.sizes) else None


def _flatten(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    if getattr(layer, "data_format", None) == "channels_first" and len(given[0].sizes) > 1:
        return None  # it brings the channel to the end first
    return _reshape(layer, given, made)


def _permute(layer: Any, _given: Sequence[Seen], _made: Seen) -> Rule:
    dims = [int(one) - 1 for one in layer.dims]
    return Rule(name="permute", axes=tuple(dims.index(axis) for axis in range(len(dims))))


def _repeated(_layer: Any, _given: Sequence[Seen], _made: Seen) -> Rule:
    return Rule(name="permute", axes=(1,))


def _spread(per_space: Sequence[int], made: Seen, neutral: int) -> tuple[int, ...]:
    """Numbers for the axes in space as numbers for all axes."""
    numbers = iter(per_space)
    return tuple(neutral if axis == made.channel else next(numbers) for axis in range(len(made.sizes)))


def _upsample(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    interpolation = getattr(layer, "interpolation", "nearest")
    if interpolation == "bilinear":
        return _bilinear(layer, given[0])
    if interpolation != "nearest":
        return None
    return Rule(name="repeat", stride=_spread(_tuple(layer.size, len(_read(layer, given[0]).space)), made, 1))


def _bilinear(layer: Any, given: Seen) -> Rule:
    channel = _read(layer, given).channel
    return Rule(name="bilinear", axes=tuple(axis for axis in range(len(given.sizes)) if axis != channel))


def _resizing(layer: Any, given: Sequence[Seen], _made: Seen) -> Rule | None:
    as_it_is = not (layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias)
    return _bilinear(layer, given[0]) if layer.interpolation == "bilinear" and as_it_is else None


def _edges(value: Any, rank: int) -> list[int]:
    pairs = (value,) if rank == 1 else value
    return [int(one[0]) if isinstance(one, tuple | list) else int(one) for one in pairs]


def _pad(layer: Any, given: Sequence[Seen], made: Seen) -> Rule:
    return Rule(name="shift", before=_spread(_edges(layer.padding, len(given[0].space)), made, 0))


def _crop(layer: Any, given: Sequence[Seen], made: Seen) -> Rule:
    return Rule(name="shift", before=_spread([-n for n in _edges(layer.cropping, len(given[0].space))], made, 0))


# Normalisation -----------------------------------------------------------------------------------------------------


def _batch_norm(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    return Rule(name="scale", axes=axes_of(layer.axis, len(made.sizes)), numbers=(float(layer.epsilon),))


def _layer_norm(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    rms = bool(getattr(layer, "rms_scaling", False))
    name: Any = "rms" if rms else "normalise"
    return Rule(name=name, axes=axes_of(layer.axis, len(made.sizes)), numbers=(float(layer.epsilon),))


def _rms_norm(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    return Rule(name="rms", axes=axes_of(layer.axis, len(made.sizes)), numbers=(float(layer.epsilon),))


def _group_norm(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    axes = axes_of(layer.axis, len(made.sizes))
    return Rule(name="group", axes=axes, groups=int(layer.groups), numbers=(float(layer.epsilon),))


def _unit_norm(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule:
    return Rule(name="unit", axes=axes_of(layer.axis, len(made.sizes)))


MOST_NUMBERS = 4096


def _standardised(layer: Any, _given: Sequence[Seen], made: Seen) -> Rule | None:
    axes = () if layer.axis is None else tuple(sorted(axes_of(layer.axis, len(made.sizes))))
    mean, variance = (np.asarray(one, np.float64).ravel() for one in (layer.mean, layer.variance))
    if -1 in axes or layer.invert or mean.size > MOST_NUMBERS or mean.size != variance.size:
        return None
    if mean.size != math.prod(made.sizes[axis] for axis in axes):
        return None
    deviation = np.maximum(np.sqrt(variance), keras.backend.epsilon())
    return Rule(name="standardise", axes=axes, numbers=(*mean.tolist(), *deviation.tolist()))


def _rescale(layer: Any, _given: Sequence[Seen], _made: Seen) -> Rule:
    return Rule(name="rescale", numbers=(float(layer.scale), float(layer.offset)))


# Others ------------------------------------------------------------------------------------------------------------


def _time_distributed(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    """Of a layer that works on the last axis alone, step by step as well as on all steps at once."""
    inner = layer.layer
    name = own_class(inner)
    return RULES[name](inner, given, made) if name in {"Dense", "Activation", "ReLU", "Dropout"} else None


def _embedding(_layer: Any, _given: Sequence[Seen], _made: Seen) -> Rule:
    return Rule(name="embedding")


def _recurrent(layer: Any, given: Sequence[Seen], made: Seen) -> Rule | None:
    """Only which of its input a step is given: `axes` is the axis of time, empty where all steps went before."""
    steps = len(made.sizes) == len(given[0].sizes) and not getattr(layer, "go_backwards", False)
    inner = getattr(layer, "forward_layer", None)
    return Rule(name="recurrent", axes=(0,) if steps and inner is None else ())


SEVERAL = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"}
"""Layers that take several tensors."""
LEAVE_OUT = {"GlobalAveragePooling1D", "Maximum", "Minimum", "Multiply", "Softmax"}
"""Layers that leave masked steps out of what they compute, which no rule says."""
RULES: dict[str, Make] = {
    **{f"Conv{rank}D": _conv("conv") for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": _conv("depthwise") for rank in (1, 2)},
    **{f"SeparableConv{rank}D": _conv("separable") for rank in (1, 2)},
    **{f"Conv{rank}DTranspose": _transposed for rank in (1, 2, 3)},
    **{f"MaxPooling{rank}D": _pool("max") for rank in (1, 2, 3)},
    **{f"AveragePooling{rank}D": _pool("mean") for rank in (1, 2, 3)},
    **{f"GlobalMaxPooling{rank}D": _global("max") for rank in (1, 2, 3)},
    **{f"GlobalAveragePooling{rank}D": _global("mean") for rank in (1, 2, 3)},
    "Dense": _dense,
    "EinsumDense": _einsum,
    "Add": _merge("add"),
    "Subtract": _merge("subtract"),
    "Multiply": _merge("multiply"),
    "Average": _merge("average"),
    "Maximum": _merge("maximum"),
    "Minimum": _merge("minimum"),
    "Concatenate": _concatenate,
    "Dot": _dot,
    **dict.fromkeys(
        (
            "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "AlphaDropout",
            "GaussianNoise", "ActivityRegularization", "Identity",
        ),
        _same,
    ),
    "Masking": lambda layer, given, made: None if layer.mask_value else _same(layer, given, made),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeated,
    **{f"UpSampling{rank}D": _upsample for rank in (1, 2, 3)},
    "Resizing": _resizing,
    **{f"ZeroPadding{rank}D": _pad for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _crop for rank in (1, 2, 3)},
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "GroupNormalization": _group_norm,
    "UnitNormalization": _unit_norm,
    "Normalization": _standardised,
    "Rescaling": _rescale,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": lambda layer, _given, _made: _activated("leaky_relu", float(layer.negative_slope))(layer, (), _made),
    "ELU": lambda layer, _given, _made: _activated("elu", float(layer.alpha))(layer, (), _made),
    "Softmax": _softmax,
    "PReLU": _prelu,
    "Embedding": _embedding,
    "TimeDistributed": _time_distributed,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"), _recurrent),
}  # fmt: skip
