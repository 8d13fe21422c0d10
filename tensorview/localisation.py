"""Where a map points: boxes and masks from attribution maps, and whether they hit what they should.

From a CAM by a threshold (Zhou et al. 2015, arXiv 1512.04150), from saliency by a graph cut over the picture's colours
(Simonyan et al. 2013, arXiv 1312.6034), judged by the pointing game (Zhang et al. 2016, arXiv 1608.00507).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tensorview.errors import InputError, OptionError
from tensorview.graphcut import foreground

How = Literal["threshold", "graph_cut"]
OF_MAXIMUM = 0.2
"""Share of a map's maximum from which on Zhou et al. count a pixel as the object's."""
TOLERANCE = 15
"""Pixels by which the pointing game's maximum may miss."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Localisation:
    """What maps point at. masks: bool (N, H, W), the largest connected region of each. boxes: int64 (N, 4) as top,
    left, bottom, right, in pixels, the last two just outside. found: bool (N,), false where a map is blank: its mask is
    empty and its box all zeros."""

    masks: np.ndarray
    boxes: np.ndarray
    found: np.ndarray


def localise(values: Any, pictures: Any = None, how: How = "threshold", of_maximum: float = OF_MAXIMUM) -> Localisation:
    """Boxes and masks from maps.

    values: (N, H, W) or (H, W); what is below zero speaks against the class and is left out. how: "threshold" takes
    what reaches `of_maximum` (0..1) of each map's maximum, as suits CAMs; "graph_cut" needs `pictures`, uint8
    (N, H, W, 1|3): it learns foreground colours where a map is above its 95 % quantile, background colours where it is
    below its 30 % quantile, and cuts the picture, as suits saliency. Both keep the largest connected region.
    """
    maps = _maps(values)
    if how not in ("threshold", "graph_cut"):
        raise OptionError(f"how is threshold or graph_cut, but {how!r} came")
    if not 0 < of_maximum <= 1:
        raise OptionError(f"of_maximum is a share above 0 and at most 1, but {of_maximum!r} came")
    if how == "graph_cut":
        seen = _pictures(pictures, maps)
        masks = [foreground(one, picture) for one, picture in zip(maps, seen, strict=True)]
    else:
        masks = [(one > 0) & (one >= of_maximum * one.max(initial=0)) for one in maps]
    kept = np.stack([largest_region(mask) for mask in masks]) if masks else np.zeros(maps.shape, bool)
    boxes = np.array([box_around(mask) for mask in kept], np.int64).reshape(len(kept), 4)
    return Localisation(masks=kept, boxes=boxes, found=np.asarray(kept.any(axis=(1, 2))))


def pointing_game(values: Any, truth: Any, tolerance: int = TOLERANCE) -> np.ndarray:
    """Whether each map's maximum lies on the object, or within `tolerance` pixels of it: bool (N,).

    values: (N, H, W) or (H, W). truth: boxes (N, 4) as top, left, bottom, right, or masks (N, H, W). The share of hits
    is the score of a method. A blank map points nowhere: a miss.
    """
    from scipy import ndimage

    maps = _maps(values)
    truths = np.asarray(truth)
    if truths.ndim < 2 or truths.shape == maps.shape[1:]:
        truths = truths[None]
    if len(truths) != len(maps):
        raise InputError(f"{len(maps)} maps need as many boxes or masks, but {len(truths)} came")
    if truths.shape[1:] != (4,) and truths.shape != maps.shape:
        raise InputError(
            f"truth is boxes (N, 4) or masks {maps.shape}, but an array of shape {np.asarray(truth).shape} came"
        )
    hits = []
    for one, own in zip(maps, truths, strict=True):
        mask = own.astype(bool) if own.ndim == 2 else _filled(own, one.shape)
        place = np.unravel_index(int(one.argmax()), one.shape)
        away = ndimage.distance_transform_edt(~mask) if mask.any() else np.full(one.shape, np.inf)
        hits.append(bool(one.max(initial=0) > 0 and away[place] <= tolerance))
    return np.array(hits, bool)


def largest_region(mask: np.ndarray) -> np.ndarray:
    """The largest connected region of a mask (H, W), by sides and corners; an empty mask stays empty."""
    from scipy import ndimage

    regions, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return mask
    sizes = np.bincount(regions.ravel())[1:]
    return np.asarray(regions == 1 + int(sizes.argmax()))


def box_around(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of a mask (H, W), the last two just outside; zeros for an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _filled(box: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    top, left, bottom, right = (max(0, int(edge)) for edge in box)
    mask[top:bottom, left:right] = True
    return mask


def _maps(values: Any) -> np.ndarray:
    maps = np.asarray(values, np.float64)
    maps = maps[None] if maps.ndim == 2 else maps
    if maps.ndim != 3:
        raise InputError(f"maps are (N, H, W) or (H, W), but an array of shape {np.shape(values)} came")
    return np.nan_to_num(maps, nan=0.0)


def _pictures(pictures: Any, maps: np.ndarray) -> Sequence[np.ndarray]:
    if pictures is None:
        raise OptionError("graph_cut looks at the picture's colours; give pictures, uint8 (N, H, W, 1|3)")
    seen = np.asarray(pictures)
    seen = seen[None] if seen.ndim == 3 and len(maps) == 1 else seen
    if seen.ndim != 4 or seen.shape[:3] != maps.shape or seen.shape[3] not in (1, 3):
        raise InputError(f"pictures are uint8 {(*maps.shape, 3)} or with one channel, but {np.shape(pictures)} came")
    return list(seen)
