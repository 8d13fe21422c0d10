"""What `visualize` returns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Visualization:
    """N inputs that were made.

    values: float32 (N, H, W, C), or (N, T, C), ..., as the model takes them, in its own range and layout. images: the
    same as uint8, channels last, 0 the low end of the range and 255 the high one. history: float32 (N, steps), the
    objective at each step, of the transformed image. score: float32 (N,), the objective of the finished image as it is.
    dead: bool (N,), nothing of the gradient arrives at the image: it never made the objective move. objectives: as
    text. range: in words. notes: what a reader must know to trust this.
    """

    values: Array
    images: Array
    history: Array
    score: Array
    dead: Array
    objectives: tuple[str, ...]
    seeds: tuple[int, ...]
    range: str
    notes: tuple[str, ...]

    def sheet(self, columns: int | None = None, gap: int = 2) -> Array:
        """All pictures in rows, as wide as high or `columns` wide: uint8 (h, w, 3). Raises OptionError for inputs that
        are no pictures."""
        return tiled(self.images, columns, gap)


def tiled(images: Array, columns: int | None = None, gap: int = 2) -> Array:
    """Pictures uint8 (N, H, W, C) in rows, `gap` dark pixels between them: uint8 (h, w, 3)."""
    from tensorview.errors import OptionError
    from tensorview.sheet import GROUND

    if images.ndim != 4:
        raise OptionError(f"a sheet is made of pictures, and these are {images.shape[1:]}")
    count, height, width, channels = images.shape
    wide = columns or math.ceil(math.sqrt(count))
    high = math.ceil(count / wide)
    sheet = np.empty((high * (height + gap) - gap, wide * (width + gap) - gap, 3), np.uint8)
    sheet[:] = GROUND
    for place, image in enumerate(images):
        top, left = place // wide * (height + gap), place % wide * (width + gap)
        sheet[top : top + height, left : left + width] = np.repeat(image, 3, -1) if channels == 1 else image[..., :3]
    return sheet
