"""Outputs are whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tensorview.errors import OutputError
from tensorview.files import whole_file, whole_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_at_the_end_only(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out.bin") as file:
        file.write(b"data")
        assert not (tmp_path / "out.bin").exists()
    assert (tmp_path / "out.bin").read_bytes() == b"data"
    assert names(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError, MemoryError])
def test_nothing_is_left_after_a_stop(tmp_path: Path, stop: type[BaseException]) -> None:
    (tmp_path / "out.bin").write_bytes(b"before")
    with pytest.raises(stop), whole_file(tmp_path / "out.bin", force=True) as file:
        file.write(b"half")
        raise stop
    assert names(tmp_path) == ["out.bin"]
    assert (tmp_path / "out.bin").read_bytes() == b"before"


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), whole_file(tmp_path / "out.bin") as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_what_exists_stays_without_force(tmp_path: Path) -> None:
    (tmp_path / "out.bin").write_bytes(b"before")
    with pytest.raises(OutputError, match="--force"), whole_file(tmp_path / "out.bin"):
        pass
    assert (tmp_path / "out.bin").read_bytes() == b"before"
    with whole_file(tmp_path / "out.bin", force=True) as file:
        file.write(b"after")
    assert (tmp_path / "out.bin").read_bytes() == b"after"


def test_a_missing_folder_and_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not a folder"), whole_file(tmp_path / "none" / "out.bin"):
        pass
    with pytest.raises(OutputError, match="is a folder"), whole_file(tmp_path, force=True):
        pass


def test_a_folder_takes_the_place_of_an_older_export(tmp_path: Path) -> None:
    out = tmp_path / "page"
    for text in ("one", "two"):
        with whole_folder(out, force=True) as folder:
            (folder / "manifest.json").write_text(text)
    assert (out / "manifest.json").read_text() == "two"
    assert names(tmp_path) == ["page"]
    with pytest.raises(ValueError, match="stop"), whole_folder(out, force=True) as folder:
        (folder / "manifest.json").write_text("three")
        raise ValueError("stop")
    assert (out / "manifest.json").read_text() == "two"
    assert names(tmp_path) == ["page"]


def test_a_folder_that_someone_else_filled_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(OutputError, match="not written by tensorview"), whole_folder(tmp_path / "photos", force=True):
        pass
    assert names(tmp_path / "photos") == ["cat.jpg"]
