"""The Flask app: pages, their bundles, and the API, behind the guard."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tensorview import page
from tensorview.server import answers, api, problems
from tensorview.server import guard as guarding
from tensorview.server.guard import Guard
from tensorview.server.site import Site

if TYPE_CHECKING:
    from flask import Response


def create_app(site: Site, guard: Guard) -> Any:
    """The app: the start page at /, each item's page at /items/ID/, and the API under /api/v1."""
    from flask import Flask, redirect

    app = Flask("tensorview", static_folder=None)
    # A name is a name: what a proxy or a browser makes of doubled slashes is not to be guessed at.
    app.url_map.merge_slashes = False
    problems.install(app)
    guarding.install(app, guard)
    api.install(app, site)
    shelf = _Page("library.js", "library.css", "tensorview")
    item = _Page("live.js", "live.css", "tensorview")

    @app.get("/")
    def start() -> Response:
        return shelf.response()

    @app.get("/items/<id>")
    def without_slash(id: str) -> Any:
        return redirect(f"{site.library.get(id).id}/", 308)

    @app.get("/items/<id>/")
    def shown(id: str) -> Response:
        site.library.get(id)
        return item.response()

    return app


class _Page:
    """A page that is the same for everyone: what it shows, it asks for."""

    def __init__(self, script: str, style: str, title: str) -> None:
        self._html = b"".join(page.render_app(script, style, title))
        text = page.script_text(script)
        self._policy = page.policy(text, "served") + "; frame-ancestors 'none'"
        self._tag = hashlib.sha256(self._html).hexdigest()[:16]

    def response(self) -> Response:
        response = answers.plain(self._html, "text/html", self._tag)
        response.headers["Content-Security-Policy"] = self._policy
        return response
