"""What this server is and can do."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tensorview import __version__
from tensorview.attribution.parameters import parameters
from tensorview.attribution.registry import methods

if TYPE_CHECKING:
    from flask import Flask

    from tensorview.server.site import Site

STARTED = secrets.token_hex(8)
"""Another one each time a server starts: by it, a page knows that its jobs and runs are gone."""


def install(app: Flask, site: Site, prefix: str) -> None:
    from tensorview.server.api.spec import document

    @app.get(f"{prefix}/server")
    def server() -> Any:
        return {
            "version": __version__,
            "started": STARTED,
            "library": site.library.index.changes,
            "most_upload": site.most_upload,
            "models": site.models.loaded(),
            "memory": site.models.limits.held,
        }

    @app.get(f"{prefix}/methods", endpoint="methods")
    def methods_known() -> Any:
        return [
            {
                "name": method.name, "title": method.title, "question": method.question, "paper": method.paper,
                "range": method.range, "cost": method.cost, "looks_at_layer": method.looks_at_layer,
                "by_class": method.by_class,
                "parameters": [
                    {
                        "name": p.name, "kind": p.kind.__name__, "default": p.default, "help": p.help,
                        "minimum": p.minimum, "maximum": p.maximum, "choices": p.choices,
                    }
                    for p in parameters(method)
                ],
            }
            for method in methods()
        ]  # fmt: skip

    @app.get(f"{prefix}/openapi.json")
    def openapi() -> Any:
        return document()
