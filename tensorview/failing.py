"""What a check in CI is to fail on: "nan,dead:0.5" and whether a run's health meets it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args, get_type_hints

from tensorview.errors import OptionError, near
from tensorview.manifest import Health, NodeInfo

KINDS: tuple[str, ...] = get_args(get_type_hints(Health)["kind"])
OF_WEIGHTS = ("duplicate",)
"""Kinds that are seen without an input."""


def parse(text: str) -> dict[str, float | None]:
    """Kinds of illness with the share from which on each counts; None where its being told of is enough.

    Raises OptionError for an unknown kind and a share that is none.
    """
    found: dict[str, float | None] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, colon, share = part.partition(":")
        if kind not in KINDS:
            raise OptionError(f"--fail-on knows no {kind!r}{near(kind, KINDS)}; it knows {', '.join(KINDS)}")
        found[kind] = None
        if colon:
            try:
                found[kind] = float(share)
            except ValueError:
                found[kind] = math.nan
            if not 0 < (found[kind] or 0.0) <= 1:
                raise OptionError(
                    f"--fail-on {kind} takes a share above 0 and at most 1, as in {kind}:0.5, not {share!r}"
                )
    if not found:
        raise OptionError(f"--fail-on needs at least one of {', '.join(KINDS)}")
    return found


def least(wanted: dict[str, float | None]) -> float | None:
    """The smallest share that must be told of so that nothing asked for is missed; None for the usual."""
    return min((share for share in wanted.values() if share is not None), default=None)


def failures(nodes: Sequence[NodeInfo], wanted: dict[str, float | None]) -> list[str]:
    """A line for each illness of a layer that meets what is to be failed on."""
    return [
        f"{node.id}: {item.kind}: {item.text}"
        for node in nodes
        for item in node.health
        if item.kind in wanted and item.share >= (wanted[item.kind] or 0.0)
    ]
