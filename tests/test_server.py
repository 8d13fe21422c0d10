"""The local server: the bundle as it is, for this machine only."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Example

from tensorview.bundle import Bundle
from tensorview.exporting import export, make_bundle
from tensorview.server.app import create_app


@pytest.fixture(scope="module")
def bundle(lenet: Example) -> Bundle:
    return make_bundle(lenet.model, lenet.inputs[:1], methods=())


@pytest.fixture
def client(bundle: Bundle) -> Any:
    return create_app(bundle).test_client()


def test_the_bundle_comes_as_it_is(client: Any, bundle: Bundle) -> None:
    assert b'data-source="http"' in client.get("/").data
    assert client.get("/manifest.json").json == json.loads(bundle.manifest_json())
    for blob in bundle.manifest.blobs:
        assert client.get(f"/blobs/{blob.id}.bin").data == bundle.raw_blob(blob.id)


@pytest.mark.parametrize(
    "path",
    ["/blobs/none.bin", "/blobs/../manifest.json", "/blobs/..%2f..%2fetc%2fpasswd.bin", "/etc/passwd", "/static/x"],
)
def test_nothing_else_is_to_be_had(client: Any, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:1", "[::1]:8000"])
def test_this_machine_may_ask(client: Any, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0"]
)
def test_a_name_that_was_pointed_here_may_not(client: Any, host: str) -> None:
    for path in ("/", "/manifest.json", "/blobs/t0.bin"):
        assert client.get(path, headers={"Host": host}).status_code == 403


def test_headers_keep_other_pages_out(client: Any) -> None:
    headers = client.get("/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_nothing_can_be_written(client: Any) -> None:
    for method in (client.post, client.put, client.delete):
        assert method("/manifest.json").status_code == 405


@pytest.fixture
def tview(tmp_path: Path, lenet: Example) -> Path:
    export(lenet.model, lenet.inputs[:1], tmp_path / "lenet.tview", format="tview", methods=())
    return tmp_path / "lenet.tview"


@pytest.fixture
def server(tview: Path) -> Iterator[str]:
    """The address of a real server process."""
    command = [sys.executable, "-m", "tensorview.cli", "serve", str(tview), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.split(" at ")[1].split()[0]
        process.terminate()


def test_a_real_server_answers_on_the_loopback(server: str) -> None:
    assert server.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{server}manifest.json", timeout=20) as answer:
        assert json.load(answer)["format"] == 1
    request = urllib.request.Request(server, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(request, timeout=20)
    refused.value.close()


def test_a_port_that_is_taken_is_one_line(tview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tensorview.cli import main

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", str(tview), "--port", str(port)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"port {port}" in told
    assert main(["serve", str(tview), "--port", "70000"]) == 2
