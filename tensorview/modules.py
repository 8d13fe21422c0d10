"""Python files of the user's own, run because the user named them: what they define may be used by a model file."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from tensorview.errors import OptionError, first_line


def custom_objects(sources: Iterable[str]) -> dict[str, Any]:
    """The classes and functions that the named Python files (or modules, by dotted name) define, by name.

    Importing them also registers what they register with Keras. Raises OptionError for what can't be imported.
    """
    found: dict[str, Any] = {}
    for source in sources:
        module = _import(source)
        for name, value in vars(module).items():
            if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__:
                found[name] = value
    return found


def function(file: str, name: str, option: str) -> Callable[..., Any]:
    """The function of this name in a Python file that the user named with an option."""
    found = getattr(_import(file, option), name, None)
    if not callable(found):
        raise OptionError(f"{option} {file}:{name}: the file defines no function {name!r}")
    return found  # type: ignore[no-any-return]


def _import(source: str, option: str = "--import") -> ModuleType:
    try:
        return _run(Path(source), option) if source.endswith(".py") else importlib.import_module(source)
    except OptionError:
        raise
    except ModuleNotFoundError as error:
        hint = "" if source.endswith(".py") else "; for a file give its name with .py"
        raise OptionError(f"{option} {source}: {first_line(error)}{hint}") from error
    except (Exception, SystemExit) as error:  # it is the user's code: anything may come
        raise OptionError(f"{option} {source}: {type(error).__name__}: {first_line(error)}") from error


def _run(path: Path, option: str) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise OptionError(f"{option} {path}: there is no such file")
    name = path.stem
    loaded = sys.modules.get(name)
    if loaded is not None:
        if getattr(loaded, "__file__", None) == str(path):
            return loaded
        name = f"tensorview_import_{name}"  # a file that is named like a module in use must not take its place
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise OptionError(f"{option} {path}: this is no Python file")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.append(folder)  # for what lies beside it; last, so that nothing there shadows an installed package
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
