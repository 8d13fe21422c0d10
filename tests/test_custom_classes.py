"""Classes and code of the user's own: never without being asked for, and then by every command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tensorview.attribution import attribute
from tensorview.cli import main
from tensorview.errors import ModelError, ModelWarning
from tensorview.loading import load_model
from tensorview.tracing import trace

MODULE = """
import keras
from my_helper import FACTOR

with open("ran.txt", "a") as file:
    file.write("x")

class Triples(keras.layers.Layer):
    def call(self, x):
        return x * FACTOR
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with own.keras, lambda.keras, lambda.h5 and the module that own.keras needs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    (tmp_path / "code/my_triples.py").write_text(MODULE)
    (tmp_path / "code/my_helper.py").write_text("FACTOR = 3\n")

    class Triples(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 3

    Triples.__module__ = "my_triples"
    keras.Sequential([keras.Input((4,)), Triples(name="three")]).save("own.keras")
    doubled = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2, name="double")])
    doubled.save("lambda.keras")
    doubled.save("lambda.h5")
    np.save("x.npy", np.ones((1, 4), np.float32))
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    for name in ("my_triples", "my_helper"):
        sys.modules.pop(name, None)


COMMANDS = (
    ("inspect",),
    ("export", "--methods", "none", "-o", "out.html"),
    ("attribute", "-i", "x.npy", "--method", "saliency", "-o", "out.npy"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_each_command_takes_the_module_that_defines_a_class(folder: Path, command: Any, capsys: Captured) -> None:
    name, *rest = command
    assert main([name, "own.keras", *rest]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'Triples'" in told
    assert "--import" in told
    assert not Path("ran.txt").exists()
    assert main([name, "own.keras", "--import", "code/my_triples.py", *rest]) == 0
    assert Path("ran.txt").read_text() == "x"


@pytest.mark.parametrize("file", ["lambda.keras", "lambda.h5"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_code_in_a_file_runs_only_when_asked_and_is_named(
    folder: Path, command: Any, file: str, capsys: Captured
) -> None:
    name, *rest = command
    assert main([name, file, *rest]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'double'" in told
    assert "--unsafe" in told
    assert main([name, file, "--unsafe", *rest]) == 0
    told = capsys.readouterr().err
    assert told.startswith("tensorview: warning: ")
    assert told.count("\n") == 1
    assert "Lambda layer 'double'" in told


def test_the_same_from_python(folder: Path) -> None:
    with pytest.raises(ModelError, match="safe_mode=False"):
        load_model("lambda.keras")
    with pytest.warns(ModelWarning, match="'double'"):
        model = load_model("lambda.keras", safe_mode=False)
    np.testing.assert_array_equal(model(np.ones((1, 4))), 2 * np.ones((1, 4)))


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("none.py", "no such file"),
        ("nonesuch.module", "No module named"),
        ("broken.py", "NameError"),
        ("leaves.py", "SystemExit"),
        ("wrong.py", "SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(folder: Path, module: str, says: str, capsys: Captured) -> None:
    Path("broken.py").write_text("nonesuch\n")
    Path("leaves.py").write_text("raise SystemExit(0)\n")
    Path("wrong.py").write_text("def (:\n")
    assert main(["inspect", "own.keras", "--import", module]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert says in told


def test_a_module_named_like_one_in_use_takes_nobodys_place(folder: Path) -> None:
    Path("json.py").write_text(MODULE.replace("from my_helper import FACTOR", "FACTOR = 3"))
    import json

    assert main(["inspect", "own.keras", "--import", "json.py"]) == 0
    assert sys.modules["json"] is json


@keras.saving.register_keras_serializable("test_custom_classes")
class Decides(keras.Model):  # type: ignore[misc]
    """Can't be built before it sees an input: Keras loads its file without weights and says nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.up, self.down = keras.layers.Dense(3, name="up"), keras.layers.Dense(3, name="down")

    def call(self, x: Any) -> Any:
        if keras.ops.sum(x) > 0:
            return self.up(x)
        return self.down(x)


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_that_keras_leaves_out_arrive_with_the_first_input(tmp_path: Path, zipped: bool) -> None:
    model, ones = Decides(), np.ones((2, 4), np.float32)
    model(ones)
    model(-ones)
    path = tmp_path / ("m.keras" if zipped else "folder")
    model.save(path, zipped=zipped)
    loaded = load_model(path)
    assert not loaded.weights
    for x in (ones, -ones):
        np.testing.assert_array_equal(trace(loaded, x).outputs, model(x))
    np.testing.assert_array_equal(attribute(load_model(path), -ones, method="saliency", target=1).values[0],
                                  attribute(model, -ones, method="saliency", target=1).values[0])  # fmt: skip
