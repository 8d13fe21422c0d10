"""One line for each request: what was asked and how it went. Never what a request carried."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]


class Logged:
    """A WSGI app whose requests are written down: time, address, method, path, status, bytes, milliseconds.

    The query, headers and bodies stay out of it: tokens and people's data are there. What is no printable ASCII of the
    path is escaped, so that a request can't write lines of its own.
    """

    def __init__(self, app: App, out: TextIO | None = None) -> None:
        self.app, self.out = app, out

    def __call__(self, environ: Environ, start_response: Any) -> Iterator[bytes]:
        begun, told = time.perf_counter(), ["-"]
        sent = 0

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            told[0] = status.partition(" ")[0]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        answer = self.app(environ, start)
        try:
            for chunk in answer:
                sent += len(chunk)
                yield chunk
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
            self._write(environ, told[0], sent, time.perf_counter() - begun)

    def _write(self, environ: Environ, status: str, sent: int, seconds: float) -> None:
        path = str(environ.get("PATH_INFO", "")).encode("ascii", "backslashreplace").decode()
        path = "".join(c if c.isprintable() and c != " " else f"\\x{ord(c):02x}" for c in path)[:300]
        method = str(environ.get("REQUEST_METHOD", ""))[:10]
        now = datetime.datetime.now().isoformat(timespec="seconds")
        line = f"{now} {environ.get('REMOTE_ADDR', '-')} {method} {path} {status} {sent} {seconds * 1000:.0f}ms\n"
        out = self.out or sys.stderr
        out.write(line)
        out.flush()
