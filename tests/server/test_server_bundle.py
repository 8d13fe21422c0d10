"""The local server: the bundle as it is, for this machine only."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from conftest import Example

from tensorview.bundle import Bundle
from tensorview.exporting import make_bundle
from tensorview.server.app import create_app
from tensorview.server.guard import Guard


@pytest.fixture(scope="module")
def bundle(lenet: Example) -> Bundle:
    return make_bundle(lenet.model, lenet.inputs[:1], methods=())


@pytest.fixture
def client(bundle: Bundle) -> Any:
    return create_app(bundle, Guard("127.0.0.1", None)).test_client()


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


def test_nothing_can_be_written(client: Any) -> None:
    for method in (client.post, client.put, client.delete):
        assert method("/manifest.json").status_code == 405


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
