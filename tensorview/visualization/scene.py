"""One traced run of a model on images that are being made, as objectives see it. All symbolic."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorview.attribution.outputs import output_at
from tensorview.attribution.target import Target
from tensorview.attribution.view import View
from tensorview.errors import OptionError, TraceError


class Scene:
    """image: (N, space..., channels) in 0..1, before the transforms. centred: the same in the model's own units, from
    the middle of its range."""

    def __init__(self, view: View, image: Any, centred: Any) -> None:
        self.view, self.image, self.centred = view, image, centred
        self.limits: list[tuple[str, int | None]] = []
        """The layers that a channel was asked of, or the outputs that a class was, and how many they have."""

    def maps(
        self, layer: str, *, channel: bool = False, width: int | None = None, shape: tuple[int, ...] | None = None
    ) -> Any:
        """What a layer returns, float32 with its channels last: (N, space..., channels) or (N, units). channel: one of
        them will be asked for. width, shape: what the objective's own numbers fit. Raises OptionError."""
        try:
            tensor = self.view.recording.tensor(layer)
        except TraceError as error:
            raise OptionError(str(error)) from None
        if not tensor.dtype.is_floating or tensor.shape.rank is None or tensor.shape.rank < 2:
            raise OptionError(f"layer {layer!r} gives {tensor.dtype.name} {tensor.shape}, which can't be maximised")
        found = tf.cast(tensor, tf.float32)
        if tensor.shape.rank > 2:
            axis = self._channel_axis(layer, tensor)
            if axis != tensor.shape.rank - 1:
                order = [*(i for i in range(tensor.shape.rank) if i != axis), axis]
                found = tf.transpose(found, order)
        if channel:
            self.limits.append((f"layer {layer!r}", found.shape[-1]))
        if width is not None and found.shape[-1] not in (None, width):
            raise OptionError(f"the direction has {width} numbers, but layer {layer!r} has {found.shape[-1]} channels")
        if shape is not None and not tf.TensorShape(shape).is_compatible_with(found.shape[1:]):
            raise OptionError(f"values of shape {shape} came for layer {layer!r}, which gives {tuple(found.shape[1:])}")
        return found

    def _channel_axis(self, layer: str, tensor: Any) -> int:
        try:
            return self.view.features.of(layer).channel_axis
        except OptionError:
            return int(tensor.shape.rank) - 1

    def scores(self, output: str | int) -> Any:
        """An output's scores before its last softmax or sigmoid, (N, classes)."""
        recording = self.view.recording
        position = Target(output, tf.zeros([0])).position(recording.output_names)
        found = self.view.output if position == 0 else output_at(recording, position)
        self.limits.append((f"output {found.name!r}", found.classes))
        return found.scores

    def mean(self, maps: Any, *, channels: bool = False) -> Any:
        """The mean over space, (N, channels); with `channels` over these too, (N,)."""
        axes = list(range(1, maps.shape.rank if channels else maps.shape.rank - 1))
        return tf.reduce_mean(maps, axes) if axes else maps

    def at(self, maps: Any, position: tuple[int, ...] | None) -> Any:
        """The values at one position, (N, channels). Raises OptionError where there is none such."""
        rank = maps.shape.rank - 2
        if position is not None and len(position) != rank:
            raise OptionError(f"a position is {rank} numbers in this layer, but {position} came")
        for axis in range(rank):
            size = maps.shape[1]
            place = position[axis] if position is not None else None
            if place is not None and size is not None and place >= size:
                raise OptionError(f"position {position} does not exist: the layer has {tuple(maps.shape[1:-1])} here")
            maps = maps[:, tf.shape(maps)[1] // 2] if place is None else maps[:, place]
        return maps
