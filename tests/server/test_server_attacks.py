"""Attacks on every route that the OpenAPI document tells of: nobody gets in, nothing gets out, nothing falls over."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from conftest import Example
from serving import BYTES, Answer, Server, Start

from tensorview.server.api.spec import document

API = "/api/v1"
SECRET = "canary-that-nobody-may-read"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Route:
    path: str
    method: str
    queries: tuple[str, ...]
    body: dict[str, Any] | None

    @property
    def names(self) -> list[str]:
        """Names of the parameters in the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    def at(self, **values: str) -> str:
        return API + self.path.format(**dict.fromkeys(self.names, "0123456789abcdef") | values)

    @property
    def kind(self) -> dict[str, str]:
        return {"Content-Type": next(iter(self.body["content"]))} if self.body else {}


def routes() -> Iterator[Route]:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                queries = tuple(p["name"] for p in operation.get("parameters", ()) if p["in"] == "query")
                yield Route(path, method.upper(), queries, operation.get("requestBody"))


ROUTES = list(routes())
WRITES = [route for route in ROUTES if route.method not in ("GET", "HEAD")]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "canary.txt").write_text(SECRET)
    return folder


@pytest.fixture(scope="module")
def server(start_server: Start, folder: Path, lenet: Example) -> Server:
    return start_server("--library", folder / "library", "--upload", "8", "--memory", "1500")


@pytest.fixture(scope="module")
def report(server: Server, tview: Path) -> str:
    return str(server.ask(f"{API}/items?name=digits", "POST", tview.read_bytes(), BYTES).json["id"])


@pytest.fixture(scope="module")
def model(server: Server, lenet: Example) -> str:
    return str(server.ask(f"{API}/items?name=LeNet", "POST", lenet.path.read_bytes(), BYTES).json["id"])


@pytest.fixture(scope="module")
def run(server: Server, model: str, lenet: Example) -> str:
    return str(server.ask(f"{API}/items/{model}/runs", "POST", npy(lenet.inputs[:1]), BYTES).json["run"])


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def asked(server: Server, route: Route, path: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    body = None if route.body is None else b"{}" if "json" in route.kind["Content-Type"] else b"nothing"
    return server.ask(path, route.method, body, {**route.kind, **(headers or {})}, **more)


# Who may ask ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_name_that_was_pointed_here_gets_nothing(server: Server, route: Route) -> None:
    for host in ("evil.example", f"evil.example:{server.address[1]}", "127.0.0.1.evil.example", "0.0.0.0"):
        assert asked(server, route, route.at(), {"Host": host}).status == 403


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_without_the_token_there_is_nothing(server: Server, route: Route) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"tensorview={server.token}"}):
        answer = asked(server, route, route.at(), headers, token=False)
        assert answer.status == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert asked(server, route, f"{route.at()}?token=wrong-one", token=False).status == 401


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_another_site_may_not_ask(server: Server, route: Route) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert asked(server, route, route.at(), foreign).status == 403


@pytest.mark.parametrize("route", WRITES, ids=named)
def test_a_page_of_another_origin_may_not_write(server: Server, route: Route) -> None:
    for origin in ("https://evil.example", "null", f"http://localhost:{server.address[1] + 1}"):
        assert asked(server, route, route.at(), {"Origin": origin}).status == 403


@pytest.mark.parametrize("route", [route for route in WRITES if route.body], ids=named)
def test_a_form_can_not_write(server: Server, route: Route) -> None:
    """What a page elsewhere can send without asking first."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = server.ask(route.at(), route.method, b"{}", {"Content-Type": kind})
        assert answer.status in (404, 415)


# What is asked -------------------------------------------------------------------------------------------------------


def climbing(folder: Path) -> list[str]:
    """Ways to name a file beside the library."""
    target = str(folder / "canary.txt")
    up = ["../canary.txt", "../../canary.txt", "..%2fcanary.txt", "..%5ccanary.txt", "%2e%2e%2fcanary.txt"]
    return [
        *up, "..%252fcanary.txt", "....//canary.txt", quote(target, safe=""), target, "file:" + quote(target, safe=""),
        "..%2fcanary.txt%00.tview", "%00", "~", "%c0%ae%c0%ae%2fcanary.txt", "%ff%fe", "index.sqlite", ".lock",
        "%0d%0aSet-Cookie:%20hurt=1", "%e2%80%ae", "a" * 4000, "__proto__", "'%20OR%201=1--", "%7b%7b7*7%7d%7d",
    ]  # fmt: skip


def harmless(answer: Answer, path: str) -> None:
    assert answer.status < 500, path
    assert SECRET.encode() not in answer.data, path
    assert b"SQLite format" not in answer.data and answer.data != b"49", path
    assert "Set-Cookie" not in answer.headers and "hurt" not in str(answer.headers), path


@pytest.fixture(scope="module")
def real(model: str, report: str, run: str) -> list[dict[str, str]]:
    """Values of parameters that there are."""
    return [{"id": report, "blob": "t0", "run": run}, {"id": model, "blob": "t0", "run": run}]


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_no_parameter_becomes_a_path_a_header_or_code(
    server: Server, route: Route, folder: Path, real: list[dict[str, str]]
) -> None:
    before = sorted(folder.iterdir())
    known = [{name: value for name, value in one.items() if name in route.names} for one in real]
    destructive = route.method == "DELETE" or route.path.endswith(("/trash", "/keep"))
    for payload in climbing(folder):
        for name in route.names:
            path = route.at(**{**known[0], name: payload})
            harmless(asked(server, route, path), path)
        for name in route.queries:
            for values in known if not destructive else [{}]:
                path = f"{route.at(**values)}?{name}={payload}"
                harmless(asked(server, route, path), path)
    assert sorted(folder.iterdir()) == before
    assert server.process.poll() is None


@pytest.mark.parametrize("field", ["method", "target", "layer", "parameters", "name", "methods", "tags"])
def test_no_field_becomes_a_path_or_code(server: Server, field: str, folder: Path, model: str, run: str) -> None:
    strange: list[Any] = [
        "../../canary.txt", str(folder / "canary.txt"), "\x00", "\ud800", "\r\nSet-Cookie: hurt=1", "x" * 100_000, -1,
        2**70, 1e999, float("nan"), None, True, [], {}, [[]], {"__class__": "x"}, [None], [{}] * 1000, "{{7*7}}",
    ]  # fmt: skip
    for value in strange:
        for path, method, fields in (
            (f"/items/{model}", "PATCH", {}),
            (f"/runs/{run}/attributions", "POST", {"method": "saliency"}),
            (f"/runs/{run}/keep", "POST", {"name": "kept"}),
        ):
            body = json.dumps({**fields, field: value}).encode()
            answer = server.ask(API + path, method, body, JSON)
            harmless(answer, f"{path} {value!r}"[:200])
            if answer.status == 202:
                server.ask(f"{API}/jobs/{answer.json['id']}", "DELETE")
    assert (folder / "canary.txt").read_text() == SECRET


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_bodies_that_are_none(server: Server, route: Route, report: str, run: str) -> None:
    values = {name: value for name, value in {"id": report, "run": run}.items() if name in route.names}
    if route.method == "DELETE" or route.path.endswith(("restore", "open")):
        values = {}
    for body in (b"", b"\x00" * 100, b"[" * 50_000, b'{"a":' * 5000, b"\xff\xfe{}", b"null", b'"text"', b"1" * 5000):
        for kind in ("application/json", "application/octet-stream", "image/png", "application/zip", "", "x" * 200):
            answer = server.ask(route.at(**values), route.method, body, {"Content-Type": kind})
            assert answer.status < 500, (body[:10], kind)


# What is too large ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [route for route in WRITES if route.body], ids=named)
def test_what_is_too_large_is_refused(server: Server, route: Route, model: str, run: str) -> None:
    values = {name: value for name, value in {"id": model, "run": run}.items() if name in route.names}
    sent = server.ask(route.at(**values), route.method, b"x", {**route.kind, "Content-Length": "9000000"}, timeout=20)
    assert sent.status == 413


def bomb_png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(side + 1)
    data = b"".join(packer.compress(row) for _ in range(min(side, 4000))) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb_npz() -> bytes:
    """A megabyte or so that wants to be eight gigabytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("digit.npy", "w") as file:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            head, {"descr": "<f4", "fortran_order": False, "shape": (2**31 // 784, 28, 28, 1)}
        )
        file.write(head.getvalue())
        for _ in range(64):
            file.write(bytes(2**20))
    return buffer.getvalue()


def held(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([os.system], object), allow_pickle=True)
    return buffer.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "a picture of 3.6 billion pixels": lambda: bomb_png(60_000),
    "a picture that is cut off": lambda: bomb_png(9_000)[:-2000],
    "arrays that unpack to gigabytes": bomb_npz,
    "an array that says it is huge": lambda: (
        npy(np.zeros(4))[:10] + npy(np.zeros(4))[10:].replace(b"(4,)", b"(2000000000000,)", 1)
    ),
    "an array of objects": pickled,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_given_to_a_model(server: Server, model: str, kind: str, lenet: Example) -> None:
    before = held(server.process.pid)
    answer = server.ask(f"{API}/items/{model}/runs", "POST", BOMBS[kind](), BYTES)
    assert answer.status == 422
    assert "\n" not in answer.json["detail"]
    assert held(server.process.pid) < before + 100e6
    good = server.ask(f"{API}/items/{model}/runs", "POST", npy(lenet.inputs[:1]), BYTES)
    assert good.status == 201


def archive(members: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packed) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


def rewritten(tview: Path, change: Callable[[dict[str, Any]], None], **blobs: bytes) -> bytes:
    with zipfile.ZipFile(tview) as source:
        members = {info.filename: source.read(info) for info in source.infolist()}
    members.update({f"blobs/{name}.bin": data for name, data in blobs.items()})
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    return archive(members)


def deflated(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)  # may follow upon itself
    return piece * (size >> 20) + packer.flush()


def blob_bomb(manifest: dict[str, Any]) -> None:
    for blob in manifest["blobs"]:
        if blob["id"] == "a1.0":
            blob.update(size=2**31, stored=len(deflated(2**29)))


def every(manifest: Any, key: str, value: Any) -> None:
    """Sets a key wherever it stands."""
    if isinstance(manifest, dict):
        for name, found in manifest.items():
            if name == key and not isinstance(found, list | dict):
                manifest[name] = value
            else:
                every(found, key, value)
    elif isinstance(manifest, list):
        for one in manifest:
            every(one, key, value)


def shapes(manifest: Any, shape: list[int]) -> None:
    if isinstance(manifest, dict):
        if "blob" in manifest and "shape" in manifest:
            manifest["shape"] = shape
        for one in manifest.values():
            shapes(one, shape)
    elif isinstance(manifest, list):
        for one in manifest:
            shapes(one, shape)


HOSTILE: dict[str, Callable[[Path], bytes]] = {
    "no manifest": lambda _: archive({"blobs/t0.bin": b""}),
    "a manifest that is no JSON": lambda _: archive({"manifest.json": b"{"}),
    "a manifest nested too deeply": lambda _: archive({"manifest.json": b"[" * 10**6}),
    "another thing": lambda _: archive({"manifest.json": b"[1, 2]"}),
    "a zip bomb": lambda _: archive({"manifest.json": b" " * 10**8}, zipfile.ZIP_DEFLATED),
    "names that climb": lambda t: rewritten(t, lambda m: m["blobs"][0].update(id="../../../etc/passwd")),
    "an absolute name": lambda t: rewritten(t, lambda m: m["blobs"][0].update(id="/etc/passwd")),
    "blobs that unpack to gigabytes": lambda t: rewritten(t, blob_bomb, **{"a1.0": deflated(2**29)}),
    "places beyond the blob": lambda t: rewritten(t, lambda m: every(m, "offset", 2**40)),
    "places before the blob": lambda t: rewritten(t, lambda m: every(m, "offset", -8)),
    "scales beyond the blob": lambda t: rewritten(t, lambda m: every(m, "quant", 2**40)),
    "huge shapes": lambda t: rewritten(t, lambda m: shapes(m, [2**20, 2**20, 2**20])),
    "negative shapes": lambda t: rewritten(t, lambda m: shapes(m, [-1, 4])),
    "empty shapes": lambda t: rewritten(t, lambda m: shapes(m, [])),
    "edges to nowhere": lambda t: rewritten(t, lambda m: every(m, "target", "nowhere")),
    "numbers for names": lambda t: rewritten(t, lambda m: every(m, "name", 7)),
    "numbers that are none": lambda t: rewritten(t, lambda m: every(m, "value", "NaN")),
    "nothing in it": lambda t: rewritten(t, lambda m: [m[name].clear() for name in ("nodes", "edges", "samples")]),
    "a name of a megabyte": lambda t: rewritten(t, lambda m: every(m, "title", "x" * 10**6)),
    "names like code": lambda t: rewritten(t, lambda m: every(m, "label", "</script><script>alert(1)</script>")),
    "half a character": lambda t: rewritten(t, lambda m: every(m, "title", "\ud800")),
}
VIEWS = (
    "", "/manifest", "/picture", "/blobs/t0", "/blobs/a1.0", "/layer?node=conv_1", "/layer?node=digit&sample=1",
    "/download?format=html", "/download?format=tview", "/download?format=json",
)  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_report(server: Server, kind: str, tview: Path, folder: Path) -> None:
    """It is refused when it comes, or shown as far as it can be; what it claims is never believed."""
    before = held(server.process.pid)
    begun = time.monotonic()
    answer = server.ask(f"{API}/items?name=hostile", "POST", HOSTILE[kind](tview), BYTES)
    assert answer.status in (201, 415, 422), answer.data[:300]
    if answer.status == 201:
        item = answer.json["id"]
        for view in VIEWS:
            seen = server.ask(f"{API}/items/{item}{view}")
            assert seen.status < 500, (view, seen.data[:300])
            assert b"root:" not in seen.data
            if seen.headers["Content-Type"].startswith("text/html"):
                assert b"<script>alert" not in seen.data
        assert server.ask(f"/items/{item}/").status == 200
        server.ask(f"{API}/items/{item}", "DELETE")
    else:
        assert str(folder) not in answer.json["detail"]
    assert time.monotonic() - begun < 20
    assert held(server.process.pid) < before + 300e6
    assert server.ask(f"{API}/items").status == 200


def test_a_manifest_is_never_taken_for_a_page(server: Server, tview: Path) -> None:
    """What a report holds comes as what it is, whatever it says: never as HTML or a script of this server."""
    page = b"<!doctype html><script>alert(1)</script>"
    data = rewritten(
        tview, lambda m: [b.update(stored=len(page)) for b in m["blobs"] if b["id"] == "a1.0"], **{"a1.0": page}
    )
    item = server.ask(f"{API}/items?name=x", "POST", data, BYTES).json["id"]
    answer = server.ask(f"{API}/items/{item}/blobs/a1.0")
    assert answer.data == page
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    download = server.ask(f"{API}/items/{item}/download?format=html")
    assert download.status == 422 and "can't be unpacked" in download.json["detail"]


def test_readers_who_take_their_time_hold_up_nobody(start_server: Start, tmp_path: Path, tview: Path) -> None:
    """A file larger than what is held for a connection keeps a thread until it has been read."""
    large = tmp_path / "large.tview"
    large.write_bytes(rewritten(tview, lambda _: None, unused=os.urandom(40 * 2**20)))
    server = start_server(large, "--library", tmp_path / "library")
    [item] = [one["id"] for one in server.ask(f"{API}/items").json["items"]]
    slow = []
    for _ in range(50):  # more than there are threads
        connection = socket.create_connection(server.address, timeout=30)
        head = f"GET {API}/items/{item}/download HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}"
        connection.sendall(f"{head}\r\n\r\n".encode())
        slow.append(connection)
    statuses = [connection.recv(12)[9:12] for connection in slow]
    assert statuses.count(b"200") == 12 and statuses.count(b"429") == 38
    assert server.ask("/", timeout=5).status == 200
    for connection in slow:
        connection.close()
    deadline = time.monotonic() + 20
    while server.ask(f"{API}/items/{item}/download").status == 429:
        assert time.monotonic() < deadline, "who goes away makes room"
        time.sleep(0.05)


def test_streams_and_jobs_are_bounded(server: Server, model: str, lenet: Example) -> None:
    """Who asks for ever more gets 429, and the others are still answered."""
    run = server.ask(f"{API}/items/{model}/runs", "POST", npy(lenet.inputs[:1]), BYTES).json["run"]
    asked_for = {"method": "rise", "parameters": {"masks": 100_000}}
    jobs: list[str] = []
    for _ in range(60):
        answer = server.send(f"{API}/runs/{run}/attributions", "POST", asked_for)
        if answer.status == 429:
            assert answer.headers["Retry-After"]
            break
        jobs.append(answer.json["id"])
    else:
        raise AssertionError("the queue has no end")
    watching = [server.watch(f"{API}/jobs/{jobs[0]}/events") for _ in range(16)]
    assert server.ask(f"{API}/jobs/{jobs[0]}/events").status == 429
    assert server.ask(f"{API}/items", timeout=5).status == 200
    for connection in watching:
        connection.close()
    for job in jobs:
        server.ask(f"{API}/jobs/{job}", "DELETE")
