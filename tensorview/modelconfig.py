"""Reads a model's configuration for what Keras must not, or can not, make of it: lambdas, foreign classes, paths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tensorview.errors import ModelError

_PLAIN = {"function", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__typespec__"}
_SIZES = ("units", "filters", "input_dim", "output_dim", "num_heads", "num_query_heads", "key_dim", "head_dim")
"""Settings of Keras's own layers that are the length of an axis of their weights."""
_REPEATS = ("power_iterations", "num_ops", "num_chains", "chain_depth", "num_layers")
"""Settings that say how often something is done anew on each call."""
_MOST_REPEATS = 1_000
_LARGEST = 1 << 33
"""An axis longer than this is none that any machine could hold."""
_LARGEST_INPUT = 1 << 31
"""Numbers in one sample of an input: 8 GB in float32."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a configuration says, once it is sure that Keras may have it."""

    layers: int
    lambdas: tuple[str, ...]
    """The names of the Lambda layers whose Python code would run on loading."""


def check(
    file: str, config: dict[str, Any], known: Callable[[str], bool], *, stored: int | None = None, unsafe: bool = False
) -> Reading:
    """Read the configuration of a model in `file`.

    `known(name)` says whether a class or function of the user's own was registered or given by that name. `stored` is
    how many numbers the file's weights hold, where that is known. Raises ModelError where there is a class that Keras
    doesn't know, a path to another file, a size that can't be true, or, unless `unsafe`, a lambda.
    """
    layers = 0
    lambdas: list[str] = []
    for item in _objects(config):
        name, inner, module = item["class_name"], item.get("config"), item.get("module")
        layers += 1
        if name == "__lambda__":
            if not unsafe:
                raise _code(file, "in a lambda function")
            continue
        if isinstance(inner, dict) and _is_code(name, inner):
            if not unsafe:
                raise _code(file, f"in a Lambda layer ({_layer_name(item)})")
            lambdas.append(str(inner.get("name", "unnamed")))
        if name in _PLAIN:
            continue
        registered = item.get("registered_name") or name
        own = not _is_keras(module)
        if own and not known(str(registered)) and not known(str(name)):
            raise ModelError(foreign(file, str(name)[:80], f" ({_layer_name(item)})"))
        if isinstance(inner, dict):
            _check_values(file, item, inner, None if own or known(str(registered)) else stored)
    return Reading(layers, tuple(lambdas))


def foreign(file: str, name: str, where: str = "") -> str:
    """What to say of a class or function that Keras doesn't know."""
    return (
        f"{file} uses {name!r}{where}, which is not part of Keras; name the Python file that defines it with "
        "--import my_module.py, or pass custom_objects={...} to tensorview.load_model"
    )


def _code(file: str, where: str) -> ModelError:
    return ModelError(
        f"{file} holds Python code {where}, which would run on loading; refused: replace it with a registered "
        "function or layer class, or, if you trust the file, give --unsafe (safe_mode=False from Python)"
    )


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


def _is_code(name: str, inner: dict[str, Any]) -> bool:
    """A Lambda whose function is marshalled bytecode: as Keras 3 writes it, or [code, defaults, closure], or text."""
    if name != "Lambda":
        return False
    function = inner.get("function")
    if inner.get("function_type") == "lambda" or isinstance(function, list):
        return True
    return isinstance(function, dict) and function.get("class_name") == "__lambda__"


def _is_keras(module: Any) -> bool:
    # Files of before Keras 3 name no module; Keras itself then tells its own classes from others.
    return module is None or module in ("builtins", "keras") or str(module).startswith("keras.")


def _check_values(file: str, item: dict[str, Any], inner: dict[str, Any], stored: int | None) -> None:
    what = f"a {str(item['class_name'])[:80]} ({_layer_name(item)})"
    vocabulary = inner.get("vocabulary")
    if isinstance(vocabulary, str) and vocabulary:
        raise ModelError(f"{file} wants to read another file on loading ({what}: {vocabulary[:80]!r}); refused")
    for key in _SIZES:
        value = inner.get(key)
        if not isinstance(value, int | float):
            continue
        if abs(value) > _LARGEST:
            raise ModelError(f"{file} has {what} with {key}={value}, more than any machine could build; refused")
        if stored is not None and value > stored and value > 1_000:
            raise ModelError(
                f"{file} has {what} with {key}={value:,}, but only {stored:,} numbers are in all its weights; refused"
            )
    for key in _REPEATS:
        value = inner.get(key)
        if isinstance(value, int | float) and value > _MOST_REPEATS:
            raise ModelError(f"{file} has {what} with {key}={value}, which would take for ever; refused")
    for key in ("batch_shape", "batch_input_shape", "input_shape"):
        shape = inner.get(key)
        if isinstance(shape, list) and _numbers(shape) > _LARGEST_INPUT:
            raise ModelError(f"{file} has {what} with an input of {_numbers(shape):,} numbers a sample; refused")


def _numbers(shape: list[Any]) -> int:
    return math.prod(size for size in shape if isinstance(size, int) and size > 0)


def _layer_name(item: dict[str, Any]) -> str:
    inner = item.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"layer {str(name)[:80]!r}" if name else "unnamed"
