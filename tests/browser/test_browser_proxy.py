"""docs/deploy.md, tried: nginx with TLS and a folder of a site in front of the server."""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPSConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Example
from playwright.sync_api import Browser, expect
from serving import BYTES, Server, Start

from browser.pages import Tab

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
NAME = "tv.example.org"

pytestmark = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None, reason="nginx and openssl are not installed"
)


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Site:
    """The server as it is reached through nginx."""

    port: int
    certificate: Path
    server: Server

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, HTTPMessage, bytes]:
        connection = self.connect()
        connection.request(method, path, body, {"Host": f"{NAME}:{self.port}", **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.headers, data

    def connect(self) -> HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        return connection

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.token}"}


@pytest.fixture(scope="module")
def site(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """nginx with the document's own configuration; only the port, the certificate's place and the server's differ."""
    folder = tmp_path_factory.mktemp("nginx")
    server = start_server("--library", folder / "library", "--allow-host", NAME)
    certificate, key, port = folder / "tv.pem", folder / "tv.key", free_port()
    names = f"subjectAltName=DNS:{NAME},IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    command += ["-addext", names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    [told] = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text("utf-8"), re.DOTALL)
    for before, after in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/tv.example.org.pem", str(certificate)),
        ("/etc/ssl/tv.example.org.key", str(key)),
        ("http://127.0.0.1:8080/", server.url),
    ):
        assert before in told
        told = told.replace(before, after)
    scratch = "".join(
        f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\npid {folder / 'pid'};\nerror_log {folder / 'error.log'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{scratch}{told}}}\n"
    )
    assert NGINX
    process = subprocess.Popen([NGINX, "-c", str(file), "-e", str(folder / "error.log")])
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None and time.monotonic() < deadline, (folder / "error.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield Site(port, certificate, server)
    finally:
        process.terminate()
        process.wait(10)


def test_the_token_becomes_a_secure_cookie_of_the_folder(site: Site) -> None:
    status, headers, _ = site.ask("/tv")
    assert status == 301 and headers["Location"].endswith("/tv/")
    assert site.ask("/tv/")[0] == 401
    status, headers, _ = site.ask(f"/tv/?token={site.server.token}")
    assert (status, headers["Location"]) == (303, ".")
    cookie = headers["Set-Cookie"]
    assert "Secure" in cookie and "HttpOnly" in cookie and "Path" not in cookie
    status, headers, page = site.ask("/tv/", headers={"Cookie": cookie.partition(";")[0]})
    assert status == 200 and page.startswith(b"<!doctype html>")
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_writes_come_from_its_own_pages_alone(site: Site, tview: Path) -> None:
    data, own = tview.read_bytes(), {"Origin": f"https://{NAME}:{site.port}"}
    status, _, said = site.ask("/tv/api/v1/items?name=digits", "POST", data, {**site.token, **BYTES, **own})
    assert status == 201
    item = json.loads(said)["id"]
    assert site.ask(f"/tv/api/v1/items/{item}/download", headers=site.token)[2] == data
    assert site.ask(f"/tv/items/{item}", headers=site.token)[1]["Location"] == f"{item}/"
    evil = {"Origin": "https://evil.example"}
    assert site.ask("/tv/api/v1/items?name=x", "POST", data, {**site.token, **BYTES, **evil})[0] == 403
    assert site.ask("/tv/", headers={**site.token, "Host": "evil.example"})[0] == 403
    assert any("127.0.0.1 POST /api/v1/items 201" in line for line in site.server.log)


def test_progress_comes_as_it_is_made(site: Site, lenet: Example) -> None:
    own = {**site.token, **BYTES}
    item = json.loads(site.ask("/tv/api/v1/items?name=LeNet", "POST", lenet.path.read_bytes(), own)[2])["id"]
    run = json.loads(site.ask(f"/tv/api/v1/items/{item}/runs", "POST", npy(lenet.inputs[:1]), own)[2])["run"]
    body = json.dumps({"method": "rise", "parameters": {"masks": 100_000}}).encode()
    asked = {**site.token, "Content-Type": "application/json"}
    job = json.loads(site.ask(f"/tv/api/v1/runs/{run}/attributions", "POST", body, asked)[2])["id"]
    connection = site.connect()
    connection.request("GET", f"/tv/api/v1/jobs/{job}/events", headers={"Host": NAME, **site.token})
    answer = connection.getresponse()
    shares: list[float] = []
    while len(shares) < 3:  # each line comes on its own, long before the job is done
        line = answer.readline()
        assert line
        if line.startswith(b"data: "):
            told: dict[str, Any] = json.loads(line[6:])
            assert told["state"] in ("queued", "running")
            shares.append(told["share"])
    site.ask(f"/tv/api/v1/jobs/{job}", "DELETE", headers=site.token)
    assert b'"cancelled"' in answer.read()
    connection.close()


def test_all_of_the_page_works_in_the_folder(site: Site, browser: Browser, lenet: Example) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 720})
    tab = Tab(context.new_page(), context)
    page = tab.page
    home = f"https://127.0.0.1:{site.port}/tv/"
    page.goto(f"{home}?token={site.server.token}")
    assert page.url == home
    tab.give("drop", ("Folded.keras", lenet.path.read_bytes()))
    page.get_by_role("link", name="Folded").click()
    page.locator(".live").wait_for()
    tab.give("drop", ("two.npy", npy(lenet.inputs[2:3])))
    expect(page.locator(".topbar")).to_contain_text("input two.npy → 2")
    page.get_by_role("link", name="Back to the library").click()
    expect(page).to_have_url(home)
    foreign = [url for url in tab.asked if not url.startswith((home, "data:", "blob:"))]
    context.close()
    assert foreign == []
