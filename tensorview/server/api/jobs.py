"""Jobs over HTTP, with their progress as server-sent events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tensorview.server import asked
from tensorview.server.problems import Problem

if TYPE_CHECKING:
    from flask import Flask, Response

    from tensorview.server.site import Site

STREAMS = 16
"""A stream holds a thread of the server; who gets none asks from time to time."""
QUIET = 10.0
"""Seconds without news after which a line is sent all the same, so that a lost connection is noticed."""


def install(app: Flask, site: Site, prefix: str) -> None:
    from flask import Response

    streams = threading.BoundedSemaphore(STREAMS)

    @app.get(f"{prefix}/jobs")
    def jobs() -> Any:
        item = asked.text("item") or None
        return [_short(job.to_json()) for job in site.jobs.all(item)]

    @app.get(f"{prefix}/jobs/<id>")
    def job(id: str) -> Any:
        return site.jobs.get(id).to_json()

    @app.delete(f"{prefix}/jobs/<id>")
    def cancel(id: str) -> Any:
        return _short(site.jobs.cancel(id).to_json())

    @app.get(f"{prefix}/jobs/<id>/events")
    def events(id: str) -> Response:
        site.jobs.get(id)
        if not streams.acquire(blocking=False):
            raise Problem(429, "too many pages watch jobs; ask for the job itself", headers={"Retry-After": "2"})
        response = Response(_events(site, id), mimetype="text/event-stream")
        response.call_on_close(streams.release)
        response.headers["X-Accel-Buffering"] = "no"  # nginx is to pass each line on at once
        return response


def _events(site: Site, id: str) -> Iterator[bytes]:
    while True:
        over = False
        for job in site.jobs.watch(id, QUIET):
            yield f"event: job\nid: {job['version']}\ndata: {json.dumps(_short(job))}\n\n".encode()
            over = job["state"] in ("done", "failed", "cancelled")
        if over or site.jobs.closed:
            return
        yield b": still here\n\n"


def _short(job: dict[str, Any]) -> dict[str, Any]:
    """A job without its result, which may be large and is asked for once."""
    return {name: value for name, value in job.items() if name != "result"}
