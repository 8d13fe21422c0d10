"""A folder of images -> a folder of maps: resumable, and one that fails stops no other."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example
from PIL import Image

from tensorview.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(2)
    for name in ("a.png", "b.png", "b.jpg", "more/c.png"):
        Image.fromarray(rng.integers(0, 255, (40, 50, 3), np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


def run(*arguments: Any) -> int:
    return main(["attribute", *map(str, arguments)])


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "attributions.jsonl").read_text().splitlines()][1:]


def test_each_image_gets_its_map_in_its_own_size(lenet: Example, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps"
    assert run(lenet.path, "-i", photos, "-o", out, "--sheet", tmp_path / "sheet.png", "-q") == 0
    made = {str(path.relative_to(out)) for path in out.rglob("*.png")}
    assert made == {"a.png", "b.png.png", "b.jpg.png", "more/c.png"}
    for name in made:
        with Image.open(out / name) as image:
            assert image.size == (50, 40)
    lines = logged(out)
    assert [line["image"] for line in lines] == ["a.png", "b.jpg", "b.png", "more/c.png"]
    assert all({"class", "score", "layer"} <= line.keys() for line in lines)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 400


def test_one_that_fails_is_listed_and_stops_no_other(
    lenet: Example, photos: Path, tmp_path: Path, capsys: Captured
) -> None:
    (photos / "aa.png").write_bytes(b"no png")
    out = tmp_path / "maps"
    assert run(lenet.path, "-i", photos, "-o", out) == 1
    told = capsys.readouterr()
    assert "aa.png" in told.err and told.err.count("\n") == 1
    assert "4 maps of 5 images" in told.out
    assert len(list(out.rglob("*.png"))) == 4


def test_a_second_run_does_only_what_is_missing(lenet: Example, photos: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "maps"
    assert run(lenet.path, "-i", photos, "-o", out) == 0
    (out / "a.png").unlink()
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    with (out / "attributions.jsonl").open("a") as log:
        log.write('{"image": "cut sh')  # as a stop in the middle leaves it
    capsys.readouterr()
    assert run(lenet.path, "-i", photos, "-o", out) == 0
    assert "1 maps of 4 images, 3 were there from before" in capsys.readouterr().out
    assert (out / "a.png").is_file()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_maps_of_other_settings_are_not_mixed(lenet: Example, photos: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "maps"
    assert run(lenet.path, "-i", photos, "-o", out, "-q") == 0
    assert run(lenet.path, "-i", photos, "-o", out, "--method", "saliency") == 2
    assert "method" in capsys.readouterr().err
    assert run(lenet.path, "-i", photos, "-o", out, "--method", "saliency", "--force", "-q") == 0
    assert all(line["layer"] is None for line in logged(out))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["-o", "{photos}"], "choose another"),
        (["-o", "heat.png"], "folder"),
        ([], "-o"),
        (["-o", "{other}"], "other files"),
        (["-o", "x", "-i", "{photos}"], "alone"),
        (["-o", "x", "--sheet", "x.gif"], ".png"),
        (["-o", "x", "--colours", "rainbow"], "heat"),
        (["-o", "x", "--opacity", "2"], "0 to 1"),
    ],
)
def test_what_can_not_be_done_is_said(
    given: list[str], says: str, lenet: Example, photos: Path, capsys: Captured
) -> None:
    other = photos.parent / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    arguments = [text.format(photos=photos, other=other) for text in given]
    assert run(lenet.path, "-i", photos, *arguments) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and says in told
    assert [path.name for path in other.iterdir()] == ["mine.txt"]


def test_a_folder_without_images(lenet: Example, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "none").mkdir()
    assert run(lenet.path, "-i", tmp_path / "none", "-o", tmp_path / "maps") == 2
    assert "holds no images" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(lenet: Example, photos: Path, tmp_path: Path) -> None:
    for i in range(300):
        shutil.copy(photos / "a.png", photos / f"copy{i:03}.png")
    out = tmp_path / "maps"
    command = [sys.executable, "-m", "tensorview", "attribute", str(lenet.path), "-i", str(photos), "-o", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (out / "attributions.jsonl").is_file() or not logged(out):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "tensorview: stopped\n")
    before = logged(out)
    assert 0 < len(before) < 304
    assert all((out / line["file"]).is_file() for line in before)
    assert not list(out.rglob(".*")), "nothing half-written is left"
    assert run(lenet.path, "-i", photos, "-o", out, "-q") == 0
    assert len(logged(out)) == 304
