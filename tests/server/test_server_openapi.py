"""The OpenAPI document is that of the routes, and lies in docs/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from tensorview.server.api.spec import document
from tensorview.server.app import create_app
from tensorview.server.guard import Guard
from tensorview.server.library import Library
from tensorview.server.site import Site


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Any]:
    site = Site(Library(tmp_path / "library"))
    yield create_app(site, Guard("127.0.0.1", None))
    site.close()


def test_the_routes_are_those_of_the_document(app: Any) -> None:
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower(), rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1")
    }
    told = {
        (path, method, operation["operationId"])
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    assert routes == told


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    known = document()["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= set(known)


def test_the_file_in_docs_is_up_to_date() -> None:
    assert json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8")) == json.loads(json.dumps(document()))
