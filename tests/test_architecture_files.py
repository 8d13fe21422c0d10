"""An architecture in one file, its weights in another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example

import tensorview as tv
from tensorview.cli import main
from tensorview.errors import ModelError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def parts(lenet: Example, tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "arch.json").write_text(lenet.model.to_json())
    lenet.model.save_weights(tmp_path / "lenet.weights.h5")
    return tmp_path / "arch.json", tmp_path / "lenet.weights.h5"


def test_the_two_make_the_model(lenet: Example, parts: tuple[Path, Path], tmp_path: Path) -> None:
    model = tv.load_model(parts[0], weights=parts[1])
    np.testing.assert_allclose(model(lenet.inputs[:2]), lenet.model(lenet.inputs[:2]), rtol=1e-6)
    out = tmp_path / "out.html"
    np.save(tmp_path / "x.npy", lenet.inputs[:1])
    arguments = ["export", parts[0], "--weights", parts[1], "-i", tmp_path / "x.npy", "-o", out, "-q"]
    assert main([str(argument) for argument in arguments]) == 0
    assert tv.open_bundle(out).manifest.model.file == "arch.json"


def test_without_weights_they_must_be_asked_for(lenet: Example, parts: tuple[Path, Path], capsys: Captured) -> None:
    assert main(["inspect", str(parts[0])]) == 2
    assert "--weights none" in capsys.readouterr().err
    assert main(["inspect", str(parts[0]), "--weights", "none"]) == 0


def edited(parts: tuple[Path, Path], change: Any) -> Path:
    config = json.loads(parts[0].read_text())
    change(config)
    parts[0].write_text(json.dumps(config))
    return parts[0]


def dense(units: int) -> Any:
    def change(config: Any) -> None:
        found = next(item for item in config["config"]["layers"] if item["class_name"] == "Dense")
        found["config"]["units"] = units

    return change


@pytest.mark.parametrize(("weights", "units"), [(True, 2_000_000_000), (False, 2_000_000_000), (True, 7)])
def test_sizes_that_can_not_be_true_are_refused(parts: tuple[Path, Path], weights: bool, units: int) -> None:
    path = edited(parts, dense(units))
    with pytest.raises(ModelError, match=r"arch\.json|weights\.h5") as caught:
        tv.load_model(path, weights=parts[1] if weights else "none")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "[" * 100_000, '{"class_name": "Functional", "config": 3}'])
def test_what_is_no_architecture(text: str, parts: tuple[Path, Path], capsys: Captured) -> None:
    parts[0].write_text(text)
    assert main(["inspect", str(parts[0]), "--weights", str(parts[1])]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_missing(tmp_path: Path, parts: tuple[Path, Path], capsys: Captured) -> None:
    assert main(["inspect", str(tmp_path / "no.json"), "--weights", "none"]) == 2
    assert main(["inspect", str(parts[0]), "--weights", str(tmp_path / "no.weights.h5")]) == 2
    assert capsys.readouterr().err.count("\n") == 2
