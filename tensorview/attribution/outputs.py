"""An output of a model as class scores: one number a class and sample, whatever the output's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tensorview.attribution.score import LastActivation, before_last_activation
from tensorview.recorder import Recording


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """One output of a recorded run.

    tensor: its score tensor, before the last activation, in the output's shape. scores: (N, classes) float32.
    A spatial output's score is the sum over its positions. One sigmoid unit has two classes: 1 is z, 0 is -z.
    """

    name: str
    tensor: Any
    scores: Any
    classes: int | None
    activation: LastActivation
    binary: bool
    note: str

    def ranking(self) -> Any:
        """The classes of each sample from the highest score down, (N, classes) int32. A map of one sigmoid unit always
        has class 1 first: what it marks, however small it is."""
        if self.binary and (self.tensor.shape.rank or 0) > 2:
            return tf.tile([[1, 0]], [tf.shape(self.scores)[0], 1])
        return tf.argsort(self.scores, direction="DESCENDING", stable=True)


def output_at(recording: Recording, position: int) -> Output:
    """The output at this position of the flattened outputs."""
    returned = [leaf for leaf in tf.nest.flatten(recording.outputs, expand_composites=True) if leaf is not None]
    tensor = returned[position]
    found = before_last_activation(tensor)
    axis = found.axis if found.axis is not None else _class_axis(recording, position, tensor)
    scores = tf.cast(found.tensor, tf.float32)
    rank = scores.shape.rank
    if rank is None or rank < 2:
        scores = tf.reshape(scores, [-1, 1])
        positions, classes = [], 1
    else:
        positions = [i for i in range(1, rank) if i != axis]
        classes = scores.shape[axis]
        if positions:
            scores = tf.reduce_sum(scores, positions)
    note = found.note + (", summed over positions" if positions else "")
    binary = found.activation == "sigmoid" and classes == 1
    if binary:
        scores, classes = tf.concat([-scores, scores], 1), 2
        note += "; class 0 is its negative"
    return Output(recording.output_names[position], found.tensor, scores, classes, found.activation, binary, note)


def _class_axis(recording: Recording, position: int, tensor: Any) -> int:
    """The axis of the classes where no softmax shows it: the channel axis of the layer that made the output."""
    rank = tensor.shape.rank or 0
    source = recording.output_ids[position]
    layer = recording.find(source).keras_layer if source is not None else None
    if rank > 2 and getattr(layer, "data_format", None) == "channels_first":
        return 1
    return rank - 1
