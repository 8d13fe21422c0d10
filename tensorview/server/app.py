"""A Flask app that serves one bundle, read-only."""

from __future__ import annotations

from typing import Any

from tensorview import page
from tensorview.server import guard as guarding
from tensorview.server import problems
from tensorview.server.guard import Guard


def create_app(bundle: page.BundleLike, guard: Guard) -> Any:
    """The app: GET /, /manifest.json and /blobs/ID.bin, for requests that the guard lets through."""
    from flask import Flask, Response, abort

    app = Flask("tensorview", static_folder=None)
    known = {blob.id for blob in bundle.manifest.blobs}
    html = b"".join(page.render_served(bundle.manifest.title))
    manifest = bundle.manifest_json().encode()
    policy = page.policy(page.app_script(), "http") + "; frame-ancestors 'none'"
    problems.install(app)
    guarding.install(app, guard)

    @app.get("/")
    def index() -> Response:
        return Response(html, mimetype="text/html", headers={"Content-Security-Policy": policy})

    @app.get("/manifest.json")
    def manifest_json() -> Response:
        return Response(manifest, mimetype="application/json")

    @app.get("/blobs/<id>.bin")
    def blob(id: str) -> Response:
        if id not in known:
            abort(404)
        return Response(bundle.raw_blob(id), mimetype="application/octet-stream")

    return app
