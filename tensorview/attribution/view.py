"""One traced run of a model as a gradient method sees it: recorded calls, the score, its gradients. All symbolic."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Any

import tensorflow as tf

from tensorview.attribution import relu_rules
from tensorview.attribution.features import FeatureMaps, Features
from tensorview.attribution.method import Rule
from tensorview.attribution.outputs import EVERYWHERE, Output, output_at
from tensorview.attribution.place import Where
from tensorview.attribution.target import Target
from tensorview.attribution.tokens import Grid, grid_of
from tensorview.errors import OptionError
from tensorview.recorder import Recording

ROWS = "tensorview: not one row a sample in output"


class Word(enum.StrEnum):
    """What may be said in place of a layer's name: the last convolution; each convolution."""

    LAST = "last-conv"
    ALL = "all"


class View:
    """Inside a function that is being traced. `score` (N,) is what is explained, `index` (N,) the class it belongs to,
    -1 where the target is a callable. `layer` is the layer that was asked for, None for the method's own choice."""

    def __init__(
        self, recording: Recording, target: Target, index: Any, layer: str | None, where: Where = EVERYWHERE
    ) -> None:
        self.recording = recording
        self.layer = layer
        self.function = target.function is not None
        self.output: Output = output_at(recording, target.position(recording.output_names), where)
        self.score, self.index = _scored(self.output, target, index)
        self.features = Features(recording, self.output.tensor)
        self._gradients: dict[int, Any] = {}
        self._replaced: dict[int, Any] = {}
        self._ruled: dict[Rule, dict[str, Any]] = {}

    def differentiate(self, tensors: list[Any]) -> None:
        """One backward pass from the score to all of these tensors; it goes no deeper than they lie."""
        distinct = list({id(tensor): tensor for tensor in tensors}.values())
        gradients = tf.gradients(self.score, distinct) if distinct else []
        for tensor, gradient in zip(distinct, gradients, strict=True):
            self._gradients[id(tensor)] = gradient

    def reaches(self, tensor: Any) -> bool:
        """Whether the score depends on this differentiated tensor."""
        return self._gradients[id(tensor)] is not None

    def gradient(self, tensor: Any, name: str) -> Any:
        """The score's gradient by a tensor, float32: zero by an input that nothing of the score comes from, if some
        comes from another input. Raises OptionError where the score doesn't depend on the tensor otherwise."""
        gradient = self._gradients[id(tensor)]
        if gradient is None:
            points = list(self.inputs().values())
            others = any(self._gradients.get(id(point)) is not None for point in points)
            if not others or not any(point is tensor for point in points):
                raise self._independent(name)
            gradient = tf.zeros_like(tensor)
        return tf.cast(tf.convert_to_tensor(gradient), tf.float32)

    def _independent(self, name: str) -> OptionError:
        return OptionError(f"the score of output {self.output.name!r} does not depend on {name!r} by any gradient")

    def maps(self) -> FeatureMaps:
        """The feature maps of the layer that was asked for, else of the one that is best looked at."""
        if self.layer is Word.LAST:
            return self.features.last()
        return self.features.chosen() if self.layer is None or self.layer is Word.ALL else self.features.of(self.layer)

    def grid(self, maps: FeatureMaps) -> Grid | None:
        """Where maps (N, T, C) are the tokens of an input with more axes in space, such as a picture's patches: how
        they lie there."""
        if len(maps.space) != 1 or maps.channel_axis != 2:
            return None
        grid = grid_of(maps.tensor, maps.tensor.shape[1])
        wide = [name for name in self.recording.inputs if self.size(name, len(grid.sizes)) is not None]
        return grid if len(grid.sizes) > 1 and wide else None

    def ruled(self, rule: Rule) -> dict[str, Any]:
        """The score's gradient at the inputs, float32 by name, with the ReLUs on the way down following a rule."""
        if rule not in self._ruled:
            inputs = self.inputs()
            operations = self.score.graph.get_operations()
            with relu_rules.applied(rule, operations):
                gradients = tf.gradients(self.score, list(inputs.values()))
            if all(gradient is None for gradient in gradients):
                raise self._independent(next(iter(inputs)))
            self._ruled[rule] = {
                name: tf.cast(tf.convert_to_tensor(tf.zeros_like(tensor) if gradient is None else gradient), tf.float32)
                for (name, tensor), gradient in zip(inputs.items(), gradients, strict=True)
            }
        return self._ruled[rule]

    def down(self, end: Any, kept: Any, tensors: list[Any]) -> list[Any]:
        """What comes down from `kept`, in place of the tensor `end`, to these tensors, by the DeconvNet's rule at
        ReLUs; float32, None where nothing can."""
        with relu_rules.applied("rectified", self.score.graph.get_operations()):
            found = tf.gradients(end, tensors, tf.cast(kept, end.dtype))
        return [None if g is None else tf.cast(tf.convert_to_tensor(g), tf.float32) for g in found]

    def behind(self, tensor: Any) -> set[Any]:
        """All operations that a tensor is computed by."""
        found: set[Any] = set()
        todo = [tensor.op]
        while todo:
            op = todo.pop()
            if op not in found:
                found.add(op)
                todo.extend(t.op for t in op.inputs)
        return found

    def node_of(self, op: Any) -> str:
        """The id of the innermost recorded call that made an operation, else the operation's own name."""
        place = self.score.graph.get_operations().index(op)
        return next((c.id for c in self.recording.calls if c.first <= place < c.last), str(op.name))

    def inputs(self) -> dict[str, Any]:
        """The tensors at which an input has a gradient, by its name: the input itself where it is of floating point,
        what `embedding` gives of one of whole numbers. Raises OptionError where no input has any."""
        found = {name: self._point(name) for name in self.recording.inputs}
        usable = {name: tensor for name, tensor in found.items() if tensor is not None}
        if not usable:
            kinds = ", ".join(f"{name} is {tensor.dtype.name}" for name, tensor in self.recording.inputs.items())
            raise OptionError(f"there is no gradient by inputs that are no floating-point numbers: {kinds}")
        return usable

    def channel_axis(self, name: str) -> int | None:
        """The channel axis of what `inputs` gives for this name, batch included; None where it has none."""
        tensor = self.recording.inputs[name]
        point = self._point(name)
        same = point.shape.rank == tensor.shape.rank
        return self.features.input_channel_axis(name) if same else point.shape.rank - 1

    def _point(self, name: str) -> Any:
        tensor = self.recording.inputs[name]
        return tensor if tensor.dtype.is_floating else self.embedding(name)

    def embedding(self, name: str) -> Any:
        """What an input of whole numbers becomes first, where that is one tensor of floating point: the embedding
        (N, ..., C) of token ids, or a picture (N, H, W, C) rescaled. None of other inputs."""
        tensor = self.recording.inputs[name]
        if tensor.dtype.is_floating:
            return None
        after = [self.recording.find(target).output for source, target in self.recording.edges if source == name]
        rank = tensor.shape.rank or 0
        embedded = [
            found
            for found in after
            if isinstance(found, tf.Tensor)
            and found.dtype.is_floating
            and (found.shape.rank == rank + 1 or (rank > 3 and found.shape[1:] == tensor.shape[1:]))
        ]
        return self._replaced.get(id(embedded[0]), embedded[0]) if len(embedded) == 1 else None

    def replace(self, tensor: Any, other: Any) -> None:
        """From here on the model goes on with `other` in place of this tensor. What only led to it isn't computed."""
        consumers = [(op, i) for op in tensor.consumers() for i, t in enumerate(op.inputs) if t is tensor]
        given = tf.cast(other, tensor.dtype)
        given.set_shape(tensor.shape)
        for op, i in consumers:
            op._update_input(i, given)
        self._replaced[id(tensor)] = given

    def between(self, tensor: Any) -> list[Any]:
        """The operations through which the score tensor of the output depends on a tensor."""
        below: dict[Any, bool] = {tensor.op: False}

        def depends(end: Any) -> bool:
            todo = [(end, False)]
            while todo:
                op, ready = todo.pop()
                if ready:
                    below[op] = any(t is tensor or below[t.op] for t in op.inputs)
                elif op not in below:
                    below[op] = False
                    todo.append((op, True))
                    todo.extend((t.op, False) for t in op.inputs)
            return below[end]

        return [op for op, found in below.items() if found] if depends(self.output.tensor.op) else []

    def size(self, name: str, space: int) -> Any:
        """The size of an input along its axes in space (a tensor), where it has `space` of them; else None."""
        tensor = self.recording.inputs[name]
        channel = self.features.input_channel_axis(name)
        axes = [axis for axis in range(1, tensor.shape.rank or 0) if axis != channel]
        return tf.gather(tf.shape(tensor), axes) if len(axes) == space else None


def _by_sample(output: Output, samples: Any) -> Any:
    """The scores, held to be one row for each sample: an output may be one for all of them, or several a sample."""
    rows = tf.equal(tf.shape(output.scores)[0], samples)
    said = tf.constant(f"{ROWS} {output.name!r}")
    with tf.control_dependencies([tf.raw_ops.Assert(condition=rows, data=[said])]):
        return tf.identity(output.scores)


def _scored(output: Output, target: Target, index: Any) -> tuple[Any, Any]:
    samples = tf.shape(output.scores)[0]
    if target.function is not None:
        score = tf.cast(target.function(output.tensor), tf.float32)
        if score.shape.rank != 1:
            raise OptionError(f"a target function returns one value a sample, (N,), but its result is {score.shape}")
        return score, tf.fill([samples], -1)
    output = replace(output, scores=_by_sample(output, tf.shape(index)[0]))
    ranking = output.ranking()
    last = tf.shape(ranking)[1] - 1
    ranked = tf.gather(ranking, tf.clip_by_value(-1 - index, 0, last), batch_dims=1)
    chosen = tf.where(index < 0, ranked, tf.clip_by_value(index, 0, last))
    return tf.gather(output.scores, chosen, batch_dims=1), chosen
