"""An output of a model as class scores: one number a class and sample, whatever the output's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tensorview.attribution.place import Where
from tensorview.attribution.score import LastActivation, before_last_activation
from tensorview.errors import OptionError
from tensorview.recorder import Recording
from tensorview.signature import text

EVERYWHERE = Where()


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """One output of a recorded run.

    tensor: its score tensor, before the last activation, in the output's shape. scores: (N, classes) float32.
    A spatial output's score is the sum over its positions, or what stands `where`; `sizes` are theirs. One sigmoid unit
    has two classes: 1 is z, 0 is -z.
    """

    name: str
    tensor: Any
    scores: Any
    classes: int | None
    activation: LastActivation
    binary: bool
    note: str
    class_axis: int
    sizes: tuple[int | None, ...]
    where: Where

    def ranking(self) -> Any:
        """The classes of each sample from the highest score down, (N, classes) int32. A map of one sigmoid unit has
        class 1 first, what it marks, however small that is; at one place of it what it says there."""
        if self.binary and self.sizes and self.where.kind is None:
            return tf.tile([[1, 0]], [tf.shape(self.scores)[0], 1])
        return tf.argsort(self.scores, direction="DESCENDING", stable=True)

    def confidences(self) -> Any:
        """The probability of each class, (N, classes): after one softmax or sigmoid, the mean over positions."""
        if not self.sizes:
            return tf.sigmoid(self.scores) if self.activation == "sigmoid" else tf.nn.softmax(self.scores)
        logits = tf.cast(self.tensor, tf.float32)
        each = tf.sigmoid(logits) if self.activation == "sigmoid" else tf.nn.softmax(logits, self.class_axis)
        found = self.where.total(each, self.class_axis, mean=True)
        return tf.concat([1 - found, found], 1) if self.binary else found


def output_at(recording: Recording, position: int, where: Where = EVERYWHERE) -> Output:
    """The output at this position of the flattened outputs. Raises OptionError where a place is asked for and it has no
    positions."""
    returned = [leaf for leaf in tf.nest.flatten(recording.outputs, expand_composites=True) if leaf is not None]
    tensor = returned[position]
    found = before_last_activation(tensor)
    axis = found.axis if found.axis is not None else _class_axis(recording, position, tensor)
    scores = tf.cast(found.tensor, tf.float32)
    rank, name = scores.shape.rank, recording.output_names[position]
    plain = rank is None or rank < 2
    if plain:
        scores = tf.reshape(scores, [-1, 1])
    sizes = () if plain else tuple(scores.shape[i] for i in range(1, rank) if i != axis)
    classes = 1 if plain else scores.shape[axis]
    if where.kind is not None and not sizes:
        raise OptionError(f"output {name!r} has no positions to choose from: its shape is {text(tensor.shape)}")
    scores = scores if plain else where.total(scores, axis)
    note = found.note + (where.note if sizes else "")
    binary = found.activation == "sigmoid" and classes == 1
    if binary:
        scores, classes = tf.concat([-scores, scores], 1), 2
        note += "; class 0 is its negative"
    return Output(name, found.tensor, scores, classes, found.activation, binary, note, axis, sizes, where)


def _class_axis(recording: Recording, position: int, tensor: Any) -> int:
    """The axis of the classes where no softmax shows it: the channel axis of the layer that made the output."""
    rank = tensor.shape.rank or 0
    source = recording.output_ids[position]
    layer = recording.find(source).keras_layer if source is not None else None
    if rank > 2 and getattr(layer, "data_format", None) == "channels_first":
        return 1
    return rank - 1
