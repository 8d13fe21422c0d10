"""Feature maps: which calls have them, along which axes, and which of them Grad-CAM looks at by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tensorview.errors import OptionError, TraceError
from tensorview.layers import Description, describe
from tensorview.rawops import VALUE_BY_VALUE
from tensorview.recorder import Call, Recording, flat_tensors

_CONVOLUTIONS = {
    "Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3DBackpropInput", "Conv3DBackpropInputV2",
}  # fmt: skip
_REARRANGING = {"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "Transpose", "Cast", "Pack", "ConcatV2"}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMaps:
    """The maps that one call returned: a tensor (batch, space..., channel), or with the channel elsewhere."""

    id: str
    tensor: Any
    channel_axis: int
    """Batch included."""

    @property
    def space(self) -> tuple[int, ...]:
        """The axes that are neither batch nor channel."""
        return tuple(axis for axis in range(1, self.tensor.shape.rank) if axis != self.channel_axis)


class Features:
    """The feature maps of one recorded run, as they lead to one score tensor."""

    def __init__(self, recording: Recording, score: Any) -> None:
        self._recording = recording
        self._descriptions = _descriptions(recording)
        self._followers: dict[str, list[Call]] = {call.id: [] for call in recording.calls}
        calls = {call.id: call for call in recording.calls}
        for source, target in recording.edges:
            self._followers[source].append(calls[target])
        self._owned = {id(tensor) for call in recording.calls for tensor in flat_tensors(call.output)}
        self._behind = _ancestors(score, _differentiable)
        self._rearranged = _ancestors(score, lambda tensor: tensor.op.type in _REARRANGING)

    def of(self, name: str) -> FeatureMaps:
        """The maps of a call, by its id or its layer's name. Raises OptionError where it has none."""
        try:
            call = self._inside(self._recording.find(name))
        except TraceError as error:
            raise OptionError(str(error)) from None
        maps = self._maps(call)
        if maps is None:
            shape = getattr(call.output, "shape", None)
            came = f"gives {shape}" if shape is not None else "returns several tensors or none"
            usable = [other.id for other in self._recording.calls if self._maps(other) and other.keras_layer]
            hint = f"; layers that have them: {_some(usable)}" if usable else ""
            raise OptionError(f"layer {call.id!r} has no feature maps: it {came}{hint}")
        return maps

    def chosen(self) -> FeatureMaps:
        """The maps that a method looks at where no layer is asked for: the last convolution's, or where that only makes
        the tokens of a transformer, the tokens that its last attention takes. (Of those it returns, a class token at
        the end takes but one.) Raises OptionError where there is neither."""
        convolutions = self._convolutions()
        order = {call.id: place for place, call in enumerate(self._recording.calls)}
        for attention in reversed(self._attentions()):
            tokens = self._taken(attention)
            if tokens is not None and (not convolutions or order[convolutions[-1].id] < order[attention.id]):
                return tokens
        return self.last()

    def last(self) -> FeatureMaps:
        """The maps of the last convolution that leads to the score, after the activation that follows it.

        From the last call of a convolution with maps larger than one position, normalisations, activations, dropout
        and merges that keep the size are followed as far as they go: `conv → norm → relu` gives the relu's maps, a
        residual block the maps after its sum; pooling ends the walk. A convolution whose maps are the score itself,
        as in a segmentation head, counts only where there is no other. Raises OptionError where there is none.
        """
        convolutions = self._convolutions()
        inner = [call for call in convolutions if id(call.output) not in self._rearranged]
        if not convolutions:
            raise OptionError(
                "no convolution with maps in space leads to this output, so there is no layer to look at; name one, or "
                "use a method that looks at the input, such as saliency"
            )
        return self._required(self._end((inner or convolutions)[-1], merges=True))

    def all(self) -> tuple[FeatureMaps, ...]:
        """The maps of every convolution that leads to the score, after the normalisation and activation that follow it,
        and after the merge that they run into; and the tokens that every attention takes. In call order."""
        found: dict[str, FeatureMaps] = {}
        for call in self._convolutions():
            for end in (self._end(call, merges=False), self._end(call, merges=True)):
                found[end.id] = self._required(end)
        for attention in self._attentions():
            tokens = self._taken(attention)
            if tokens is not None:
                found.setdefault(tokens.id, tokens)
        return tuple(found[call.id] for call in self._recording.calls if call.id in found)

    def input_channel_axis(self, name: str) -> int | None:
        """The channel axis of an input, batch included; None where it has none: (batch, unit), or a grid of plain
        numbers that the model flattens or reshapes before anything else."""
        rank = self._recording.inputs[name].shape.rank or 0
        if rank < 3:
            return None
        todo, seen = list(self._followers[name]), {name}
        while todo:
            call = todo.pop(0)
            if call.id in seen:
                continue
            seen.add(call.id)
            data_format = getattr(call.keras_layer, "data_format", None)
            if self._descriptions[call.id].kind == "reshape" and rank == 3 and _rank(call) != rank:
                return None
            if data_format in ("channels_first", "channels_last") and _rank(call) == rank:
                return 1 if data_format == "channels_first" else rank - 1
            if self._keeps(call, merges=True):
                todo.extend(self._followers[call.id])
        return rank - 1

    def _taken(self, attention: Call) -> FeatureMaps | None:
        """The tokens (batch, token, channel) that an attention, given by its scores, asks with."""
        count = attention.output.shape[-2]
        calls = {call.id: call for call in self._recording.calls}
        sources: dict[str, list[str]] = {}
        for source, target in self._recording.edges:
            sources.setdefault(target, []).append(source)
        todo, seen = [attention.id], {attention.id}
        while todo:
            call = calls[todo.pop(0)]
            inside = call.group is not None and f"{call.group}/".startswith(f"{attention.group}/")
            maps = None if inside and attention.group else self._maps(call)
            if maps is not None and maps.tensor.shape.rank == 3 and maps.tensor.shape[1] == count != 1:
                return FeatureMaps(call.id, maps.tensor, 2)
            new = [source for source in sources.get(call.id, ()) if source not in seen]
            seen.update(new)
            todo.extend(new)
        return None

    def _required(self, call: Call) -> FeatureMaps:
        maps = self._maps(call)
        assert maps is not None, call.id
        return maps

    def _maps(self, call: Call) -> FeatureMaps | None:
        if not isinstance(call.output, tf.Tensor) or not call.output.dtype.is_floating:
            return None
        rank = call.output.shape.rank or 0
        description = self._descriptions.get(call.id) or describe(None, "", _shape(call))
        axis = description.channel_axis
        if rank < 3 or axis is None or description.form == "matrix":
            return None
        return FeatureMaps(call.id, call.output, axis + 1)

    def _inside(self, call: Call) -> Call:
        """Of a group (a nested model) the call inside that returned its output; raw operations may have done it."""
        if call not in self._recording.groups:
            return call
        return next((other for other in reversed(self._recording.calls) if other.output is call.output), call)

    def _attentions(self) -> list[Call]:
        """The scores of each attention that leads to the output."""
        return [call for call in self._recording.calls if call.scores and self._leads(call)]

    def _convolutions(self) -> list[Call]:
        return [call for call in self._recording.calls if self._convolves(call) and self._leads(call)]

    def _convolves(self, call: Call) -> bool:
        maps = self._maps(call) if call.keras_layer is not None else None
        if maps is None or all(maps.tensor.shape[axis] == 1 for axis in maps.space):
            return False
        description = self._descriptions[call.id]
        inner = getattr(call.keras_layer, "layer", call.keras_layer)  # of a TimeDistributed
        if description.kind in ("conv", "depthwise") or (hasattr(inner, "kernel_size") and hasattr(inner, "filters")):
            return True
        if description.kind == "dense" and len(maps.space) > 1:
            return True  # over maps, a dense layer is a convolution of one position
        return description.kind == "other" and bool(self._operations(call) & _CONVOLUTIONS)

    def _operations(self, call: Call) -> set[str]:
        """The types of the operations between the calls that this one takes from, and its output."""

        def own(tensor: Any) -> bool:
            return tensor is call.output or id(tensor) not in self._owned

        return {tensor.op.type for tensor in _ancestors(call.output, own).values() if own(tensor)}

    def _leads(self, call: Call) -> bool:
        return any(id(tensor) in self._behind for tensor in flat_tensors(call.output))

    def _end(self, call: Call, *, merges: bool) -> Call:
        """The last call of the chain of calls that only rework these maps, one that hands on what it is given left out.
        A branch ends it: a block's sum goes on into the next block's sum by the shortcut, but is that block's result.
        """
        end = call
        while True:
            onward = [after for after in self._followers[call.id] if self._leads(after)]
            if len(onward) != 1 or not self._keeps(onward[0], merges=merges):
                return end
            if id(onward[0].output) in self._rearranged or _space(self._maps(onward[0])) != _space(self._maps(call)):
                return end
            call = onward[0]
            if self._descriptions[call.id].role != "stub":
                end = call

    def _keeps(self, call: Call, *, merges: bool) -> bool:
        """Whether a call works value by value, so that what it returns are still the same maps."""
        description = self._descriptions[call.id]
        if description.kind in ("norm", "activation") or (merges and description.kind == "merge"):
            return True
        if description.kind != "other" or not isinstance(call.output, tf.Tensor):
            return False
        return description.role == "stub" or self._operations(call) <= VALUE_BY_VALUE


def _descriptions(recording: Recording) -> dict[str, Description]:
    sources: dict[str, list[str]] = {}
    for source, target in recording.edges:
        sources.setdefault(target, []).append(source)
    found: dict[str, Description] = {}
    for call in recording.calls:
        inputs = tuple(found[source] for source in sources.get(call.id, ()) if source in found)
        found[call.id] = describe(call.keras_layer, call.class_name, _shape(call), inputs)
    return found


def _shape(call: Call) -> Any:
    return keras.tree.map_structure(lambda leaf: tuple(leaf.shape) if tf.is_tensor(leaf) else None, call.output)


def _rank(call: Call) -> int | None:
    return call.output.shape.rank if isinstance(call.output, tf.Tensor) else None


def _space(maps: FeatureMaps | None) -> tuple[Any, ...] | None:
    return None if maps is None else tuple(maps.tensor.shape[axis] for axis in maps.space)


def _ancestors(end: Any, passes: Callable[[Any], bool]) -> dict[int, Any]:
    """The tensors that `end` is computed from, by their id, itself included; none behind those that don't pass."""
    seen: dict[int, Any] = {}
    todo = [end]
    while todo:
        tensor = todo.pop()
        if id(tensor) not in seen:
            seen[id(tensor)] = tensor
            if passes(tensor):
                todo.extend(tensor.op.inputs)
    return seen


def _differentiable(tensor: Any) -> bool:
    """Whether a gradient may go on past this tensor: not through integers, such as shapes."""
    return not (tensor.dtype.is_integer or tensor.dtype.is_bool or tensor.op.type == "StopGradient")


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
