"""Who is let in: host names, tokens, origins; and the headers that keep other pages out. Asked of a real server."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from serving import TOKEN, Server, Start

from tensorview.errors import OptionError
from tensorview.server.guard import Guard


@pytest.fixture(scope="module")
def server(start_server: Start, tview: Path) -> Server:
    return start_server(tview)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:1", "[::1]:8000", "LOCALHOST"])
def test_this_machine_may_ask(server: Server, host: str) -> None:
    assert server.ask("/", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0",
        "192.168.1.7", "localhost@evil.example", "evil.example#localhost", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/api/v1/items", "/api/v1/items/x/blobs/t0", "/nothing"])
def test_a_name_that_was_pointed_here_may_not(server: Server, host: str, path: str) -> None:
    answer = server.ask(path, headers={"Host": host})
    assert answer.status == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong-token"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Cookie": f"tensorview={TOKEN}"},
    ],
)
def test_without_the_token_there_is_nothing(server: Server, headers: dict[str, str]) -> None:
    for path in ("/", "/api/v1/items", "/api/v1/items/x/blobs/t0", "/nothing", "/?token=wrong", f"/?TOKEN={TOKEN}"):
        answer = server.ask(path, headers=headers, token=False)
        assert answer.status == 401
        assert TOKEN.encode() not in answer.data


def test_the_token_becomes_a_cookie_and_leaves_the_address(server: Server) -> None:
    first = server.ask(f"/?token={TOKEN}", token=False)
    assert first.status == 303
    assert first.headers["Location"] == "."
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert "Path" not in cookie, "the folder that a proxy has put the server into is only known to the browser"
    assert TOKEN not in cookie
    assert server.ask("/", headers={"Cookie": cookie.partition(";")[0]}, token=False).status == 200
    forged = re.sub(r"=[0-9a-f]{6}", "=000000", cookie.partition(";")[0])
    assert server.ask("/", headers={"Cookie": forged}, token=False).status == 401


def test_a_browser_without_the_token_is_told_what_to_do(server: Server) -> None:
    answer = server.ask("/", headers={"Accept": "text/html"}, token=False)
    assert answer.status == 401
    assert b"?token=" in answer.data


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1.evil.example"]
)
def test_another_origin_may_not_write(server: Server, origin: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert server.ask("/api/v1/items", method, b"{}", {"Origin": origin}).status == 403


def test_other_sites_may_not_have_parts_of_it_but_a_link_works(server: Server) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert server.ask("/api/v1/items", headers={**foreign, "Sec-Fetch-Mode": "no-cors"}).status == 403
    assert server.ask("/", headers={**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}).status == 403
    assert (
        server.ask("/", headers={**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}).status == 200
    )


def test_headers_keep_other_pages_out(server: Server) -> None:
    for path in ("/", "/api/v1/items", "/nothing"):
        headers = server.ask(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers
        assert "Server" not in headers


def test_no_preflight_is_answered(server: Server) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = server.ask("/api/v1/items", "OPTIONS", headers=headers)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_line_a_request_and_no_secret(server: Server) -> None:
    server.ask(f"/?token={TOKEN}&secret=told", token=False)
    server.ask("/line%0d%0afake%20127.0.0.1%20GET")
    server.ask("/seen-last")
    while not any("/seen-last" in line for line in server.log):
        assert server.process.poll() is None
    text = "".join(server.log)
    assert re.search(r"127\.0\.0\.1 GET / 303 \d+ \d+ms\n", text)
    assert r"/line\x0d\x0afake\x20127" in text
    assert TOKEN not in text and "told" not in text
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line) for line in server.log)


def test_headers_can_not_be_split(server: Server) -> None:
    answer = server.ask("/%0d%0aSet-Cookie:%20a=b?token=%0d%0aSet-Cookie:%20a=b", token=False)
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


def test_what_is_too_large_is_refused_before_it_is_read(server: Server) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(b"POST /api/v1/items HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
        told = connection.recv(65536)
    assert b" 413 " in told and b"application/problem+json" in told
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")
        assert b" 431 " in connection.recv(65536)


def test_slow_clients_hold_nobody_up(server: Server) -> None:
    slow = []
    for _ in range(60):  # more than there are threads
        connection = socket.create_connection(server.address, timeout=20)
        connection.sendall(b"POST /api/v1/items HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
        slow.append(connection)
    try:
        assert server.ask("/", timeout=5).status == 200
    finally:
        for connection in slow:
            connection.close()


def test_other_machines_are_let_in_with_a_token_only() -> None:
    with pytest.raises(OptionError, match="--token none"):
        Guard("0.0.0.0", None)
    with pytest.raises(OptionError, match="--token none"):
        Guard("192.168.1.7", None)
    with pytest.raises(OptionError, match="8 to 200"):
        Guard("127.0.0.1", "short")
    with pytest.raises(OptionError, match="no host name"):
        Guard("127.0.0.1", None, ["http://a.example/"])
    Guard("127.0.0.1", None)
    Guard("0.0.0.0", TOKEN)


def test_the_command_refuses_an_open_door(tview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tensorview.cli import main

    assert main(["serve", str(tview), "--host", "0.0.0.0", "--token", "none"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_for_other_machines_addresses_and_allowed_names_are_answered(start_server: Start, tview: Path) -> None:
    server = start_server(tview, "--host", "0.0.0.0", "--allow-host", "tv.example.org")
    for host, status in (("192.168.1.7:1", 200), ("[fe80::1]", 200), ("tv.example.org", 200), ("evil.example", 403)):
        assert server.ask("/", headers={"Host": host}).status == status


def test_a_new_token_each_time(tview: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "tensorview.cli", "serve", str(tview), "--port", "0"]
    command += ["--library", str(tmp_path)]
    seen = set()
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            seen.add(process.stdout.readline().split("?token=")[1].split()[0])
            process.terminate()
    assert len(seen) == 2
    assert all(len(token) == 48 for token in seen)


def test_a_port_that_is_taken_is_one_line(tview: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tensorview.cli import main

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = ["serve", str(tview), "--library", str(tmp_path), "--port"]
        assert main([*command, str(port)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"port {port}" in told
    assert main([*command, "70000"]) == 2


def test_it_stops_when_told_to(start_server: Start, tview: Path) -> None:
    assert start_server(tview).stop() == 0
