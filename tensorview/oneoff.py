"""Runs of compiled functions whose graphs are not worth optimising."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tensorflow.core.protobuf import config_pb2
from tensorflow.python.eager import context


@contextmanager
def unoptimised() -> Iterator[None]:
    """TensorFlow functions that run for the first time inside skip graph optimisation, in this thread only.

    Rewriting the graph of a ResNet-50 whose every activation is fetched takes half a second, and neither that run nor
    later ones are faster for it: what is fetched can't be fused or folded away.
    """
    holder: Any = context.context()
    before = holder.function_call_options
    config = config_pb2.ConfigProto.FromString(before.config_proto_serialized)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    holder.function_call_options = context.FunctionCallOptions(before.executor_type, config)
    try:
        yield
    finally:
        holder.function_call_options = before
