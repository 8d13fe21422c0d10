"""Writes docs/supported-models.md from the zoo of the tests: `python scripts/supported_models.py [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "supported-models.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

INTRODUCTION = """\
# Supported models

Written by `scripts/supported_models.py` from the tests; do not edit.

tensorview takes any model of Keras 3 on TensorFlow. What follows is what the tests hold it to.

## The zoo

Small models, built in code. For each of them the nodes, edges and nesting of the trace are compared with a graph that
was written by hand, and every activation with what a plain eager forward pass computes for that call.
"""
LAYERS = """\
## Layers

Every class of `keras.layers` has a kind, a form, names for its axes and the facts worth showing. A test walks
`keras.layers`, runs each class in a trace, compares what it returned with an eager call, and fails on a class that is
left out. Custom layers are described like the Keras class that they are made from, else by the rank of their output.
"""
APPLICATIONS = """\
## keras.applications

Each constructor with `weights=None`: edges are those of Keras's own record of the model, every activation is the one of
an eager pass, and the page opens without a word on the console. `make test` runs those in bold, `make test-full` all.
"""


def page() -> str:
    """The page as it should be."""
    from tensorview.backend import require_keras

    require_keras()
    from zoo import FAMILIES, cases
    from zoo.applications import APPLICATIONS as KNOWN
    from zoo.applications import SIX
    from zoo.every_layer import WITHOUT, every_layer

    parts = [INTRODUCTION]
    for family, title in FAMILIES.items():
        rows = [(case.says, *_counts(case)) for case in cases(family)]
        parts.append(f"### {title}\n\n" + _table(("model", "nodes", "edges", "groups"), rows))
    rows = [(f"`{name}`", kind, ", ".join(forms)) for name, kind, forms in _layers(every_layer())]
    parts.append(f"{LAYERS}\n" + _table(("class", "kind", "tested with the form"), rows))
    left_out = "\n".join(f"- `{name}`: {why}" for name, why in WITHOUT.items())
    parts.append(f"Without a model of their own in the zoo:\n\n{left_out}\n")
    made = [
        (f"**{name}**" if name in SIX else name, f"{app.nodes:,}", f"{app.edges:,}", f"{app.parameters:,}", app.side)
        for name, app in KNOWN.items()
    ]
    parts.append(f"{APPLICATIONS}\n" + _table(("model", "nodes", "edges", "parameters", "pixels a side"), made))
    return "\n".join(parts)


def _counts(case: Any) -> tuple[int, int, int]:
    return len(case.graph.nodes), len(case.graph.edges), len(case.graph.groups)


def _layers(every: Any) -> list[tuple[str, str, list[str]]]:
    from tensorview.layers.lookup import entry

    forms: dict[str, dict[str, None]] = {}
    kinds: dict[str, str] = {}
    for alone in every:
        forms.setdefault(alone.name, {})[alone.form] = None
        kinds[alone.name] = entry(alone.layer, alone.name)[0].kind
    return [(name, kinds[name], list(forms[name])) for name in sorted(forms)]


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
