"""What is explained, as a command line says it: --target and --at."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tensorview.errors import OptionError


def add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target",
        metavar="[OUTPUT:]CLASS",
        action="append",
        help="what to explain: a class by index or label (default: top), of another output as OUTPUT:CLASS, or "
        "FILE.py:FUNCTION of the scores; give it again for one a sample",
    )
    parser.add_argument(
        "--at",
        metavar="ROW,COLUMN|MASK",
        help="where in an output with positions, such as a segmentation's: one of them, or a mask (.png, .npy)",
    )


def given(options: argparse.Namespace) -> bool:
    """Whether anything but the top class is asked for."""
    return options.target is not None or options.at is not None


def read_target(options: argparse.Namespace, names: Sequence[str] | None, model: Any) -> Any:
    """What `attribute` takes as its target: "top", a class, (output, class), a function, or a list of one a sample."""
    found = [read_one(text, names, model) for text in options.target or ["top"]]
    if len(found) == 1:
        return found[0]
    outputs = {target[0] if isinstance(target, tuple) else None for target in found}
    if len(outputs) > 1 or any(map(callable, found)):
        raise OptionError("several --target are one for each sample, so they have to be classes of the same output")
    output = outputs.pop()
    return found if output is None else (output, [target[1] for target in found])


def read_at(options: argparse.Namespace) -> Any:
    """What `attribute` takes as its place."""
    if options.at is None:
        return None
    from tensorview.attribution.place import read

    return read(options.at)


def read_one(text: str, names: Sequence[str] | None, model: Any) -> Any:
    """One of these: "top", the index of a class, (output, class), a function."""
    from tensorview.labels import find_class

    if text == "top":
        return text
    file, _, function = text.rpartition(":")
    if file.endswith(".py") and function:
        from tensorview.modules import function as load

        return load(file, function, "--target")
    try:
        return read_class(text, names, model)
    except OptionError:
        output, colon, rest = text.rpartition(":")
        if not colon or not output:
            raise
    chosen = rest if rest in ("", "top") else find_class(rest, names, None)
    return int(output) if output.isdecimal() else output, chosen or None if isinstance(chosen, str) else chosen


def read_class(text: str, names: Sequence[str] | None, model: Any) -> int:
    """The index of the class that was named by index or label."""
    from tensorview.labels import class_count, find_class

    return find_class(text, names, class_count(model) or (len(names) if names else None))
