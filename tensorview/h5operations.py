"""What Keras 3 writes into a `.h5` file and can't read: operations (`x * 2`, `ops.mean(x)`, slices) and some layers.

Keras keeps no more of a class there than the bare name, and looks for that among its layers by older rules, which know
no operations, take a setting such as "dot" for the function of that name, and forget an axis that is a list. The
configuration is mended in memory: what these rules spoil is given its module, as in a `.keras` file.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any

from tensorview.backend import require_keras

_PACKAGE = "keras.src.ops"
_FEATURES = "keras.src.layers.preprocessing.feature_space"
_LAYERS = {"Attention": "keras.layers", "TFDConcat": _FEATURES, "TFDIdentity": _FEATURES}
"""Layers that the older rules never load: one has a setting "dot", and those of FeatureSpace are not public."""


def mended(config: dict[str, Any]) -> dict[str, Any] | None:
    """The configuration with the modules of what needs one; None where nothing does."""
    layers, changed = _layers(config.get("config"))
    if not changed:
        return None
    module = "keras.src.models.functional" if config["class_name"] == "Functional" else "keras"
    return {"module": module, "registered_name": config["class_name"], **config, "config": layers}


def _layers(config: Any) -> tuple[Any, bool]:
    """The configuration of a model or wrapper, and whether it was mended."""
    if not isinstance(config, dict):
        return config, False
    made, changed = dict(config), False
    if isinstance(config.get("layers"), list):
        items = [_item(item) for item in config["layers"]]
        made["layers"] = [item for item, _ in items]
        changed = any(new for _, new in items)
    if isinstance(config.get("layer"), dict):  # of TimeDistributed and the like
        made["layer"], inside = _item(config["layer"])
        changed = changed or inside
    return made, changed


def _item(item: Any) -> tuple[Any, bool]:
    if not isinstance(item, dict) or not isinstance(item.get("config"), dict):
        return item, False
    name, config = item.get("class_name"), item["config"]
    # Some share their names with layers (Add, Reshape, Softmax), which say whether they can be trained.
    if isinstance(name, str) and not item.get("module") and "trainable" not in config and name in _homes():
        return {**item, "module": _homes()[name], "registered_name": name}, True
    axis = config.get("axis")
    by_axes = isinstance(axis, list) and len(axis) > 1 and hasattr(require_keras().layers, str(name))
    if isinstance(name, str) and not item.get("module") and (name in _LAYERS or by_axes):
        return {**item, "module": _LAYERS.get(name, "keras.layers"), "registered_name": name}, True
    made, changed = _layers(config)
    return {**item, "config": made}, changed


@functools.cache
def _homes() -> dict[str, str]:
    """The module of each operation of Keras."""
    operation = require_keras().Operation
    found = {}
    for info in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        if not info.name.endswith("_test"):
            module = importlib.import_module(f"{_PACKAGE}.{info.name}")
            for name, value in vars(module).items():
                own = isinstance(value, type) and value.__module__ == module.__name__
                if own and issubclass(value, operation) and value is not operation:
                    found[name] = module.__name__
    return found
