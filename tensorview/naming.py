"""Ids of calls: stable and readable, the same in a trace and in an outline of a file."""

from __future__ import annotations

import re

_MADE_UP = re.compile(r"keras_tensor(_\d+)?(CLONE)?")
"""The name that Keras gives to the input of a model cut out of another: it counts tensors over the whole process."""


class Names:
    """The ids given so far in one run."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._siblings: dict[tuple[str | None, int], int] = {}

    def of_call(self, group: str | None, layer: int, readable: str) -> str:
        """The id of a call in `group` of the layer with the identity `layer`, which is called `readable`."""
        again = self._siblings.get((group, layer), 0)
        self._siblings[group, layer] = again + 1
        path = f"{group}/{readable}" if group else readable
        return self.unique(f"{path}#{again}" if again else path)

    def unique(self, path: str) -> str:
        name, number = path, 1
        while name in self._taken:
            number += 1
            name = f"{path}~{number}"
        self._taken.add(name)
        return name


def without_counter(name: str) -> str:
    """Keras numbers operations over the whole process ("add_17"); an id must not depend on what was built before."""
    return re.sub(r"_\d+$", "", name)


def is_made_up(name: str) -> bool:
    """Whether Keras made up the name of an input."""
    return _MADE_UP.fullmatch(name) is not None


def input_name(name: str, place: int, count: int) -> str:
    """The name of the input at `place` of `count`, whose layer is called `name`."""
    if not is_made_up(name):
        return name
    return "input" if count == 1 else f"input_{place}"
