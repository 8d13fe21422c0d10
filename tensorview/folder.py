"""A folder of images -> a folder of maps: one after another, resumable, with a log of what was done."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorview.errors import InputError, OutputError

LOG = "attributions.jsonl"
"""In the output folder: the settings, then a line for each image that is done."""
ENDINGS = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".avif"}


def image_files(folder: Path) -> list[Path]:
    """The image files in a folder and its subfolders, by their ending, in order of their names. Raises InputError for
    none."""
    found = sorted(
        path for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith(".")
    )  # fmt: skip
    if not found:
        raise InputError(f"{folder} holds no images (files that end in {', '.join(sorted(ENDINGS))})")
    return found


def outputs(files: Iterable[Path], folder: Path, into: Path, suffix: str) -> dict[Path, Path]:
    """Where each image's map goes: its place in `into` is that in `folder`. Images that differ in their ending alone
    (a.jpg, a.png) keep it in the name."""
    relative = {file: file.relative_to(folder) for file in files}
    bare = [place.with_suffix("") for place in relative.values()]
    return {
        file: into / (place.with_suffix(suffix) if bare.count(place.with_suffix("")) == 1 else f"{place}{suffix}")
        for file, place in relative.items()
    }


class Log:
    """What is done in an output folder. Each line is written as its map is, so that a stop loses nothing."""

    def __init__(self, folder: Path, settings: dict[str, Any], force: bool) -> None:
        """Goes on where an earlier run with the same settings stopped. Raises OutputError for a folder with other files
        or other settings, unless `force`, which begins anew."""
        self.path = folder / LOG
        self.done: dict[str, dict[str, Any]] = {}
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file; a folder of images needs a folder as output")
        lines = _lines(self.path) if self.path.is_file() else []
        if lines and lines[0] == settings and not force:
            self.done = {line["image"]: line for line in lines[1:] if "image" in line and "file" in line}
            return
        if lines and not force:
            differ = sorted(key for key in settings if lines[0].get(key) != settings[key])
            raise OutputError(
                f"{folder} holds maps of other settings ({', '.join(differ)}); choose another folder, or use --force"
            )
        if not lines and folder.exists() and any(folder.iterdir()) and not force:
            raise OutputError(f"{folder} holds other files; choose an empty or a new folder, or use --force")
        folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(settings) + "\n", encoding="utf-8")

    def add(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _lines(path: Path) -> list[dict[str, Any]]:
    """The log's lines; a last one that a stop cut short is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if isinstance(item, dict):
            found.append(item)
    return found
