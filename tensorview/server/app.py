"""A Flask app that serves one bundle, read-only."""

from __future__ import annotations

import re
from typing import Any

from tensorview import page

_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def create_app(bundle: page.BundleLike) -> Any:
    """The app: GET /, /manifest.json and /blobs/ID.bin, for requests that name this machine as their host.

    Another host name in a request means that a page elsewhere has had its name pointed at 127.0.0.1 (DNS rebinding) and
    wants to read what is served here; such requests get 403.
    """
    from flask import Flask, Response, abort, request

    app = Flask("tensorview", static_folder=None)
    known = {blob.id for blob in bundle.manifest.blobs}
    html = b"".join(page.render_served(bundle.manifest.title))
    manifest = bundle.manifest_json().encode()
    policy = page.policy(page.app_script(), "http") + "; frame-ancestors 'none'"

    @app.before_request
    def only_this_machine() -> None:
        host = re.sub(r":\d+$", "", request.headers.get("Host", ""))
        if host not in _HOSTS:
            abort(403, "this server answers on 127.0.0.1 and localhost only")

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def index() -> Response:
        return Response(html, mimetype="text/html")

    @app.get("/manifest.json")
    def manifest_json() -> Response:
        return Response(manifest, mimetype="application/json")

    @app.get("/blobs/<id>.bin")
    def blob(id: str) -> Response:
        if id not in known:
            abort(404)
        return Response(bundle.raw_blob(id), mimetype="application/octet-stream")

    return app
