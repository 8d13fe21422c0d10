"""Reads what a request brings, once, at the edge. Everything that doesn't fit is a problem in one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tensorview.server.problems import Problem

MOST_JSON = 2**20


def number(name: str, default: int, low: int, high: int) -> int:
    from flask import request

    text = request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text) or not low <= int(text) <= high:
        raise Problem(422, f"{name} is a whole number from {low} to {high}")
    return int(text)


def choice(name: str, default: Any, choices: tuple[str, ...]) -> Any:
    from flask import request

    text = request.args.get(name, default)
    if text is not None and text not in choices:
        raise Problem(422, f"{name} is one of {', '.join(choices)}")
    return text


def text(name: str, default: str = "", most: int = 200) -> str:
    from flask import request

    value = request.args.get(name, default)
    if len(value) > most:
        raise Problem(422, f"{name} is at most {most} characters long")
    return value


def target(value: Any) -> str | int:
    """ "top", or a class by its index or label."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, str) and not value):
        raise Problem(422, 'a target is "top", the index of a class, or its label')
    if isinstance(value, int) and not 0 <= value < 2**31:
        raise Problem(422, "the index of a class counts from 0")
    return value if isinstance(value, int) else value[:200]


def methods(value: Any) -> list[str]:
    """Names of attribution methods. Raises OptionError for an unknown one."""
    from tensorview.attribution.registry import find

    if not isinstance(value, list) or len(value) > 32 or not all(isinstance(name, str) for name in value):
        raise Problem(422, "methods are a list of names")
    return [find(name).name for name in dict.fromkeys(value)]


def method(name: Any, values: Any) -> tuple[str, dict[str, Any]]:
    """An attribution method and its parameters. Raises OptionError for what it doesn't have, or out of bounds."""
    from tensorview.attribution.registry import find

    if not isinstance(name, str):
        raise Problem(422, "method is the name of an attribution method")
    if not isinstance(values, dict):
        raise Problem(422, "parameters are an object of values by name")
    find(name, values)
    return name, values


class Fields:
    """The JSON object of a request, field by field; what nobody asked for is refused."""

    def __init__(self) -> None:
        from flask import request

        if request.mimetype != "application/json":
            raise Problem(415, "this takes application/json")
        if (request.content_length or 0) > MOST_JSON:
            raise Problem(413, f"this takes at most {MOST_JSON:,} bytes of JSON")
        try:
            data = request.get_json()
        except RecursionError:
            raise Problem(400, "this JSON is nested too deeply") from None
        if not isinstance(data, dict):
            raise Problem(422, "this takes a JSON object")
        self._data = data

    def take(self, name: str, read: Callable[[Any], Any], default: Any = ...) -> Any:
        if name not in self._data:
            if default is ...:
                raise Problem(422, f"{name} is missing")
            return default
        return read(self._data.pop(name))

    def done(self) -> None:
        if self._data:
            raise Problem(422, f"this takes no {sorted(self._data)[0][:60]!r}")


def optional_text(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > 500):
        raise Problem(422, "a text of at most 500 characters, or null, was expected")
    return value


def some_text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 500:
        raise Problem(422, "a text of 1 to 500 characters was expected")
    return value


def whole(name: str, low: int, high: int) -> Callable[[Any], int]:
    """Reads a whole number of a JSON object."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Problem(422, f"{name} is a whole number from {low} to {high}")
        return value

    return read


def as_it_is(value: Any) -> Any:
    return value
