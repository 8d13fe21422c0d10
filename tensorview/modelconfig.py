"""Reads a model's configuration for what Keras must not, or can not, make of it: lambdas, foreign classes, paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tensorview.errors import ModelError

_PLAIN = {"function", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__typespec__"}
_LARGEST = 2**33
"""A layer with more units, filters or positions than this is no layer that any machine could build."""


def check(file: str, config: dict[str, Any], known: Callable[[str], bool]) -> int:
    """How many layers the configuration of a model in `file` speaks of.

    `known(name)` says whether a class or function of the user's own was registered or given by that name. Raises
    ModelError where there is a lambda, a class that Keras doesn't know, or a path to another file.
    """
    layers = 0
    for item in _objects(config):
        name, inner, module = item["class_name"], item.get("config"), item.get("module")
        layers += 1
        registered = item.get("registered_name") or name
        if name == "__lambda__" or _is_code(name, inner):
            raise ModelError(
                f"{file} holds Python code in a Lambda layer ({_layer_name(item)}), which would run on loading; "
                "refused: replace it with a registered function or layer class, and save the model again"
            )
        if name in _PLAIN:
            continue
        own = not _is_keras(module)
        if own and not known(str(registered)) and not known(str(name)):
            raise ModelError(
                f"{file} uses the class {str(name)[:80]!r} ({_layer_name(item)}), which is not part of Keras; import "
                "the module that registers it first, or pass custom_objects={...} to tensorview.load_model"
            )
        if isinstance(inner, dict):
            _check_values(file, str(name), inner)
    return layers


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every serialised object in a configuration, however deep; without recursion, since it may be very deep."""
    todo = [config]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("class_name"), str) and "config" in item:
                yield item
            # The compiled loss and optimiser are never loaded, so a custom loss is no reason to refuse the model.
            todo.extend(value for key, value in item.items() if key != "compile_config")
        elif isinstance(item, list):
            todo.extend(item)


def _is_code(name: str, inner: Any) -> bool:
    """A Lambda whose function is marshalled bytecode, as older files have it: [code, defaults, closure] or text."""
    if name != "Lambda" or not isinstance(inner, dict):
        return False
    function = inner.get("function")
    if inner.get("function_type") == "lambda" or isinstance(function, list):
        return True
    return isinstance(function, dict) and function.get("class_name") == "__lambda__"


def _is_keras(module: Any) -> bool:
    # Files of before Keras 3 name no module; Keras itself then tells its own classes from others.
    return module is None or module in ("builtins", "keras") or str(module).startswith("keras.")


def _check_values(file: str, name: str, inner: dict[str, Any]) -> None:
    vocabulary = inner.get("vocabulary")
    if isinstance(vocabulary, str) and vocabulary:
        raise ModelError(
            f"{file} wants to read another file on loading ({name} with vocabulary={vocabulary[:80]!r}); refused"
        )
    for key in ("units", "filters", "input_dim", "output_dim", "n", "num_heads", "key_dim"):
        value = inner.get(key)
        if isinstance(value, int | float) and abs(value) > _LARGEST:
            raise ModelError(f"{file} has a {name} with {key}={value}, more than any machine could build; refused")


def _layer_name(item: dict[str, Any]) -> str:
    inner = item.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"layer {str(name)[:80]!r}" if name else "unnamed"
