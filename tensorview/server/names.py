"""Names and tags as people give them, made fit to be kept and shown in a list."""

from __future__ import annotations

import unicodedata
from typing import Any

from tensorview.server.problems import Problem

LONGEST_NAME, LONGEST_TAG, MOST_TAGS = 120, 40, 20


def clean_name(name: Any) -> str:
    """A name as it is kept: one line, no control characters, not too long. Raises Problem 422 where nothing is left."""
    if not isinstance(name, str):
        raise Problem(422, "a name is a text")
    # Half characters and those that turn the direction of what follows have no place in a list either.
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " " for c in name)
    kept = " ".join(kept.split())[:LONGEST_NAME].strip()
    if not kept:
        raise Problem(422, "a name needs at least one visible character")
    return kept


def clean_tags(tags: Any) -> tuple[str, ...]:
    if not isinstance(tags, list | tuple) or len(tags) > MOST_TAGS or not all(isinstance(tag, str) for tag in tags):
        raise Problem(422, f"tags are a list of at most {MOST_TAGS} texts")
    return tuple(sorted({clean_name(tag)[:LONGEST_TAG].strip() for tag in tags}))
