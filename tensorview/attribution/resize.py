"""From low-resolution maps to what is looked at: ReLU, normalisation, resizing, each a step of its own."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def normalise(maps: Any) -> Any:
    """Each sample's map (N, ...) over its own maximum. Zero stays zero, and a map of zeros stays one."""
    peak = tf.reduce_max(maps, axis=list(range(1, maps.shape.rank)), keepdims=True)
    return tf.math.divide_no_nan(maps, peak)


def resize(maps: Any, size: Any) -> Any:
    """Maps (N, T), (N, H, W) or (N, D, H, W) bilinear to `size`, with half-pixel centres, so the middle stays there."""
    rank = maps.shape.rank
    if rank == 2:
        return tf.image.resize(maps[..., None, None], tf.stack([size[0], 1]))[..., 0, 0]
    if rank == 3:
        return tf.image.resize(maps[..., None], size)[..., 0]
    shape = tf.shape(maps)
    planes = tf.image.resize(tf.reshape(maps, tf.concat([[-1], shape[2:], [1]], 0)), size[1:])
    deep = tf.reshape(planes, [shape[0], shape[1], size[1] * size[2], 1])
    return tf.reshape(tf.image.resize(deep, [size[0], size[1] * size[2]]), tf.concat([[-1], size], 0))
