"""The score of an output: what stands before its last softmax or sigmoid.

After a softmax the gradient of a confident class vanishes, so attribution explains what goes into it. From the output
the traced graph is walked back through operations that only rearrange values; where a softmax or sigmoid operation
comes next, its input is the score, with the rearranging operations applied to it again. It looks at operations, not
at layers, so a layer, an activation argument, `keras.ops`, a Lambda or raw TensorFlow make no difference.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf

LastActivation = Literal["softmax", "log_softmax", "sigmoid", "none"]

_LAST: dict[str, LastActivation] = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


@dataclass(frozen=True, slots=True)
class Score:
    """What `before_last_activation` found.

    tensor: the score, float32, shaped as the output. activation: what was seen through. axis: the axis that a softmax
    sums over, where the walk could follow it. note: which quantity this is, in one phrase.
    """

    tensor: Any
    activation: LastActivation
    axis: int | None
    note: str


@dataclass(frozen=True, slots=True)
class _Found:
    tensor: Any
    activation: LastActivation
    axis: int | None


def before_last_activation(output: Any) -> Score:
    """The score behind a symbolic output tensor, in the graph that is being traced.

    Where no softmax or sigmoid can be seen (a regression, a clip, 1 - p) the score is the output itself, and the
    note says so.
    """
    found = _before(output, ())
    if found is None:
        note = f"the output itself: it ends in {_end(output)}, not in a softmax or sigmoid"
        return Score(tf.cast(output, tf.float32), "none", None, note)
    return Score(found.tensor, found.activation, found.axis, f"before the last {found.activation}")


# The walk --------------------------------------------------------------------------------------------------------
# `frames` holds the calls of inner functions that the walk has stepped into, outermost first.


def _before(tensor: Any, frames: tuple[Any, ...]) -> _Found | None:
    op = tensor.op
    if op.type in _LAST:
        logits = tf.cast(_outside(op.inputs[0], frames), tf.float32)
        axis = None if op.type == "Sigmoid" or logits.shape.rank is None else logits.shape.rank - 1
        return _Found(logits, _LAST[op.type], axis)
    if op.type in _CALLS:
        body = _body(op)
        return None if body is None else _before(body.outputs[tensor.value_index], (*frames, op))
    if op.type == "Placeholder" and frames:
        index = next((i for i, t in enumerate(_body(frames[-1]).inputs) if t is tensor), None)
        return None if index is None else _before(frames[-1].inputs[index], frames[:-1])
    if op.type in ("Pack", "ConcatV2"):
        return _joined(op, frames)
    if op.type == "IdentityN":
        return _before(op.inputs[tensor.value_index], frames)
    replay = _REPLAY.get(op.type)
    if replay is None or (op.type == "Cast" and not _between_floats(op)):
        return None
    found = _before(op.inputs[0], frames)
    return None if found is None else replay(found, op, frames)


def _joined(op: Any, frames: tuple[Any, ...]) -> _Found | None:
    """Pack and Concat: seen through only where all branches agree about the activation."""
    branches = list(op.inputs) if op.type == "Pack" else list(op.inputs)[:-1]
    found = [_before(branch, frames) for branch in branches]
    first = found[0]
    if first is None or any(f is None or (f.activation, f.axis) != (first.activation, first.axis) for f in found):
        return None
    tensors = [f.tensor for f in found if f is not None]
    if op.type == "ConcatV2":
        return _Found(tf.concat(tensors, _outside(op.inputs[-1], frames)), first.activation, first.axis)
    stacked = tf.stack(tensors, axis=op.get_attr("axis"))
    return _Found(stacked, first.activation, _after_insert(first.axis, op.get_attr("axis"), stacked.shape.rank))


def _between_floats(op: Any) -> bool:
    return bool(op.inputs[0].dtype.is_floating and op.outputs[0].dtype.is_floating)


def _end(output: Any) -> str:
    """The type of the operation that the walk ends at, for the note."""
    op = output.op
    while op.inputs and (op.type in _REPLAY or op.type == "IdentityN"):
        op = op.inputs[output.value_index if op.type == "IdentityN" else 0].op
    return str(op.type)


# Passed operations, applied again to the score -------------------------------------------------------------------


def _identity(found: _Found, op: Any, frames: tuple[Any, ...]) -> _Found:
    return found


def _reshape(found: _Found, op: Any, frames: tuple[Any, ...]) -> _Found:
    shape = op.outputs[0].shape
    reshaped = tf.reshape(found.tensor, _outside(op.inputs[1], frames))
    before = found.tensor.shape
    last = found.axis is not None and before.rank and shape.rank and found.axis == before.rank - 1
    same = bool(last and before[-1] is not None and before[-1] == shape[-1])
    return _Found(reshaped, found.activation, shape.rank - 1 if same else None)


def _squeeze(found: _Found, op: Any, frames: tuple[Any, ...]) -> _Found:
    rank = op.inputs[0].shape.rank
    axes = [axis % rank for axis in op.get_attr("squeeze_dims")] if rank else []
    squeezed = tf.squeeze(found.tensor, axes or None)
    if found.axis is None or not axes or found.axis in axes:
        return _Found(squeezed, found.activation, None)
    return _Found(squeezed, found.activation, found.axis - sum(axis < found.axis for axis in axes))


def _expand(found: _Found, op: Any, frames: tuple[Any, ...]) -> _Found:
    position = _outside(op.inputs[1], frames)
    known = _known(op.inputs[1])
    expanded = tf.expand_dims(found.tensor, position)
    axis = None if known is None else _after_insert(found.axis, int(known.item()), expanded.shape.rank)
    return _Found(expanded, found.activation, axis)


def _transpose(found: _Found, op: Any, frames: tuple[Any, ...]) -> _Found:
    order = _outside(op.inputs[1], frames)
    known = _known(op.inputs[1])
    axis = None if known is None or found.axis is None else list(known).index(found.axis)
    return _Found(tf.transpose(found.tensor, order), found.activation, axis)


def _after_insert(axis: int | None, position: int, rank: int | None) -> int | None:
    """Where an axis lies after a new one was put in at `position` of a tensor that now has `rank`."""
    if axis is None or rank is None:
        return None
    return axis + (position % rank <= axis)


def _known(tensor: Any) -> np.ndarray[Any, Any] | None:
    """The value of a tensor of integers that is the same in every run. TensorFlow's own look at constants doesn't see
    through the subtraction by which tf.nn.softmax makes the order of its transposes."""
    value = tf.get_static_value(tensor)
    if value is not None or tensor.op.type not in _ARITHMETIC:
        return None if value is None else np.asarray(value)
    inputs = [_known(t) for t in tensor.op.inputs]
    return None if any(i is None for i in inputs) else _ARITHMETIC[tensor.op.type](*inputs)


_ARITHMETIC: dict[str, Callable[..., np.ndarray[Any, Any]]] = {
    "Sub": np.subtract,
    "Range": np.arange,
    "Pack": lambda *parts: np.stack(parts),
    "ConcatV2": lambda *parts: np.concatenate(parts[:-1], int(parts[-1])),
}
_REPLAY = {
    "Identity": _identity,
    "Cast": _identity,  # the score is float32 from the start: a cast to less would only round it
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "ExpandDims": _expand,
    "Transpose": _transpose,
}


# Inner functions -------------------------------------------------------------------------------------------------


def _body(call: Any) -> Any:
    """The graph of the function that a call operation runs; None where it can't be had."""
    find = getattr(call.graph, "_get_function", None)
    function = find(call.get_attr("f").name) if find else None
    return getattr(function, "graph", None)


def _outside(tensor: Any, frames: tuple[Any, ...]) -> Any:
    """A tensor of an inner function as one of the graph that is being traced: what leads to it is copied there."""
    if not frames:
        return tensor
    call, outer = frames[-1], frames[:-1]
    known = dict(zip((id(t) for t in _body(call).inputs), call.inputs, strict=True))
    copies = {key: _outside(value, outer) for key, value in known.items()}
    for op in _needed(tensor.op, set(known)):
        copy = _copy(op, [copies[id(t)] for t in op.inputs])
        copies.update((id(t), c) for t, c in zip(op.outputs, copy.outputs, strict=True))
    return copies[id(tensor)]


def _needed(end: Any, inputs: set[int]) -> Iterator[Any]:
    """The operations that `end` needs, each after those that it needs itself; no input of the function."""
    done: set[int] = set()
    todo = [(end, False)]
    while todo:
        op, ready = todo.pop()
        if id(op) in done or (op.outputs and id(op.outputs[0]) in inputs):
            continue
        if ready:
            done.add(id(op))
            yield op
        else:
            todo.extend(itertools.chain([(op, True)], ((t.op, False) for t in op.inputs)))


def _copy(op: Any, inputs: list[Any]) -> Any:
    graph = tf.compat.v1.get_default_graph()
    for name in (value.func.name for value in op.node_def.attr.values() if value.HasField("func")):
        function = op.graph._get_function(name)
        if function is not None:
            graph._add_function_recursive(function)
    attributes = {name: value for name, value in op.node_def.attr.items() if not name.startswith("_")}
    return graph._create_op_internal(op.type, inputs, [t.dtype for t in op.outputs], attrs=attributes, op_def=op.op_def)
