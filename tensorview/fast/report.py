"""An outline as plain data and as a table."""

from __future__ import annotations

from typing import Any

from tensorview.fast.walk import Outline

_WIDEST = 60
"""Columns; a longer name moves what is right of it."""


def facts(outline: Outline) -> dict[str, Any]:
    """The outline as plain data, under the names that `inspect --json` has. Shapes are without the batch; null where
    the file doesn't say."""
    return {
        "model": {"name": outline.name, "class": outline.class_name, "calls": len(outline.nodes)},
        "layers": [
            {
                "name": node.id,
                "class": node.class_name,
                "shape": None if node.shape is None else list(node.shape[1:]),
                "dtype": node.dtype,
                "known": node.id not in outline.unknown,
            }
            for node in outline.nodes
        ],
        "groups": [{"name": group.id, "class": group.class_name} for group in outline.groups],
        "edges": [list(edge) for edge in outline.edges],
        "outputs": list(outline.output_ids),
        "notes": list(outline.notes),
    }


def print_table(found: dict[str, Any]) -> None:
    """By plain means: rich takes half a second for the 800 calls of EfficientNetB7, several times the reading."""
    sources: dict[str, list[str]] = {}
    for source, target in found["edges"]:
        sources.setdefault(target, []).append(source)
    rows = [("layer call", "class", "output", "reads")]
    for layer in found["layers"]:
        shape = layer["shape"]
        output = "" if shape is None else " × ".join("any" if n is None else str(n) for n in shape) or "scalar"
        rows.append((layer["name"], layer["class"], output, ", ".join(sources.get(layer["name"], ()))))
    shown = [tuple(printable(cell) for cell in row) for row in rows]
    widths = [min(_WIDEST, max(len(row[column]) for row in shown)) for column in range(3)]
    for name, kind, output, reads in shown:
        print(f"{name:{widths[0]}}  {kind:{widths[1]}}  {output:>{widths[2]}}  {reads}".rstrip())
    model = found["model"]
    print(f"{printable(model['name'])}: {model['calls']} layer calls, read from the file without running the model")
    for note in found["notes"]:
        print(printable(note))


def printable(text: str) -> str:
    """Text from a file as a terminal may have it: what would move its cursor or colour it is spelled out."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
