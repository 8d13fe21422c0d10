"""The values of an input that belong to one value of a map over it, and what stands in for them when they are gone."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tensorview.errors import InputError, OptionError

Fill = Literal["zero", "mean", "blur"]
BLUR = 5.0
"""Standard deviation of the blur in pixels, as Petsiuk et al. 2018 have it for pictures of 224 pixels."""


def channel_axis(sample: np.ndarray, values: np.ndarray) -> int | None:
    """The axis of a sample that a map over it has not: -1, 0, or None where the map has them all."""
    if sample.shape == values.shape:
        return None
    if sample.shape[:-1] == values.shape:
        return -1
    if sample.shape[1:] == values.shape:
        return 0
    raise InputError(f"a map of shape {values.shape} does not lie over an input of shape {sample.shape}")


def spread(values: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """A map with an axis of length 1 where the sample has its channels."""
    axis = channel_axis(sample, values)
    return values if axis is None else np.expand_dims(values, axis)


def filled(sample: np.ndarray, values: np.ndarray, fill: Fill) -> np.ndarray:
    """The sample with nothing to be seen in it: zeros, each channel's mean, or a strong blur along the map's axes."""
    from scipy import ndimage

    axis = channel_axis(sample, values)
    space = [i for i in range(sample.ndim) if axis is None or i != axis % sample.ndim]
    if fill == "zero" or sample.dtype.kind != "f":
        return np.zeros_like(sample)
    if fill == "mean":
        return np.broadcast_to(sample.mean(axis=tuple(space), keepdims=True), sample.shape).astype(sample.dtype)
    if fill == "blur":
        sigma = [BLUR * max(1.0, max(values.shape) / 224) if i in space else 0.0 for i in range(sample.ndim)]
        return np.asarray(ndimage.gaussian_filter(sample.astype(np.float64), sigma, mode="nearest")).astype(
            sample.dtype
        )
    raise OptionError(f"a fill is zero, mean or blur, but {fill!r} came")
