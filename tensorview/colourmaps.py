"""Colour maps as tables of 256 colours, straight lines in OKLab between a few stops."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tensorview.errors import OptionError, near

if TYPE_CHECKING:
    import numpy as np

STEPS = 256
SEQUENTIAL = {
    "heat": ("271125", "8c1737", "e14d28", "fcaa2b", "fef4b6"),
    "viridis": ("440154", "3b528b", "21918c", "5ec962", "fde725"),
    "inferno": ("000004", "57106e", "bc3754", "f98e09", "fcffa4"),
    "grey": ("000000", "ffffff"),
}
"""From zero to the most."""
DIVERGING = {
    "blue_red": ("2166ac", "67a9cf", "f7f7f7", "ef8a62", "b2182b"),
    "purple_green": ("762a83", "af8dc3", "f7f7f7", "7fbf7b", "1b7837"),
}
"""From the most below zero, over zero in the middle, to the most above."""
NAMES = (*SEQUENTIAL, *DIVERGING)


@cache
def table(name: str) -> np.ndarray:
    """The colours of a map, float64 (256, 3), 0..255. Raises OptionError for a name that is none."""
    import numpy as np

    stops = {**SEQUENTIAL, **DIVERGING}.get(name)
    if stops is None:
        raise OptionError(f"there is no colour map {name!r}{near(name, NAMES)}; choose one of {', '.join(NAMES)}")
    srgb = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in stops], np.float64) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_lms, to_lab = np.array(_TO_LMS), np.array(_TO_LAB)
    lab = np.cbrt(linear @ to_lms.T) @ to_lab.T
    at = np.linspace(0, len(stops) - 1, STEPS)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), lab[:, i]) for i in range(3)], axis=1)
    back = np.clip((mixed @ np.linalg.inv(to_lab).T) ** 3 @ np.linalg.inv(to_lms).T, 0, 1)
    colours = np.where(back <= 0.0031308, back * 12.92, 1.055 * back ** (1 / 2.4) - 0.055) * 255
    colours.setflags(write=False)
    return np.asarray(colours)


def coloured(values: np.ndarray, name: str) -> np.ndarray:
    """Values in colour, float64 (..., 3) of 0..255: 0..1 for a sequential map, -1..1 for a diverging one."""
    import numpy as np

    colours = table(name)
    share = (values + 1) / 2 if name in DIVERGING else values
    return np.asarray(colours[np.rint(np.clip(share, 0, 1) * (STEPS - 1)).astype(np.int64)])


# Björn Ottosson's OKLab: linear sRGB to cone responses, and their cube roots to lightness and two colour axes.
_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
