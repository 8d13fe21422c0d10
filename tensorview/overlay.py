"""A map laid over the picture that it explains, so that both can be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensorview import colourmaps
from tensorview.errors import OptionError

FAINT, FULL = 0.08, 0.62
"""Below the first share of a map's maximum nothing of it is seen; from the second on it is seen in full."""

FAR = 0.25
"""Share of a map's largest value that its least one must reach for the map to be drawn from there."""


@dataclass(frozen=True, slots=True)
class Look:
    """How maps are drawn. colours: a name of `colourmaps`, None for heat, or blue_red where there are values below
    zero. opacity: 0..1, of the map where it is strongest. absolute: take values by their size, without their sign."""

    colours: str | None = None
    opacity: float = 0.92
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.colours is not None:
            colourmaps.table(self.colours)
        if not 0 <= self.opacity <= 1:
            raise OptionError(f"opacity is a share from 0 to 1, but {self.opacity} came")


PLAIN = Look()
MOST = 0.99
"""Share of a map's pixels that stay below the value that is drawn in full: gradients have a few that are far higher."""


def overlay(values: np.ndarray, picture: np.ndarray | None, look: Look = PLAIN) -> np.ndarray:
    """A map (H, W) over a picture uint8 (h, w, 1|3), as uint8 RGB in the picture's size.

    The map is divided by the value that MOST of its pixels stay below, so that a few of the strongest don't hide the
    rest; what is weak lets the picture through, which is mostly desaturated and
    darkened. The map takes its light from the picture, so that edges stay visible. Without a picture, the map alone.
    A sequential colour map shows what is above zero, a diverging one both sides.
    """
    heat = scaled(values, look)
    colours = look.colours or ("blue_red" if (heat < 0).any() else "heat")
    if picture is None:
        return np.asarray(colourmaps.coloured(heat, colours).astype(np.uint8))
    heat = resized(heat, *picture.shape[:2])
    rgb = (np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture).astype(np.float32)
    light = (rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32))[..., None]
    ground = (0.75 * light + 0.25 * rgb) * 0.62
    seen = np.abs(heat) if colours in colourmaps.DIVERGING else np.maximum(heat, 0)
    t = np.clip((seen - FAINT) / (FULL - FAINT), 0, 1)
    strength = (look.opacity * t * t * (3 - 2 * t))[..., None]
    glow = colourmaps.coloured(heat, colours) * (0.72 + 0.48 * light / 255)
    return np.asarray(np.clip(np.rint(ground * (1 - strength) + glow * strength), 0, 255).astype(np.uint8))


def scaled(values: np.ndarray, look: Look = PLAIN) -> np.ndarray:
    """A map in -1..1, float32: divided by the absolute value that MOST of its pixels stay below (or its largest, where
    that is zero), and cut there. NaN is 0, infinity is an end. A map that stays FAR from zero everywhere, as RISE's,
    is drawn from its least value."""
    most = float(np.finfo(np.float32).max)
    numbers = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=most, neginf=-most)
    numbers = np.abs(numbers) if look.absolute else numbers
    least, largest = float(numbers.min(initial=np.inf)), float(numbers.max(initial=-np.inf))
    if numbers.size and least < largest and least > FAR * largest:
        numbers -= least
    sizes = np.abs(numbers)
    top = float(np.quantile(sizes, MOST)) if sizes.size else 0.0
    top = top or float(sizes.max(initial=0.0))
    return np.asarray(np.clip(numbers / top if top > 0 else numbers, -1, 1).astype(np.float32))


def resized(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear with half-pixel centres, so that a hot cell in the middle stays in the middle."""
    from PIL import Image

    image = Image.fromarray(heat.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
