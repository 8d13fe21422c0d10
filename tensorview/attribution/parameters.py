"""The parameters of a method: the fields of its dataclass, each with a default, a help line and bounds."""

from __future__ import annotations

import dataclasses
import functools
import typing
from dataclasses import dataclass
from typing import Any

from tensorview.errors import OptionError


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method, as a command line, a form or a table needs it."""

    name: str
    kind: type
    """bool, int, float or str."""
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None

    def check(self, value: Any) -> Any:
        """The value, as this parameter's kind. Raises OptionError that says what it may be."""
        exact = isinstance(value, self.kind) and (self.kind is bool or not isinstance(value, bool))
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value, exact = float(value), True
        if not exact:
            raise OptionError(f"{self.name} takes {_article(self.kind)}, but {value!r} came")
        if self.choices is not None and value not in self.choices:
            raise OptionError(f"{self.name} is one of {', '.join(map(str, self.choices))}, but {value!r} came")
        low = self.minimum is not None and not value >= self.minimum
        high = self.maximum is not None and not value <= self.maximum
        if low or high:
            bounds = " and ".join(
                f"at {word} {bound:g}"
                for word, bound in (("least", self.minimum), ("most", self.maximum))
                if bound is not None
            )
            raise OptionError(f"{self.name} is {bounds}, but {value!r} came")
        return value

    def parse(self, text: str) -> Any:
        """A value from text, as a command line gives it. Raises OptionError that says what it may be."""
        try:
            if self.kind is bool:
                return self.check({"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text])
            return self.check(self.kind(text))
        except (KeyError, ValueError):
            raise OptionError(f"{self.name} takes {_article(self.kind)}, but {text!r} came") from None


def parameter(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
) -> Any:
    """A dataclass field that is a parameter of a method."""
    return dataclasses.field(
        default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum, "choices": choices}
    )


@functools.cache
def parameters(method: type) -> tuple[Parameter, ...]:
    """The parameters of a method's dataclass, in the order of its fields."""
    kinds = typing.get_type_hints(method)
    return tuple(
        Parameter(name=field.name, kind=kinds[field.name], default=field.default, **field.metadata)
        for field in dataclasses.fields(method)
    )


def _article(kind: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
