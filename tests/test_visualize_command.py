"""tensorview visualize, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import model_path
from PIL import Image

from tensorview.cli import main

LENET = str(model_path("lenet_mnist"))


def test_channels_become_a_sheet_and_a_class_its_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, values = tmp_path / "sheet.png", tmp_path / "three.npy"
    assert main(["visualize", LENET, "--layer", "conv_1", "--channel", "0-2,5", "--steps", "3", "-o", str(sheet)]) == 0
    said = capsys.readouterr().out
    assert "channel:conv_1:5, seed 0" in said and "range of the input: 0..1" in said and "sheet.png" in said
    with Image.open(sheet) as picture:
        assert picture.size == (2 * 28 + 2, 2 * 28 + 2)
    assert main(["visualize", LENET, "--class", "3", "--steps", "2", "--count", "2", "-o", str(values)]) == 0
    assert np.load(values).shape == (2, 28, 28, 1)
    assert "logit:3, seed 1" in capsys.readouterr().out


@pytest.mark.parametrize(("options", "said"), [
    ([], "one of --layer, --class and --objective"), (["--class", "3", "--layer", "conv_1"], "but --layer and --class"),
    (["--class", "3", "--channel", "1"], "--channel is of a layer"), (["--class", "12"], "class"),
    (["--layer", "conv_1", "--channel", "x"], "a channel is a number"), (["--layer", "conv_3"], "did you mean"),
    (["--class", "3", "--range", "1"], "LOW,HIGH"), (["--class", "3", "-o", "x.gif"], ".png or .npy"),
    (["--class", "3", "--steps", "0"], "steps is a whole number"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["visualize", LENET, *options]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
