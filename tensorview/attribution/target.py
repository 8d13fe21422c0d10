"""What is explained: which class, unit or quantity of which output, for each sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tensorview.attribution import place as places
from tensorview.attribution.place import Place
from tensorview.errors import OptionError, near
from tensorview.labels import find_class

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A question asked of one output of a model.

    output: the name or position of an output. indices: int32 (N,), a class for each sample; below zero it is a rank:
    -1 the top class, -2 the second. function: in place of classes, what maps the output's score tensor to (N,).
    place: where in an output with positions; None for their sum.
    """

    output: str | int
    indices: Array
    function: Callable[[Any], Any] | None = None
    place: Place | None = None

    def position(self, names: Sequence[str]) -> int:
        """Which of the model's outputs this is. Raises OptionError that lists their names."""
        if isinstance(self.output, str) and self.output in names:
            return list(names).index(self.output)
        if isinstance(self.output, int) and 0 <= self.output < len(names):
            return self.output
        raise OptionError(
            f"the model has no output {self.output!r}{near(str(self.output), names)}; its outputs are "
            f"{', '.join(names)}"
        )

    def arguments(self, samples: Any = slice(None), indices: Any = None) -> tuple[Any, ...]:
        """What a compiled function takes of the target for these samples, a slice or numbers: their classes, or other
        `indices` in place of these, and where."""
        import tensorflow as tf

        chosen = [self.indices[samples] if indices is None else indices]
        return tuple(map(tf.convert_to_tensor, chosen if self.place is None else [*chosen, self.place.of(samples)]))

    def specs(self) -> tuple[Any, ...]:
        """The TensorSpecs of `arguments`."""
        import tensorflow as tf

        return (tf.TensorSpec([None], tf.int32), *places.specs(self.place))

    def of(self, samples: Any, indices: Any) -> Target:
        """The target of these samples alone, with other classes."""
        place = self.place and replace(self.place, values=self.place.of(samples))
        return replace(self, indices=np.asarray(indices, np.int32), place=place)

    def fitted(self, sizes: Sequence[int | None], output: str) -> Target:
        """The same with its place held to an output with positions of these sizes."""
        return replace(self, place=self.place and self.place.fitted(sizes, len(self.indices), output))

    def check(self, classes: int, output: str) -> None:
        """Raises OptionError where a class is asked for that the output doesn't have."""
        wrong = [int(i) for i in self.indices if i >= classes or i < -classes]
        if wrong and wrong[0] < 0:
            raise OptionError(f"rank {-wrong[0]} was asked for, but output {output!r} has {_count(classes)}")
        if wrong:
            raise OptionError(f"target {wrong[0]} does not exist: output {output!r} has {_count(classes)}")


def parse(target: Any, samples: int, labels: Sequence[str] | None = None, at: Any = None) -> Target:
    """A Target from what a user may give, for `samples` samples.

    None or "top": the top class of the first output. An int: that class. A str: the class that
    `labels.find_class` finds. A list or array: one of these a sample. A tuple (output, target): the same for an output
    by name or position. A callable takes the score tensor of the first output, batch first, and returns one value a
    sample, (N,). at: where in an output with positions, as `place.parse` takes it.
    """
    if isinstance(target, Target):
        return target if at is None else replace(target, place=places.parse(at))
    output: str | int = 0
    if isinstance(target, tuple):
        if len(target) != 2 or isinstance(target[0], bool) or not isinstance(target[0], str | int):
            raise OptionError(f"a tuple as target is (output, class), but {target!r} came; use a list for one a sample")
        output, target = target
    place = places.parse(at)
    if callable(target):
        if place is not None:
            raise OptionError("a target function gets the whole output, so it says itself where; at goes with a class")
        return Target(output, np.zeros(samples, np.int32), target)
    if isinstance(target, list | np.ndarray) and np.ndim(target) == 1:
        if len(target) != samples:
            raise OptionError(f"{len(target)} targets came for {samples} samples; give one for each, or one for all")
        indices = [_index(one, labels) for one in target]
    else:
        indices = [_index(target, labels)] * samples
    return Target(output, np.array(indices, np.int32), None, place)


def ranked(rank: int, samples: int, output: str | int = 0) -> Target:
    """The class at this rank of each sample's own scores, 0 the top."""
    return Target(output, np.full(samples, -1 - rank, np.int32))


def _index(target: Any, labels: Sequence[str] | None) -> int:
    if target is None or (isinstance(target, str) and target == "top"):
        return -1
    if isinstance(target, int | np.integer) and not isinstance(target, bool):
        if target < 0:
            raise OptionError(f"target {target} is below zero; classes count from 0")
        return int(target)
    if isinstance(target, str):
        return find_class(target, labels, len(labels) if labels else None)
    raise OptionError(
        f"a target is a class index, a label, 'top', a list of one a sample, (output, class) or a callable, "
        f"but {target!r} came"
    )


def _count(classes: int) -> str:
    return "one class (0)" if classes == 1 else f"{classes} classes (0 to {classes - 1})"
