"""The HTTP API under /api/v1, one file for each kind of thing. `spec` is its OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorview.server.api import about, items, jobs, runs

if TYPE_CHECKING:
    from flask import Flask

    from tensorview.server.site import Site

PREFIX = "/api/v1"


def install(app: Flask, site: Site) -> None:
    for part in (about, items, runs, jobs):
        part.install(app, site, PREFIX)
