"""The operations (`x * 2`, `ops.mean(x)`, slices) of a model that Keras 3 wrote into a `.h5` file.

Keras keeps no more of their classes there than the bare name, looks for that among the layers, and so cannot load what
it saved. The configuration is mended in memory: an operation is given its module, as in a `.keras` file.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any

from tensorview.backend import require_keras

_PACKAGE = "keras.src.ops"


def mended(config: dict[str, Any]) -> dict[str, Any] | None:
    """The configuration with the modules of its operations; None where it has none."""
    layers, changed = _layers(config.get("config"))
    if not changed:
        return None
    module = "keras.src.models.functional" if config["class_name"] == "Functional" else "keras"
    return {"module": module, "registered_name": config["class_name"], **config, "config": layers}


def _layers(config: Any) -> tuple[Any, bool]:
    """The configuration of a model or wrapper, and whether an operation is in it."""
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
