"""Reads a SavedModel's protocol buffer for what TensorFlow must not run: operations on files, Python, other machines.

TensorFlow runs no Python of a SavedModel, but its graphs may read and write any file, some of them on loading alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorview.errors import ModelError, first_line
from tensorview.hdf5 import Stored

MARK = "saved_model.pb"
_LARGEST = 256 * 1024 * 1024
"""Bytes of a saved_model.pb; weights lie beside it."""
_OUTSIDE = re.compile(r"File|Dataset|Vocab|PyFunc|^Debug|Send$|Recv|Checkpoint|Snapshot|Collective|RemoteCall|Xla|TPU")
"""Operations that reach out of the graph, whether or not TensorFlow calls them stateful."""
_STATEFUL = re.compile(
    r"VarHandleOp|VarIsInitializedOp|ReadVariableOp|Assign\w*VariableOp|ResourceGather\w*|StatefulPartitionedCall|While|If"
    r"|Case|Placeholder\w*|Assert|Random\w*|Multinomial|TruncatedNormal|ParameterizedTruncatedNormal|Stateful\w+"
    r"|CheckNumerics(V2)?|RngReadAndSkip|RngSkip|(Anonymous|Mutable|MutableDense|AnonymousMutable|AnonymousMutableDense)?HashTable(V2)?"
    r"|MutableHashTableOfTensors(V2)?|LookupTable\w+|InitializeTableV2|TensorArray\w*|Stack\w*|Rng\w*"
)
"""Stateful operations whose state is the graph's own."""
_KEEP = ("SaveV2", "RestoreV2", "MergeV2Checkpoints")


def is_saved_model(path: Path) -> bool:
    return path.is_dir() and (path / MARK).is_file()


def read(path: Path, *, unsafe: bool = False) -> Any:
    """The one MetaGraphDef of the SavedModel in the folder `path`.

    Raises ModelError for a damaged file, one of TensorFlow 1, and, unless `unsafe`, for one with operations that reach
    out of the graph, or assets elsewhere.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    file = path / MARK
    try:
        if file.stat().st_size > _LARGEST:
            raise ModelError(f"{path} has a {MARK} of more than {_LARGEST:,} bytes; refused")
        saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except (DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is damaged or cut short ({first_line(error)}); copy or download it again") from error
    graphs = [graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags]
    if len(graphs) != 1:
        raise ModelError(f"{path} is a SavedModel with {len(graphs)} graphs for use (tag 'serve'), where one is needed")
    graph = graphs[0]
    if not graph.object_graph_def.nodes:
        raise ModelError(f"{path} was saved by TensorFlow 1; load it where it was made and save it again")
    if not (path / "variables" / "variables.index").is_file():
        raise ModelError(f"{path} holds no weights (no variables/variables.index in it); save the model again")
    if not unsafe:
        _check_operations(path, graph)
        _check_assets(path, graph)
    stored(path)
    return graph


def _check_operations(path: Path, graph: Any) -> None:
    from tensorflow.python.framework import op_def_registry

    functions = {item.signature.name: item for item in graph.graph_def.library.function}
    todo = [*graph.object_graph_def.concrete_functions]
    keeping = _keeping(graph)
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in functions[name].node_def:
            known = op_def_registry.get(node.op)
            if known is None and node.op not in functions:
                raise ModelError(f"{path} needs an operation {node.op[:80]!r} that TensorFlow does not have; refused")
            if node.op in _KEEP and name in keeping:
                continue
            stateful = known is not None and known.is_stateful
            if _OUTSIDE.search(node.op) or (stateful and not _STATEFUL.fullmatch(node.op)):
                raise ModelError(
                    f"{path} holds an operation {node.op[:80]} ({node.name[:80]!r}), which reaches out of the graph, "
                    "to files, Python or elsewhere; refused (if you trust it: --unsafe, or safe_mode=False from Python)"
                )
            todo.extend([node.op] if known is None else _named(node))


def _named(node: Any) -> Iterator[str]:
    """The functions that an operation calls."""
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        for item in value.list.func:
            yield item.name


def _keeping(graph: Any) -> set[str]:
    """Functions that save and restore. Nothing here calls them: TensorFlow reads the variables by itself."""
    return {
        item.signature.name
        for item in graph.graph_def.library.function
        if any(node.op in _KEEP for node in item.node_def)
        and item.signature.name not in graph.object_graph_def.concrete_functions
    }


def _check_assets(path: Path, graph: Any) -> None:
    for asset in graph.asset_file_def:
        parts = asset.filename.replace("\\", "/").split("/")
        if ".." in parts or asset.filename.startswith(("/", "\\")) or "://" in asset.filename:
            raise ModelError(f"{path} names a file outside of itself ({asset.filename[:80]!r}); refused")


def stored(path: Path) -> Stored:
    """What the variables hold. Raises ModelError where they declare more bytes than lie in their files."""
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except Exception as error:  # damaged files raise nearly anything
        raise ModelError(f"{path} has damaged weights ({first_line(error)}); copy or download it again") from error
    lying = sum(file.stat().st_size for file in (path / "variables").glob("variables.data-*"))
    declared = sum(math.prod(shape) * types[name].size for name, shape in shapes.items() if types[name].size)
    if declared > lying + 1_000_000:
        raise ModelError(f"{path} declares {declared:,} bytes of weights and stores {lying:,}; refused")
    return Stored(sum(map(math.prod, shapes.values())), {name: tuple(shape) for name, shape in shapes.items()})
