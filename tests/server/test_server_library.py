"""The library: what is put in is kept whole, is found again, and survives crashes, full disks and a lost index."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import signal
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Example
from serving import BYTES, Answer, Server, Start

from tensorview.errors import BundleError
from tensorview.formats import open_bundle, write
from tensorview.server.folders import CARD
from tensorview.server.library import Library
from tensorview.server.names import clean_name, clean_tags
from tensorview.server.problems import Problem


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library")
    yield made
    made.close()


def add(library: Library, path: Path, name: str) -> str:
    with path.open("rb") as file:
        return library.add(file, name).id


def kept_files(folder: Path) -> list[str]:
    """Files that are neither the index nor the lock."""
    return [path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(("index", ".lock"))]


def state(library: Library) -> list[tuple[object, ...]]:
    return [
        (e.id, e.name, e.tags, e.added, e.params, e.said, e.kinds, e.heights, e.pictured, e.root)
        for e in library.find(roots=("library", "trash"), sort="name", down=False)
    ]


def test_a_report_tells_of_itself(library: Library, tview: Path, lenet: Example) -> None:
    entry = library.get(add(library, tview, "My digits.tview"))
    bundle = open_bundle(tview)
    assert (entry.name, entry.kind, entry.suffix) == ("My digits", "report", ".tview")
    assert (entry.params, entry.layers, entry.inputs, entry.samples) == (61706, 9, ("28×28×1",), 2)
    best = bundle.manifest.samples[0].predictions[0].top[0]
    assert entry.kinds[:2] == ("conv", "pool") and len(entry.kinds) == len(entry.heights) == 9
    # 28 and 14 pixels a side, 120 units: the sizes of the scene's boxes.
    assert (entry.heights[0], entry.heights[1], entry.heights[5]) == (100, round(100 * 0.5**0.38), 54)
    assert entry.said == f"{best.label} {best.value:.0%}"
    picture = library.index.picture(entry.id)
    assert picture is not None and picture.startswith(b"\x89PNG")
    assert library.path(entry).read_bytes() == tview.read_bytes()


def test_pages_become_reports_and_models_wait_to_be_opened(
    library: Library, tview: Path, tmp_path: Path, lenet: Example
) -> None:
    write(open_bundle(tview), tmp_path / "page.html", "html")
    report = library.get(add(library, tmp_path / "page.html", "page.html"))
    assert report.suffix == ".tview"
    assert library.archives.open(library.path(report)).manifest() == open_bundle(tview).manifest
    model = library.get(add(library, lenet.path, "net.keras"))
    assert (model.kind, model.params, model.error) == ("model", None, None)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"nothing", "neither a model"), (b"", "neither a model"), (b"PK\x03\x04 cut off", "damaged"),
        (b"<!doctype html><p>a page", "no bundle"), (b"\x7fELF", "neither a model"),
    ],
)  # fmt: skip
def test_what_is_neither_is_refused_and_leaves_nothing(library: Library, data: bytes, told: str) -> None:
    with pytest.raises((Problem, BundleError), match=told):
        library.add(io.BytesIO(data), "x")
    assert [path.name for path in library.folder.iterdir() if "." in path.name and "index" not in path.name] == [
        ".lock"
    ]


def test_hostile_reports_are_refused(library: Library, tview: Path, tmp_path: Path) -> None:
    def made(change: str) -> io.BytesIO:
        buffer = io.BytesIO()
        with zipfile.ZipFile(tview) as source, zipfile.ZipFile(buffer, "w") as target:
            for info in source.infolist():
                data = source.read(info)
                if info.filename == "manifest.json":
                    manifest = json.loads(data)
                    if change == "missing":
                        manifest["blobs"].append({"id": "../../etc/passwd", "size": 1, "stored": 1})
                    if change == "format":
                        manifest["format"] = 99
                    if change == "types":
                        manifest["nodes"][0]["shape"] = "large"
                    data = json.dumps(manifest).encode()
                packed = (
                    zipfile.ZIP_DEFLATED if change == "bomb" and info.filename.endswith(".bin") else zipfile.ZIP_STORED
                )
                target.writestr(zipfile.ZipInfo(info.filename), b"\0" * 10**8 if packed else data, packed)
        buffer.seek(0)
        return buffer

    for change, told in (
        ("missing", "missing"),
        ("format", "format 99"),
        ("types", "nodes"),
        ("bomb", "packed members"),
    ):
        with pytest.raises(BundleError, match=told) as error:
            library.add(made(change), "hostile")
        assert str(library.folder) not in str(error.value)
    assert library.find() == []


def test_names_tags_search_and_order(library: Library, tview: Path, lenet: Example) -> None:
    first, second = add(library, tview, "beta 100%_sure"), add(library, tview, "Alpha")
    library.change(first, tags=["mnist", "digits", "mnist"])
    library.change(second, name="  Gamma\r\nline\x00\u202e  ")
    assert library.get(second).name == "Gamma line"
    assert library.get(first).tags == ("digits", "mnist")

    def names(**how: object) -> list[str]:
        return [entry.name for entry in library.find(**how)]

    assert names(sort="name", down=False) == ["beta 100%_sure", "Gamma line"]
    assert names() == ["Gamma line", "beta 100%_sure"]
    assert names(words=["MNIST", "beta"]) == ["beta 100%_sure"]
    assert names(words=["100%_"]) == ["beta 100%_sure"]
    assert names(words=["0%_s"]) == ["beta 100%_sure"]
    assert names(words=["a%e"]) == [], "a percent sign is one, not anything"
    assert names(tag="digits") == ["beta 100%_sure"]
    assert names(kind="model") == []
    for hostile in ("' OR 1=1 --", '"; DROP TABLE entries; --'):
        assert names(words=hostile.split()) == []


@pytest.mark.parametrize("name", ["", " \r\n", "\x00\x1b", "\u202e"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(Problem):
        clean_name(name)


def test_names_are_bounded() -> None:
    assert len(clean_name("x" * 10_000)) == 120
    with pytest.raises(Problem):
        clean_tags(["x"] * 21)
    with pytest.raises(Problem):
        clean_tags("tags")


def test_to_the_trash_and_back(library: Library, tview: Path) -> None:
    id = add(library, tview, "once")
    library.change(id, tags=["kept"])
    library.delete(id)
    assert library.find() == []
    with pytest.raises(Problem, match="no such item"):
        library.get(id)
    assert [entry.id for entry in library.find(roots=("trash",))] == [id]
    entry = library.restore(id)
    assert (entry.name, entry.tags) == ("once", ("kept",))
    library.delete(id)
    assert library.empty_trash() == 1
    assert not list(library.folders.trash.iterdir())


def test_nothing_is_lost_with_the_index(tmp_path: Path, tview: Path) -> None:
    library = Library(tmp_path / "library")
    kept, gone = add(library, tview, "kept"), add(library, tview, "gone")
    library.change(kept, tags=["a", "b"])
    library.delete(gone)
    before = state(library)
    library.close()
    index = tmp_path / "library" / "index.sqlite"
    for damage in (index.unlink, lambda: index.write_bytes(b"no database" * 1000)):
        for rest in index.parent.glob("index.sqlite-*"):
            rest.unlink()
        damage()
        again = Library(tmp_path / "library")
        assert state(again) == before
        again.close()


def test_reindex_from_the_shell(tmp_path: Path, tview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tensorview.cli import main

    library = Library(tmp_path / "library")
    id = add(library, tview, "kept")
    library.close()
    shutil.copy(tview, tmp_path / "library" / "put here by hand.tview")
    (tmp_path / "library" / "broken.tview").write_bytes(b"PK\x03\x04broken")
    assert main(["library", "reindex", "--library", str(tmp_path / "library")]) == 1
    told = capsys.readouterr()
    assert "3 items" in told.out and told.err.count("\n") == 1 and "broken" in told.err
    again = Library(tmp_path / "library")
    found = {entry.name: entry for entry in again.find()}
    assert set(found) == {"kept", "put here by hand", "broken"}
    assert found["kept"].id == id
    assert found["put here by hand"].params == 61706
    assert found["broken"].error
    again.close()
    assert main(["library", "reindex", "--library", str(tmp_path / "none")]) == 2


def test_a_move_that_was_cut_short_is_finished(tmp_path: Path, tview: Path) -> None:
    library = Library(tmp_path / "library")
    id = add(library, tview, "named")
    before = library.get(id)
    file = library.path(before)
    library.close()
    # A crash after the file was moved and before its card was.
    file.rename(file.parent / "trash" / file.name)
    again = Library(tmp_path / "library")
    [entry] = again.find(roots=("trash",))
    assert (entry.id, entry.name, entry.added) == (id, "named", before.added)
    again.close()


def test_half_written_files_are_swept_away(tmp_path: Path, tview: Path) -> None:
    library = Library(tmp_path / "library")
    add(library, tview, "kept")
    library.close()
    (tmp_path / "library" / ".0123456789abcdef.part").write_bytes(tview.read_bytes()[:1000])
    (tmp_path / "library" / f"0123456789abcdef.tview{CARD}").write_text("{}")
    again = Library(tmp_path / "library")
    assert [entry.name for entry in again.find()] == ["kept"]
    assert sorted(Path(name).suffix for name in kept_files(tmp_path / "library")) == [".json", ".tview"]
    again.close()


# A server that is killed, or whose disk is full ---------------------------------------------------------------------


def upload(server: Server, path: Path, name: str) -> Answer:
    return server.ask(f"/api/v1/items?name={name}", "POST", path.read_bytes(), BYTES)


def test_kill_during_uploads_leaves_a_whole_library(start_server: Start, tmp_path: Path, tview: Path) -> None:
    server = start_server("--library", tmp_path / "library")
    whole: list[str] = []

    def keep_uploading() -> None:
        number = 0
        while True:
            try:
                answer = upload(server, tview, f"report{number}")
            except OSError:
                return
            if answer.status == 201:
                whole.append(answer.json["id"])
            number += 1

    threads = [threading.Thread(target=keep_uploading) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(whole) < 5:
        assert server.process.poll() is None
    with socket.create_connection(server.address) as half:  # and one that is under way
        head = f"POST /api/v1/items?name=half HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
        half.sendall((head + "Content-Type: application/octet-stream\r\nContent-Length: 999999\r\n\r\nPK").encode())
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    for thread in threads:
        thread.join()

    again = start_server("--library", tmp_path / "library")
    items = again.ask("/api/v1/items?most=500").json["items"]
    assert {item["id"] for item in items} >= set(whole), "what was said to be kept is kept"
    for item in items:
        assert item["error"] is None
        assert item["name"].startswith("report")
        assert again.ask(f"/api/v1/items/{item['id']}/download?format=tview").data == tview.read_bytes()
    assert not list((tmp_path / "library").glob(".*.part*"))


def test_a_full_disk_is_told_and_nothing_is_broken(start_server: Start, tmp_path: Path, tview: Path) -> None:
    def little_room() -> None:
        size = tview.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1000, size - 1000))

    server = start_server("--library", tmp_path / "library", setup=little_room)
    answer = upload(server, tview, "too-large")
    assert answer.status == 507
    assert "nothing was changed" in answer.json["detail"]
    assert str(tmp_path) not in answer.json["detail"]
    assert server.ask("/api/v1/items").json["items"] == []
    assert not [path for path in (tmp_path / "library").iterdir() if ".part" in path.name or path.suffix == ".tview"]


def test_a_corrupt_report_stands_among_good_ones(start_server: Start, tmp_path: Path, tview: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    shutil.copy(tview, folder / "good.tview")
    data = bytearray(tview.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = os.urandom(2000)
    (folder / "bad.tview").write_bytes(data[: len(data) - 3000])
    server = start_server("--library", folder)
    items = {item["name"]: item for item in server.ask("/api/v1/items").json["items"]}
    assert items["good"]["error"] is None and items["bad"]["error"]
    answer = server.ask(f"/api/v1/items/{items['bad']['id']}/manifest")
    assert answer.status == 422 and answer.headers["Content-Type"] == "application/problem+json"
    assert server.ask(f"/api/v1/items/{items['good']['id']}/manifest").status == 200
