"""Facts worth showing, read off a Keras layer. A setting that changes nothing is left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorview.layers.description import FactsOf
from tensorview.manifest import Fact

Facts = tuple[Fact, ...]


def text(value: Any) -> str:
    """A setting as a person reads it: (5, 5) is 5×5, numbers lose idle digits, long values are cut."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        if value and all(isinstance(item, int) and not isinstance(item, bool) for item in value):
            return "×".join(str(item) for item in value)
        joined = ", ".join(text(item) for item in value[:8])
        return joined + (", …" if len(value) > 8 else "")
    if isinstance(value, str):
        return value if len(value) <= 80 else value[:79] + "…"
    if isinstance(value, int):
        return str(value)
    if hasattr(value, "__array__"):
        numbers = np.asarray(value).ravel()
        return text(numbers.tolist()) if numbers.size <= 4 else f"{numbers.size} values"
    name = getattr(value, "name", None) or getattr(value, "__name__", None)
    return text(str(name if name is not None else value))


def activation_name(layer: Any) -> str | None:
    """The name of a layer's `activation`, None where it has none or a linear one."""
    found = getattr(layer, "activation", None)
    if found is None:
        return None
    name = getattr(found, "__name__", None) or getattr(found, "name", None) or type(found).__name__
    return None if name == "linear" else str(name)


def named(**settings: str) -> FactsOf:
    """Facts from attributes: `named(pool="pool_size")` shows `layer.pool_size` as "pool". None and "" are left out."""

    def facts(layer: Any) -> Facts:
        found = []
        for label, attribute in settings.items():
            value = getattr(layer, attribute, None)
            if value is not None and not callable(value) and text(value):
                found.append(Fact(name=label.replace("_", " "), value=text(value)))
        return tuple(found)

    return facts


def unless_zero(**settings: str) -> FactsOf:
    """As `named`, without settings that are 0."""
    facts_of = named(**settings)
    return lambda layer: tuple(fact for fact in facts_of(layer) if fact.value != "0")


def flags(**settings: str) -> FactsOf:
    """A fact for each attribute that is true: `flags(backwards="go_backwards")`."""

    def facts(layer: Any) -> Facts:
        return tuple(
            Fact(name=label.replace("_", " "), value="yes")
            for label, attribute in settings.items()
            if getattr(layer, attribute, False) is True
        )

    return facts


def activation(layer: Any) -> Facts:
    name = activation_name(layer)
    return () if name is None else (Fact(name="activation", value=name),)


def together(*parts: FactsOf) -> FactsOf:
    """The facts of each part, one after the other."""

    def facts(layer: Any) -> Facts:
        return tuple(fact for part in parts for fact in part(layer))

    return facts
