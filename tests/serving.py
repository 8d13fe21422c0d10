"""Real server processes on free ports, and a client that asks them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TOKEN = "a-token-for-tests"
BYTES = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Server:
    """A server process, and what it has said."""

    process: subprocess.Popen[str]
    url: str
    """With a slash at its end, without the token."""
    token: str | None
    log: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname and parts.port
        return parts.hostname, parts.port

    @property
    def visit(self) -> str:
        return self.url if self.token is None else f"{self.url}?token={self.token}"

    def ask(
        self,
        path: str = "/",
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        token: bool = True,
        timeout: float = 60,
    ) -> Answer:
        """One request, the path as it stands: nothing is made safe on the way."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        shown = {"Authorization": f"Bearer {self.token}"} if token and self.token else {}
        try:
            connection.request(method, path, body, {**shown, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def watch(self, path: str) -> http.client.HTTPConnection:
        """An answer that goes on coming, begun and left open."""
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        assert connection.getresponse().status == 200
        return connection

    def send(self, path: str, method: str, data: Any) -> Answer:
        return self.ask(path, method, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def stop(self, how: int = signal.SIGTERM, timeout: float = 20) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout)


Start = Callable[..., Server]


@contextlib.contextmanager
def servers(home: Path) -> Iterator[Start]:
    """Starts `tensorview serve` with these arguments, on a free port where none is named; all end with the context.
    home: where the library is that nobody names."""
    with contextlib.ExitStack() as stack:

        def start(
            *arguments: str | Path, token: str | None = TOKEN, port: int = 0, setup: Callable[[], None] | None = None
        ) -> Server:
            command = [sys.executable, "-m", "tensorview.cli", "serve", *map(str, arguments), "--port", str(port)]
            command += ["--token", token or "none"]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=setup,  # noqa: PLW1509
                env={**os.environ, "PYTHONUNBUFFERED": "1", "XDG_DATA_HOME": str(home)},
            )  # fmt: skip
            stack.callback(_end, process)
            assert process.stdout is not None and process.stderr is not None
            log: list[str] = []
            threading.Thread(target=_collect, args=(process.stderr, log), daemon=True).start()
            line = process.stdout.readline()
            assert " at http" in line, "".join(log)
            return Server(process, line.split(" at ")[1].split()[0].partition("?")[0], token, log)

        yield start


def _collect(stream: Any, into: list[str]) -> None:
    with stream:
        into.extend(stream)


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
