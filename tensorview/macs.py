"""Multiply-adds of one layer call, for one sample, from the shapes of weights and outputs.

What counts is products with weights and of matrices: convolutions, dense and recurrent layers, attention. Work done
value by value (normalisation, activations, pooling, merging) counts 0, as papers count it: ResNet-50 has 3.9 G of these
multiply-adds at 224 × 224. Padding is counted as if it were data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tensorview.layers.lookup import LAYERS, OPERATIONS, entry
from tensorview.layers.stored import first_shape, is_shape

Shape = tuple[int | None, ...]
Count = Callable[[Any, tuple[Shape, ...], Shape], int | None]


def macs(layer: Any, input_shapes: Any, output_shape: Any) -> int | None:
    """Multiply-adds of one call, per sample; None where they can't be told (custom layers, unknown sizes).

    `input_shapes` is the shape of the input or a tuple or list of them, batch included; () where they are not known.
    `output_shape` is the output's shape, batch included, or a structure of such. `layer` None (an input) counts 0.
    """
    if layer is None:
        return 0
    output = first_shape(output_shape)
    if output is None:
        return None
    shapes = _shapes(input_shapes)
    for ancestor in type(layer).__mro__:
        if ancestor.__module__.partition(".")[0] == "keras":
            if ancestor.__name__ in COUNTS:
                try:
                    return COUNTS[ancestor.__name__](layer, shapes, output)
                except (AttributeError, TypeError, ValueError, IndexError):
                    return None  # an unbuilt layer, a size that is not known
            if ancestor.__name__ in LAYERS or ancestor.__name__ in OPERATIONS:
                break
    known, _ = entry(layer, type(layer).__name__)
    return 0 if known.kind in FREE or known.role == "stub" else None


def between(layer: Any, inside: dict[str, Any]) -> int:
    """Multiply-adds that a composite layer makes between the calls inside it, per sample; 0 for all but attention.

    `inside` gives the output shape of each inner layer's call by that layer's name, batch included. Scores are query
    times key, and the result is scores times value: no layer of their own makes these products.
    """
    parts = [first_shape(inside.get(name)) for name in ("query", "key", "value")]
    if not any(ancestor.__name__ in COMPOSITE for ancestor in type(layer).__mro__) or None in parts:
        return 0
    (asked, found, value) = ([int(size or 0) for size in part or ()] for part in parts)
    if min(len(asked), len(found), len(value)) < 4:
        return 0
    heads = asked[-2]
    return math.prod(asked[1:-2]) * math.prod(found[1:-2]) * heads * (found[-1] + value[-1])


COMPOSITE = ("MultiHeadAttention", "GroupedQueryAttention")

FREE = {"input", "pool", "norm", "activation", "merge", "reshape", "embedding"}
"""Kinds that make no products of matrices, unless COUNTS says otherwise."""


def _custom(layer: Any) -> bool:
    return not type(layer).__module__.startswith("keras.")


def _shapes(given: Any) -> tuple[Shape, ...]:
    if given is None:
        return ()
    if given and is_shape(given):
        return (tuple(given),)
    items = given.values() if isinstance(given, dict) else given
    return tuple(shape for item in items for shape in _shapes(item))


def _product(sizes: Any) -> int:
    return int(math.prod(int(size) for size in sizes))  # an unknown size (None) raises TypeError


def _places(layer: Any, shape: Shape) -> int:
    """The number of positions in space, the batch and the channels left out."""
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return _product(shape[2:] if first else shape[1:-1])


def _conv(layer: Any, _inputs: tuple[Shape, ...], output: Shape) -> int:
    return _places(layer, output) * _product(layer.kernel.shape)


def _transposed(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Each place of the input is spread over a kernel's worth of outputs."""
    if inputs:
        return _places(layer, inputs[0]) * _product(layer.kernel.shape)
    if layer.padding != "same":
        raise ValueError
    return _places(layer, output) // _product(layer.strides) * _product(layer.kernel.shape)


def _separable(layer: Any, _inputs: tuple[Shape, ...], output: Shape) -> int:
    return _places(layer, output) * (_product(layer.depthwise_kernel.shape) + _product(layer.pointwise_kernel.shape))


def _dense(layer: Any, _inputs: tuple[Shape, ...], output: Shape) -> int:
    return _product(output[1:]) * _product((layer.input_spec.axes[-1],))


def _einsum(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Each output value is a sum over the labels of the kernel that the output has not."""
    kernel, _, made = layer.equation.replace(" ", "").partition(",")[2].partition("->")
    sizes = dict(zip(kernel, _kernel_shape(layer), strict=True))
    return _product(output[1:]) * _product(sizes[label] for label in kernel if label not in made)


def _kernel_shape(layer: Any) -> tuple[int, ...]:
    """The kernel's own shape: a quantised one may be packed flat."""
    packed = getattr(layer, "quantization_mode", None) == "int4"
    return tuple(layer.original_kernel_shape if packed else layer.kernel.shape)


def _steps(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Time steps of a recurrent call."""
    if inputs:
        return _product((inputs[0][1],))
    if not getattr(layer, "return_sequences", False):
        raise ValueError
    return _product((output[1],))


def _recurrent(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int | None:
    cell = _cell(layer.cell)
    return None if cell is None else _steps(layer, inputs, output) * cell


def _cell(cell: Any) -> int | None:
    """One step of one cell; cells stacked add up. A custom cell's work can't be told."""
    if hasattr(cell, "cells"):
        parts = [_cell(part) for part in cell.cells]
        return None if None in parts else sum(part or 0 for part in parts)
    if type(cell).__name__ not in ("LSTMCell", "GRUCell", "SimpleRNNCell") or _custom(cell):
        return None
    return _product(cell.kernel.shape) + _product(cell.recurrent_kernel.shape)


def _step(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    return _cell(layer) or 0


def _conv_recurrent(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    maps = (output[0], *output[2:]) if layer.return_sequences else output
    kernels = _product(layer.cell.kernel.shape) + _product(layer.cell.recurrent_kernel.shape)
    return _steps(layer, inputs, output) * _places(layer, maps) * kernels


def _both_ways(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int | None:
    """Bidirectional: the two directions; what merges them counts nothing."""
    ways = [macs(way, inputs, output) for way in (layer.forward_layer, layer.backward_layer)]
    return None if None in ways else sum(way or 0 for way in ways)


def _timed(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int | None:
    given = tuple((shape[0], *shape[2:]) for shape in inputs)
    once = macs(layer.layer, given, (output[0], *output[2:]))
    return None if once is None else _product((output[1],)) * once


def _wrapped(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int | None:
    return macs(layer.layer, inputs, output)


def _heads(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """MultiHeadAttention: four projections, scores, and values weighted by them. One input: attention to itself."""
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    key = inputs[2] if len(inputs) > 2 else value
    asked, found = _product(query[1:-1]), _product(value[1:-1])
    keys, values = int(layer.num_heads * layer.key_dim), int(layer.num_heads * layer.value_dim)
    projections = asked * _product((query[-1],)) * keys + found * _product((key[-1],)) * keys
    projections += found * _product((value[-1],)) * values + asked * values * _product((output[-1],))
    return projections + asked * found * (keys + values)


def _grouped(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """GroupedQueryAttention: as above, with fewer heads for keys and values."""
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    key = inputs[2] if len(inputs) > 2 else value
    asked, found = _product(query[1:-1]), _product(value[1:-1])
    wide, narrow = int(layer.num_query_heads * layer.head_dim), int(layer.num_key_value_heads * layer.head_dim)
    projections = asked * _product((query[-1],)) * wide + found * _product((key[-1],)) * narrow
    projections += found * _product((value[-1],)) * narrow + asked * wide * _product((output[-1],))
    return projections + asked * found * 2 * wide


def _attention(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Dot-product attention without weights: scores, and values weighted by them."""
    query, value = inputs[0], inputs[1]
    return _product(query[1:-1]) * _product(value[1:-1]) * (_product((query[-1],)) + _product((value[-1],)))


def _additive(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """As dot-product attention: each score is a sum over the channels, weighted by the scale."""
    return _attention(layer, inputs, output)


def _inner(operation: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """A matrix product: each output value sums over the last axis of the first operand."""
    return _product(output[1:]) * _product((inputs[0][-1],))


def _dot(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """The Dot layer sums over its `axes`; the operation of that name over the last axis of its first operand."""
    axes = getattr(layer, "axes", -1)
    axis = axes[0] if isinstance(axes, tuple | list) else axes
    return _product(output[1:]) * _product((inputs[0][axis],))


def _einsum_call(operation: Any, inputs: tuple[Shape, ...], output: Shape) -> int | None:
    """keras.ops.einsum of two operands: one multiply-add for each combination of labels, the batch left out. That is
    the label with which the result and one operand, or both, begin."""
    taken, _, made = operation.subscripts.replace(" ", "").partition("->")
    labels = taken.split(",")
    if "." in taken or not made or len(labels) != 2 or len(inputs) != 2:
        return None
    if not any(part and part[0] == made[0] for part in labels):
        return None
    sizes = {
        label: size for part, shape in zip(labels, inputs, strict=True) for label, size in zip(part, shape, strict=True)
    }
    return _product(size for label, size in sizes.items() if label != made[0])


def _tensordot(operation: Any, inputs: tuple[Shape, ...], output: Shape) -> int | None:
    """Each output value sums over the axes of the first operand that are named, or its last ones."""
    axes, first = operation.axes, inputs[0]
    if isinstance(axes, int):
        summed = list(range(len(first) - axes, len(first)))
    else:
        named = [axes[0]] if isinstance(axes[0], int) else axes[0]
        summed = [axis % len(first) for axis in named]
    if 0 in summed or len(inputs) != 2:
        return None  # the batch itself is summed
    return _product(output[1:]) * _product(first[axis] for axis in summed)


def _unembed(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    """ReversibleEmbedding: looking a token up costs nothing; turning vectors into scores is a dense layer."""
    backwards = bool(inputs) and len(inputs[0]) == len(output) and output[-1] == layer.input_dim
    return _product((*output[1:], layer.output_dim)) if backwards else 0


def _none(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> int:
    return 0


COUNTS: dict[str, Count] = {
    **{f"Conv{rank}D": _conv for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": _transposed for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": _conv for rank in (1, 2)},
    **{f"SeparableConv{rank}D": _separable for rank in (1, 2)},
    **{f"ConvLSTM{rank}D": _conv_recurrent for rank in (1, 2, 3)},
    "Dense": _dense,
    "EinsumDense": _einsum,
    **dict.fromkeys(("RNN", "LSTM", "GRU", "SimpleRNN"), _recurrent),
    "LSTMCell": _step,
    "GRUCell": _step,
    "SimpleRNNCell": _step,
    "Bidirectional": _both_ways,
    "TimeDistributed": _timed,
    "SpectralNormalization": _wrapped,
    "MultiHeadAttention": _heads,
    "GroupedQueryAttention": _grouped,
    "Attention": _attention,
    "AdditiveAttention": _additive,
    "ReversibleEmbedding": _unembed,
    "Dot": _dot,
    "Matmul": _inner,
    "Einsum": _einsum_call,
    "Inner": _inner,
    "Tensordot": _tensordot,
    **dict.fromkeys(
        (
            "Resizing",
            "CenterCrop",
            "RandomCrop",
            "AutoContrast",
            "ContrastLimitedAdaptiveHistogramEqualization",
            "CategoryEncoding",
            "Discretization",
            "Hashing",
            "HashedCrossing",
            "IntegerLookup",
            "StringLookup",
            "TextVectorization",
        ),
        _none,
    ),
}
