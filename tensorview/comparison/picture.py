"""A comparison as one picture: a row of maps for each sample, their curves, and the table."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tensorview.comparison import drawing
from tensorview.comparison.compare import Comparison
from tensorview.comparison.table import columns
from tensorview.overlay import PLAIN, Look
from tensorview.sheet import CELL, GAP, GROUND, INK, contact_sheet, png

DELETION, INSERTION, AXIS = (255, 122, 107), (95, 211, 154), (60, 70, 88)
_CHART, _LINE = 96, 20


def picture(comparison: Comparison, look: Look = PLAIN) -> bytes:
    """A PNG."""
    tiles = []
    for sample, name in enumerate(comparison.names):
        answer = f"{comparison.label(sample)}, {comparison.answers.values[sample]:.3g}"
        tiles.append((_tile(drawing.given(comparison, sample)), f"{name}\n{answer}"))
        for row in comparison.rows:
            shown = _tile(drawing.drawn(row, comparison, sample, look))
            tiles.append((shown, f"{row.title}\n{drawing.caption(row, sample)}"))
    sheet = contact_sheet(tiles, columns=len(comparison.rows) + 1)
    width = sheet.shape[1]
    charts = [_charts(comparison, sample, width) for sample in range(len(comparison.names))]
    has_curves = any(row.curves for row in comparison.rows)
    return png(np.concatenate([sheet, *(charts if has_curves else ()), _table(comparison, width)]))


def _tile(pixels: np.ndarray | None) -> np.ndarray:
    return np.full((CELL // 2, CELL, 3), GROUND, np.uint8) if pixels is None else pixels


def _charts(comparison: Comparison, sample: int, width: int) -> np.ndarray:
    """One sample's deletion and insertion, each method's under its column of maps."""
    strip = Image.new("RGB", (width, _CHART + GAP), GROUND)
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(12)
    draw.text((GAP, 4), comparison.names[sample][:36], font=font, fill=INK)
    draw.text((GAP, 24), "deletion", font=font, fill=DELETION)
    draw.text((GAP, 42), "insertion", font=font, fill=INSERTION)
    for column, row in enumerate(comparison.rows, start=1):
        if row.curves is None:
            continue
        left = GAP + column * (CELL + GAP)
        draw.line([(left, 0), (left, _CHART), (left + CELL, _CHART)], fill=AXIS)
        for answers, colour in ((row.curves.deletion, DELETION), (row.curves.insertion, INSERTION)):
            places = zip(row.curves.shares, drawing.heights(answers[sample]), strict=True)
            points = [(left + float(x) * CELL, _CHART - float(y) * (_CHART - 4)) for x, y in places]
            draw.line(points, fill=colour, width=2)
    return np.asarray(strip)


def _table(comparison: Comparison, width: int) -> np.ndarray:
    known = columns(comparison)
    lines = [("", *(column.name for column in known))]
    lines += [(row.title, *(column.text(row) for column in known)) for row in comparison.rows]
    image = Image.new("RGB", (width, GAP * 2 + _LINE * len(lines)), GROUND)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    step = (width - GAP * 2) / (len(known) + 2)
    for number, cells in enumerate(lines):
        top = GAP + number * _LINE
        draw.text((GAP, top), cells[0], font=font, fill=INK)
        for place, text in enumerate(cells[1:], start=3):
            draw.text((GAP + place * step - font.getlength(text), top), text, font=font, fill=INK)
    return np.asarray(image)
