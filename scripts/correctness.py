"""Writes docs/correctness.md from what the tests measure: `python scripts/correctness.py [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "correctness.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

INTRODUCTION = """\
# How the attribution methods are known to be right

Written by `scripts/correctness.py` from `tests/correctness.py` and `tests/peers.py`; do not edit.

Each line is measured by `tests/test_correctness.py` whenever the tests run. The error is the largest difference, of the
largest value that is wanted, and stays at or below what stands here; float32 alone is good for about 1e-7, and "exact"
means equal in every bit. A bound much looser than what is measured fails too. Beside these,
`tests/test_attribution_contract.py` holds every method to the same answer on ten kinds of model: a batch is its samples
one by one, chunks change nothing, another class or batch size is not traced again, and the model is left as it was,
after errors and Ctrl-C too.
"""
OTHERS = """\
## Beside other libraries

Measured by `tests/test_peers.py` where the libraries are installed (`make test-full`), on keras.applications with
`weights=None`, the statistics of their batch normalisations taken from one batch. What is explained
is the top class. The definition is no library, but written out with an eager tape; in float64 it says how much of a
difference is float32's own rounding, which grows with a model's depth.
"""


def page() -> str:
    """The page as it should be."""
    from tensorview.backend import require_keras

    require_keras()
    from correctness import CHECKS
    from peers import PEERS

    from tensorview.attribution.registry import METHODS

    order = {method.name: place for place, method in enumerate(METHODS)}
    held = [
        (f"`{check.method}`", check.kind, check.says, "exact" if check.bound == 0 else f"{check.bound:.0e}")
        for check in sorted(CHECKS, key=lambda check: order[check.method])
    ]
    right: dict[tuple[str, ...], list[str]] = {}
    for one in PEERS:
        if one.bound is not None:
            line = (
                f"`{one.method}`",
                _name(one.library),
                one.says,
                f"{one.bound:.0e}" if one.bound < 1 else f"{one.bound:g}",
            )
            right.setdefault(line, []).append(one.model)
    agree = [(*line[:3], ", ".join(models), line[3]) for line, models in right.items()]
    wrong = [
        (f"`{one.method}`", _name(one.library), one.says, one.why, f"{one.differs:.0%}")
        for one in PEERS
        if one.bound is None
    ]
    return "\n".join([
        INTRODUCTION,
        _table(("method", "kind", "what holds", "error at most"), held),
        OTHERS,
        _table(("method", "beside", "what is compared", "models", "difference at most"), agree),
        "Where another library is wrong, the test holds it to be so, that nobody takes its map for the right one:\n",
        _table(("method", "library", "what is compared", "why it differs", "by at least"), wrong),
    ])  # fmt: skip


def _name(library: str) -> str:
    return {"tensorflow": "the definition", "saliency": "saliency (PAIR)"}.get(library, library.replace("_", "-"))


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main() -> int:
    made = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.read_text() == made else 1
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
