"""What Keras 2 wrote into a SavedModel of its own: the model's configuration, and which layer has which variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorview.errors import ModelError

NAME = "keras_metadata.pb"
_LARGEST = 64 * 1024 * 1024


def configuration(path: Path) -> dict[str, Any] | None:
    """The model's configuration, or None where there is none, as of a subclassed model."""
    root = _nodes(path).get("root")
    config = root.get("config") if root else None
    if root is None or not isinstance(config, dict) or "layers" not in config:
        return None
    return {"class_name": str(root.get("class_name")), "config": config}


def load_weights(path: Path, model: Any, loaded: Any) -> None:
    """Give `model`, made of the configuration, the variables of the `loaded` SavedModel, layer by layer.

    Raises ModelError where a layer has none of them or others.
    """
    _into(model, loaded, "root", _nodes(path))


def _into(model: Any, loaded: Any, place: str, nodes: dict[str, dict[str, Any]]) -> None:
    inside = {str(node.get("name")): name for name, node in nodes.items() if name.rpartition(".")[0] == place}
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name not in inside:
            raise ModelError(f"the file has no variables of layer {layer.name!r}")
        name = inside[layer.name]
        part = getattr(loaded, name.rpartition(".")[2])
        if hasattr(layer, "layers"):
            _into(layer, part, name, nodes)
            continue
        variables = list(part.variables)
        if [tuple(v.shape) for v in variables] != [tuple(w.shape) for w in layer.weights]:
            raise ModelError(f"the variables of layer {layer.name!r} do not fit it")
        for weight, variable in zip(layer.weights, variables, strict=True):
            weight.assign(variable)


def _nodes(path: Path) -> dict[str, dict[str, Any]]:
    """What is said of each layer, by its path from "root"."""
    file = path / NAME
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for item in _fields(file.read_bytes(), 1):
        where = next(_fields(item, 3), b"").decode("utf-8", "replace")
        try:
            said = json.loads(next(_fields(item, 5), b""))
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            found[where] = said
    return found


def _fields(data: bytes, wanted: int) -> Iterator[bytes]:
    """The texts and messages of one field of a protocol buffer; nothing of what is cut short."""
    place = 0
    while place < len(data):
        tag, place = _number(data, place)
        kind = tag & 7
        if kind == 0:
            _, place = _number(data, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        elif kind == 2:
            length, place = _number(data, place)
            if tag >> 3 == wanted:
                yield data[place : place + length]
            place += length
        else:
            return


def _number(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 64:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    return value, len(data) + 1
