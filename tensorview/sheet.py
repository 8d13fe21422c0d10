"""Contact sheets: many pictures in one, in rows, each with its caption."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

CELL = 240
"""Pixels of the longer side of a tile."""
GAP, LINE = 12, 16
GROUND, INK = (18, 23, 33), (221, 226, 235)


def contact_sheet(tiles: Sequence[tuple[np.ndarray, str]], columns: int) -> np.ndarray:
    """Tiles, each a picture uint8 (h, w, 3) and its caption of one or more lines, in rows of `columns`: uint8 RGB.

    Pictures are shrunk to a cell, keeping their proportions; small ones are enlarged by whole pixels.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(12)
    lines = max((caption.count("\n") + 1 for _, caption in tiles), default=0)
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    columns = min(columns, len(tiles))
    pictures = [[_fitted(picture) for picture, _ in row] for row in rows]
    heights = [max(picture.height for picture in row) + lines * LINE + GAP for row in pictures]
    sheet = Image.new("RGB", (columns * (CELL + GAP) + GAP, sum(heights) + GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for row, shown, height in zip(rows, pictures, heights, strict=True):
        for column, ((_, caption), picture) in enumerate(zip(row, shown, strict=True)):
            left = GAP + column * (CELL + GAP)
            sheet.paste(picture, (left, top))
            for i, line in enumerate(caption.split("\n")):
                at = (left, top + picture.height + 2 + i * LINE)
                draw.text(at, _shortened(line, font), font=font, fill=INK)
        top += height
    return np.asarray(sheet)


def png(pixels: np.ndarray) -> bytes:
    """uint8 RGB (h, w, 3) as a PNG file's bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _fitted(pixels: np.ndarray) -> Any:
    from PIL import Image

    image = Image.fromarray(pixels)
    longest = max(image.size)
    if longest > CELL:
        scale = CELL / longest
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return image.resize(size, Image.Resampling.LANCZOS)
    times = CELL // longest
    return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)


def _shortened(text: str, font: Any) -> str:
    if font.getlength(text) <= CELL:
        return text
    while text and font.getlength(text + "…") > CELL:
        text = text[:-1]
    return text + "…"
