"""The README's commands and code do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Example
from PIL import Image

README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path, lenet: Example) -> Path:
    """A folder with the files that the README speaks of."""
    (tmp_path / "model.keras").write_bytes(lenet.path.read_bytes())
    pixels = (np.asarray(lenet.inputs[4, :, :, 0]) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "digit.png")
    return tmp_path


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(arguments: list[str], folder: Path) -> str:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_run_one_after_the_other(folder: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("tensorview ")]
    assert len(commands) >= 5
    for command in commands:
        run([sys.executable, "-m", "tensorview.cli", *command.split()[1:]], folder)
    for name in ("lenet.html", "model.html", "model.tview", "heat.png"):
        assert (folder / name).stat().st_size > 0


def test_the_code_runs(folder: Path) -> None:
    [code] = blocks("python")
    out = run([sys.executable, "-c", code], folder)
    assert "conv_1 Conv2D (1, 28, 28, 6)" in out
    assert (folder / "page.html").is_file()


def test_the_make_targets_and_files_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    texts = [README, *(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))]
    for text in texts:
        for target in re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", text, re.MULTILINE):
            assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE)
    for path in re.findall(r"\]\(((?!https?:)[^)#]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_every_option_of_the_command_line_is_in_the_docs() -> None:
    from tensorview.cli import parser

    text = README + "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("using.md", "server.md"))
    [commands] = [action for action in parser()._actions if action.choices]
    for name, command in dict(commands.choices or {}).items():
        assert f"tensorview {name}" in text
        for action in command._actions:
            for option in action.option_strings:
                if option.startswith("--") and option not in ("--help", "--input", "--output", "--quiet"):
                    assert option in text, f"{option} of {name}"
