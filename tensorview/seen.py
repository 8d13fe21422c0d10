"""An output as rules see it."""

from __future__ import annotations

from typing import Any

Sizes = tuple[int, ...]


class Seen:
    """Its sizes in its own order, without the batch, and which axis is the channel's."""

    def __init__(self, sizes: Sizes, channel: int | None) -> None:
        self.sizes, self.channel = sizes, channel

    @property
    def space(self) -> Sizes:
        """The sizes of all axes but the channel's."""
        return tuple(size for axis, size in enumerate(self.sizes) if axis != self.channel)

    def fits(self, made: Seen) -> bool:
        """Whether it goes into `made` value by value, its axes of size 1 repeated."""
        return len(self.sizes) == len(made.sizes) and all(
            size in (1, out) for size, out in zip(self.sizes, made.sizes, strict=True)
        )


def axes_of(value: Any, rank: int) -> tuple[int, ...]:
    """Axes as Keras counts them, the batch with them, as axes without it: -1 is the batch's own."""
    given = value if isinstance(value, tuple | list) else (value,)
    return tuple(int(axis) % (rank + 1) - 1 for axis in given)
