"""What goes wrong around a server while it works: it is told, nothing is lost, and the next request is answered."""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example
from serving import BYTES, Server, Start

from tensorview.formats import open_bundle

API = "/api/v1"
LONG = {"method": "rise", "parameters": {"masks": 100_000}}


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def begun(server: Server, lenet: Example) -> tuple[str, str]:
    """LeNet in the library, and a run of it."""
    item = server.ask(f"{API}/items?name=LeNet.keras", "POST", lenet.path.read_bytes(), BYTES).json["id"]
    answer = server.ask(f"{API}/items/{item}/runs", "POST", npy(lenet.inputs[:1]), BYTES)
    assert answer.status == 201, answer.data
    return item, answer.json["run"]


def job(server: Server, id: str) -> Any:
    return server.ask(f"{API}/jobs/{id}").json


def until(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(server: Server) -> list[int]:
    """The processes that hold models."""
    path = Path(f"/proc/{server.process.pid}/task")
    found = [pid for task in path.iterdir() for pid in (task / "children").read_text().split()]
    return [int(pid) for pid in found if b"tensorview.server.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_kill_while_runs_are_saved(start_server: Start, tmp_path: Path, lenet: Example) -> None:
    """Killed at whatever moment, the library has whole reports only, and keeps those that it said it has."""
    folder = tmp_path / "library"
    kept: dict[str, str] = {}
    for round in range(3):
        server = start_server("--library", folder)
        _, run = begun(server, lenet)
        jobs = [
            server.send(f"{API}/runs/{run}/keep", "POST", {"name": f"run {round}.{i}", "methods": ["saliency"]}).json
            for i in range(8)
        ]
        first = jobs[round]["id"]
        until(lambda server=server, first=first: job(server, first)["state"] == "done")
        for one in jobs:
            found = job(server, one["id"])
            if found["state"] == "done":
                kept[found["result"]["item"]] = one["title"]
        time.sleep(round * 0.05)
        server.stop(signal.SIGKILL)
    again = start_server("--library", folder)
    items = {item["id"]: item for item in again.ask(f"{API}/items?kind=report&most=500").json["items"]}
    assert set(kept) <= set(items)
    for id, item in items.items():
        assert item["error"] is None and item["name"].startswith("run ")
        path = tmp_path / "got.tview"
        path.write_bytes(again.ask(f"{API}/items/{id}/download").data)
        assert len(open_bundle(path).manifest.samples) == 1
    until(lambda: not [path for path in folder.iterdir() if ".part" in path.name], 5)


def test_a_model_ends_with_its_server(start_server: Start, tmp_path: Path, lenet: Example) -> None:
    server = start_server("--library", tmp_path / "library")
    begun(server, lenet)
    [child] = children(server)
    server.stop(signal.SIGKILL)
    until(lambda: not Path(f"/proc/{child}").exists(), 10)


def test_a_save_on_a_full_disk(start_server: Start, tmp_path: Path, lenet: Example) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    server = start_server("--library", tmp_path / "library", setup=little_room)
    item, run = begun(server, lenet)
    done = server.send(f"{API}/runs/{run}/keep", "POST", {"name": "kept", "methods": ["saliency", "grad_cam"]}).json
    # Small enough for this disk: it is kept. A larger one isn't, and says why.
    until(lambda: job(server, done["id"])["state"] in ("done", "failed"))
    assert job(server, done["id"])["state"] == "done"
    before = sorted(path.name for path in (tmp_path / "library").iterdir())
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (2000, 2000))
    for pid in children(server):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (2000, 2000))
    failed = server.send(f"{API}/runs/{run}/keep", "POST", {"name": "lost"}).json
    until(lambda: job(server, failed["id"])["state"] in ("done", "failed"))
    told = job(server, failed["id"])
    assert told["state"] == "failed" and "File too large" in told["detail"]
    assert str(tmp_path) not in told["detail"]
    assert sorted(path.name for path in (tmp_path / "library").iterdir()) == before
    assert server.ask(f"{API}/items/{item}").status == 200


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk takes root")
def test_a_disk_that_is_really_full(start_server: Start, tmp_path: Path, tview: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    server = start_server("--library", disk / "library")
    try:
        whole = []
        for number in range(40):
            answer = server.ask(f"{API}/items?name=report{number}", "POST", tview.read_bytes(), BYTES)
            if answer.status != 201:
                break
            whole.append(answer.json["id"])
        assert answer.status == 507 and "No space left" in answer.json["detail"]
        items = server.ask(f"{API}/items?most=500").json["items"]
        assert [item["id"] for item in items] == whole[::-1]
        assert server.ask(f"{API}/items/{whole[0]}/download").data == tview.read_bytes()
        # Deleting makes room again.
        server.ask(f"{API}/items/{whole[0]}", "DELETE")
        assert server.ask(f"{API}/trash", "DELETE").json == {"deleted": 1}
        assert server.ask(f"{API}/items?name=again", "POST", tview.read_bytes(), BYTES).status == 201
    finally:
        server.stop()
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_model_that_dies_in_the_middle_of_a_job(start_server: Start, tmp_path: Path, lenet: Example) -> None:
    server = start_server("--library", tmp_path / "library")
    item, run = begun(server, lenet)
    made = server.send(f"{API}/runs/{run}/attributions", "POST", LONG).json["id"]
    until(lambda: job(server, made)["share"] > 0)
    [child] = children(server)
    os.kill(child, signal.SIGKILL)
    until(lambda: job(server, made)["state"] == "failed")
    assert "ended by itself" in job(server, made)["detail"]
    gone = server.send(f"{API}/runs/{run}/attributions", "POST", LONG)
    assert gone.status == 410 and "give the input again" in gone.json["detail"]
    assert server.ask(f"{API}/items/{item}/runs", "POST", npy(lenet.inputs[:1]), BYTES).status == 201


HOSTILE = {
    "crashes": ("import os\nos.abort()\n", "ended by itself"),
    "takes all memory": ("import numpy\nkept = [numpy.ones(2**27) for _ in range(10**6)]\n", "memory"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_model_that_fails_while_it_loads(start_server: Start, tmp_path: Path, lenet: Example, kind: str) -> None:
    """What a hostile file could do to the libraries that read it, done by a module that is loaded with it."""
    code, told = HOSTILE[kind]
    (tmp_path / "own.py").write_text(code)
    server = start_server(lenet.path, "--import", tmp_path / "own.py", "--library", tmp_path / "library",
                          "--memory", "1024")  # fmt: skip
    [item] = [one["id"] for one in server.ask(f"{API}/items").json["items"]]
    made = server.ask(f"{API}/items/{item}/open", "POST").json["job"]["id"]
    assert server.ask(f"{API}/items", timeout=5).status == 200
    until(lambda: job(server, made)["state"] == "failed", 120)
    assert told in job(server, made)["detail"].lower()
    assert told in server.ask(f"{API}/items/{item}").json["error"].lower()
    assert server.ask(f"{API}/server").json["models"] == []


def test_a_model_that_never_ends_loading_can_be_stopped(start_server: Start, tmp_path: Path, lenet: Example) -> None:
    (tmp_path / "own.py").write_text("while True:\n    pass\n")
    server = start_server(lenet.path, "--import", tmp_path / "own.py", "--library", tmp_path / "library")
    [item] = [one["id"] for one in server.ask(f"{API}/items").json["items"]]
    made = server.ask(f"{API}/items/{item}/open", "POST").json["job"]["id"]
    until(lambda: children(server) != [])
    assert server.ask(f"{API}/items", timeout=5).status == 200
    assert server.ask("/", timeout=5).status == 200
    server.ask(f"{API}/jobs/{made}", "DELETE")
    until(lambda: job(server, made)["state"] == "cancelled", 30)
    until(lambda: children(server) == [], 10)
    assert server.stop() == 0
