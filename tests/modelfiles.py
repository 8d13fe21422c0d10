"""Small model files and what may be wrong with them, for the tests of loading."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import pytest

from tensorview.errors import ModelError
from tensorview.loading import load_model


def small_model() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def refused(path: Path | str, **options: Any) -> str:
    """The one line that a bad file is refused with."""
    with pytest.raises(ModelError) as caught:
        load_model(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 700
    return text


def rewrite(source: Path, target: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """A copy of a .keras file with a changed config.json."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "config.json":
                config = json.loads(data)
                changed = change(config)
                data = json.dumps(config if changed is None else changed).encode()
            new.writestr(info, data)
    return target


def weights_replaced(tmp_path: Path, fill: Callable[[h5py.File], None]) -> Path:
    """A model whose weights file is another HDF5 file."""
    small_model().save(tmp_path / "good.keras")
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        fill(file)
    with zipfile.ZipFile(tmp_path / "good.keras") as old, zipfile.ZipFile(tmp_path / "bad.keras", "w") as new:
        for info in old.infolist():
            new.writestr(info, weights.getvalue() if info.filename == "model.weights.h5" else old.read(info))
    return tmp_path / "bad.keras"
