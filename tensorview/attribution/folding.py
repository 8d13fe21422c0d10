"""Batch normalisation folded into the convolution before it, in a traced graph that is going to be run many times.

The user's model and its weights are as they were: the products are made inside the compiled function.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorview.attribution.view import View

_KERNELS = {"Conv2D": 3, "DepthwiseConv2dNative": 2}
"""The axis of a convolution's kernel along which the outputs of a channel lie (of a depthwise one, with the next)."""


def fold_norms(view: View) -> None:
    """Conv(x, w) * s + b, with s and b by channel, goes on as Conv(x, w * s) + b wherever the score rests on it: half
    the arithmetic over maps, in an order of operations that TensorFlow can fuse."""
    behind = view.behind(view.score)
    for op in [op for op in behind if op.type == "AddV2"]:
        found = _pattern(op)
        if found is not None:
            convolution, scale, offset = found
            kernel = convolution.inputs[1]
            shape = kernel.shape if convolution.type == "Conv2D" else [1, 1, *kernel.shape[2:]]
            by_channel = tf.reshape(scale, [1, 1, 1, -1] if convolution.type == "Conv2D" else shape)
            folded = _again(convolution, kernel * by_channel)
            view.replace(op.outputs[0], tf.nn.bias_add(folded, tf.reshape(offset, [-1])))


def _pattern(op: Any) -> tuple[Any, Any, Any] | None:
    """The convolution, scale and offset of an addition that ends conv(x) * scale + offset."""
    product, offset = op.inputs
    if product.op.type != "Mul" or len(product.consumers()) != 1:
        return None
    result, scale = product.op.inputs
    convolution = result.op
    channels = result.shape[-1] if result.shape.rank else None
    if convolution.type not in _KERNELS or len(result.consumers()) != 1 or channels is None:
        return None
    if convolution.get_attr("data_format") != b"NHWC" or convolution.inputs[1].shape.num_elements() is None:
        return None
    if any(
        t.shape.rank is None or t.shape.num_elements() != channels or t.dtype != result.dtype for t in (scale, offset)
    ):
        return None
    return convolution, scale, offset


def _again(convolution: Any, kernel: Any) -> Any:
    """The same convolution with another kernel."""
    given = {
        "strides": convolution.get_attr("strides"),
        "padding": convolution.get_attr("padding").decode(),
        "dilations": convolution.get_attr("dilations"),
        "explicit_paddings": convolution.get_attr("explicit_paddings"),
    }
    make = tf.raw_ops.Conv2D if convolution.type == "Conv2D" else tf.raw_ops.DepthwiseConv2dNative
    return make(input=convolution.inputs[0], filter=kernel, **given)
