"""Runs of compiled functions whose graphs are not worth optimising."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
from tensorflow.python.eager import context

_OTHERS = (
    "arithmetic_optimization", "auto_mixed_precision", "common_subgraph_elimination", "constant_folding",
    "debug_stripper", "dependency_optimization", "function_optimization", "implementation_selector",
    "loop_optimization", "pin_to_host_optimization", "remapping", "shape_optimization",
)  # fmt: skip
"""Every rewriting of a graph but the one of its layout."""


@contextmanager
def unoptimised(*, channels_last: bool = False) -> Iterator[None]:
    """TensorFlow functions that run for the first time inside skip graph optimisation, in this thread only.

    Rewriting the graph of a ResNet-50 whose every activation is fetched takes half a second, and neither that run nor
    later ones are faster for it: what is fetched can't be fused or folded away.

    channels_last: still turn convolutions and poolings over channels_first around. TensorFlow has no other kernels for
    them on a CPU without oneDNN, which it leaves off where there is no AVX-512.
    """
    holder: Any = context.context()
    before = holder.function_call_options
    config = config_pb2.ConfigProto.FromString(before.config_proto_serialized)
    rewriting = config.graph_options.rewrite_options
    if channels_last:
        kinds = rewriter_config_pb2.RewriterConfig
        rewriting.cpu_layout_conversion = kinds.NCHW_TO_NHWC
        rewriting.memory_optimization = kinds.NO_MEM_OPT
        rewriting.min_graph_nodes = -1  # also of a graph of one layer
        for name in _OTHERS:
            setattr(rewriting, name, kinds.OFF)
    else:
        rewriting.disable_meta_optimizer = True
    holder.function_call_options = context.FunctionCallOptions(before.executor_type, config)
    try:
        yield
    finally:
        holder.function_call_options = before


def has_channels_first(graph: Any) -> bool:
    """Whether an operation of this graph, or of a loop or function inside, takes its channels before its positions."""
    return any(_channels_first(op) for op in graph.get_operations()) or any(
        has_channels_first(function.graph) for function in graph._functions.values()
    )


def _channels_first(op: Any) -> bool:
    if not op.type.startswith(("Conv", "DepthwiseConv", "MaxPool", "AvgPool", "FusedBatchNorm", "BiasAdd")):
        return False
    try:
        return bool(op.get_attr("data_format").startswith(b"NC"))
    except ValueError:  # an operation of such a name without the attribute
        return False
