"""A folder that keeps finished images by the model's weights and all settings, so that a stopped sheet goes on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tensorview.errors import OutputError
from tensorview.files import whole_file
from tensorview.visualization.canvas import Canvas
from tensorview.visualization.climb import Made
from tensorview.visualization.objective import Objective
from tensorview.visualization.steps import Recipe

VERSION = 1
"""Changes when the same settings make another image."""


class Store:
    def __init__(self, folder: str | Path | None, model: Any, canvas: Canvas, recipe: Recipe, steps: int) -> None:
        """folder: None keeps nothing."""
        self.folder = None if folder is None else Path(folder)
        if self.folder is None:
            return
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{self.folder} is a file; a cache is a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        about = [
            VERSION, repr(recipe), steps, canvas.shape, canvas.matrix.tolist(), canvas.offset.tolist(), canvas.name
        ]  # fmt: skip
        self._base = hashlib.sha256(digest(model) + json.dumps(about).encode())

    def get(self, objective: Objective, seed: int) -> Made | None:
        path = self._path(objective, seed)
        if path is None or not path.is_file():
            return None
        try:
            with np.load(path) as found:
                return Made(found["image"], found["history"], float(found["score"]), bool(found["dead"]))
        except (OSError, ValueError, KeyError, EOFError):  # cut off, or not ours: made again
            return None

    def put(self, objective: Objective, seed: int, made: Made) -> None:
        path = self._path(objective, seed)
        if path is not None:
            with whole_file(path, force=True) as file:
                np.savez(file, image=made.image, history=made.history, score=made.score, dead=made.dead)

    def _path(self, objective: Objective, seed: int) -> Path | None:
        # What images of one batch do to each other isn't kept: it hangs on the whole batch.
        if self.folder is None or objective.together:
            return None
        whole = self._base.copy()
        whole.update(f"{objective.key!r} {objective} {seed}".encode())
        for argument in objective.arguments():
            whole.update(np.asarray(argument).tobytes())
        return self.folder / f"{whole.hexdigest()[:32]}.npz"


def digest(model: Any) -> bytes:
    """SHA-256 of a model's configuration, where it has one, and of all its weights as they are now."""
    whole = hashlib.sha256()
    try:
        whole.update(json.dumps(model.get_config(), sort_keys=True, default=str).encode())
    except Exception:  # a subclassed model may have none; then its class must do
        whole.update(f"{type(model).__module__}.{type(model).__qualname__}".encode())
    for variable in model.weights:
        values = np.ascontiguousarray(np.asarray(variable))
        whole.update(f"{values.dtype}{values.shape}".encode())
        whole.update(values.view(np.uint8).reshape(-1).data if values.size else b"")
    return whole.digest()
