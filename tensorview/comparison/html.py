"""A comparison as one HTML file that needs no network and runs no script."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from tensorview import __version__, assets
from tensorview.comparison import drawing
from tensorview.comparison.compare import Comparison
from tensorview.comparison.table import best, columns
from tensorview.overlay import PLAIN, Look
from tensorview.sheet import png

_SMALL = 96
"""Up to this many pixels a side a map is shown by its pixels, not smoothed."""


def html(comparison: Comparison, look: Look = PLAIN) -> bytes:
    """The page, in UTF-8."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    known = columns(comparison)
    winners = {column.name: best(column, comparison) for column in known}
    rows = [
        {
            "title": row.title,
            "layer": (row.attribution.layer or "") if row.attribution else "",
            "cells": [{"text": c.text(row), "best": c.of(row) == winners[c.name]} for c in known],
            "note": row.note,
        }
        for row in comparison.rows
    ]
    samples = len(comparison.names)
    text = environment.from_string(assets.template("compare.html.j2")).render(
        generator=f"tensorview {__version__}",
        title=comparison.title,
        subtitle=f"{len(rows)} attribution methods on {'one sample' if samples == 1 else f'{samples} samples'}. "
        f"The answer is the {comparison.answers.note}.",
        columns=known,
        rows=rows,
        samples=[_sample(comparison, sample, look) for sample in range(samples)],
    )
    return text.encode("utf-8", "replace")


def _sample(comparison: Comparison, sample: int, look: Look) -> dict[str, Any]:
    seen = drawing.given(comparison, sample)
    figures = [] if seen is None else [_figure(seen, "input", "")]
    for row in comparison.rows:
        figure = _figure(drawing.drawn(row, comparison, sample, look), row.title, drawing.caption(row, sample))
        if row.curves is not None:
            figure["deletion"] = _points(row.curves.shares, row.curves.deletion[sample])
            figure["insertion"] = _points(row.curves.shares, row.curves.insertion[sample])
        figures.append(figure)
    return {
        "title": comparison.names[sample],
        "text": f"{comparison.label(sample)}: {comparison.answers.values[sample]:.4g}",
        "curves": any(row.curves for row in comparison.rows),
        "figures": figures,
    }


def _figure(pixels: np.ndarray | None, title: str, text: str) -> dict[str, Any]:
    return {
        "image": None if pixels is None else base64.b64encode(png(pixels)).decode("ascii"),
        "small": pixels is not None and max(pixels.shape[:2]) <= _SMALL,
        "title": title,
        "text": text,
        "alt": f"{title} {text}".strip(),
        "deletion": None,
        "insertion": None,
    }


def _points(shares: np.ndarray, answers: np.ndarray) -> str:
    places = zip(shares, drawing.heights(answers), strict=True)
    return " ".join(f"{4 + 192 * x:.1f},{84 - 80 * y:.1f}" for x, y in places)
