"""The HTML file: whole, escaped, and closed to the network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import Example

from tensorview import assets, page
from tensorview.bundle import Bundle
from tensorview.errors import OutputError
from tensorview.exporting import make_bundle

HOSTILE = "</script><script>alert(1)</script><!-- & \u2028 \"'"


@pytest.fixture(scope="module")
def bundle(lenet: Example) -> Bundle:
    return make_bundle(lenet.model, lenet.inputs[:2], methods=())


class Scripts(HTMLParser):
    """Everything between script tags, as a browser's parser would find it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.tags: list[str] = []
        self.metas: list[dict[str, str | None]] = []
        self._attributes: dict[str, str | None] | None = None
        self.title = ""
        self._in_title = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_title = tag == "title"
        if tag == "script":
            self.found.append((dict(attrs), ""))
            self._attributes = dict(attrs)
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._attributes = None
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._attributes is not None:
            self.found[-1] = (self.found[-1][0], self.found[-1][1] + data)
        if self._in_title:
            self.title += data


def parsed(bundle: Bundle) -> Scripts:
    return Scripts(b"".join(page.render(bundle)).decode())


def manifest_of(scripts: list[tuple[dict[str, str | None], str]]) -> Any:
    attributes, text = scripts[0]
    data = zlib.decompress(base64.b64decode(text), -15)
    assert str(len(data)) == attributes["data-size"]
    return json.loads(data)


def policy_of(scripts: Scripts) -> str:
    return next(str(meta["content"]) for meta in scripts.metas if meta.get("http-equiv") == "Content-Security-Policy")


def test_order_and_content(bundle: Bundle) -> None:
    scripts = parsed(bundle).found
    assert scripts[0][0]["id"] == "tensorview-manifest"
    assert manifest_of(scripts) == json.loads(bundle.manifest_json())
    assert scripts[1][0]["data-blob"] == "t0"
    assert scripts[2][0] == {}
    assert [attributes.get("data-blob") for attributes, _ in scripts[3:-1]] == [
        blob.id for blob in bundle.manifest.blobs if blob.id != "t0"
    ]
    for attributes, text in scripts:
        if "data-blob" in attributes:
            assert base64.b64decode(text, validate=True) == bundle.raw_blob(str(attributes["data-blob"]))
    assert scripts[-1] == ({"type": "application/json", "id": "tensorview-end"}, "1")


def test_only_the_apps_own_script_may_run(bundle: Bundle) -> None:
    scripts = parsed(bundle)
    [app] = [text for attributes, text in scripts.found if not attributes]
    digest = base64.b64encode(hashlib.sha256(app.encode()).digest()).decode()
    policy = policy_of(scripts)
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


def test_the_app_asks_nobody_for_anything(bundle: Bundle) -> None:
    html = b"".join(page.render(bundle)).decode()
    assert not re.search(r"""<(?:script|img|iframe)[^>]+src=|@import|url\(\s*['"]?https?:""", html)


def test_hostile_names_stay_text(bundle: Bundle) -> None:
    manifest = replace(
        bundle.manifest,
        title=HOSTILE,
        labels=(HOSTILE,),
        nodes=tuple(replace(n, label=HOSTILE) for n in bundle.manifest.nodes),
    )
    hostile = Bundle(manifest, bundle._blobs)
    scripts = parsed(hostile)
    assert len(scripts.found) == len(parsed(bundle).found)
    assert scripts.title == HOSTILE
    assert manifest_of(scripts.found)["title"] == HOSTILE


def test_scripts_that_could_end_early_are_escaped(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    real = assets.built
    monkeypatch.setattr(assets, "built", lambda name: 'const a = "</SCRIPT><!--";' if name == "app.js" else real(name))
    scripts = parsed(bundle)
    assert [text for attributes, text in scripts.found if not attributes] == ['const a = "<\\/SCRIPT>\\x3c!--";']
    assert scripts.found[-1][0]["id"] == "tensorview-end"


def test_pieces_are_made_one_at_a_time(bundle: Bundle) -> None:
    asked: list[str] = []

    class Watched(Bundle):
        def raw_blob(self, id: str) -> bytes:
            asked.append(id)
            return super().raw_blob(id)

    pieces: Iterator[bytes] = page.render(Watched(bundle.manifest, bundle._blobs))
    while b"tensorview-manifest" not in next(pieces):
        pass
    assert len(asked) <= 1
    assert b"tensorview-end" in b"".join(pieces)


def test_the_served_page_holds_no_data(bundle: Bundle) -> None:
    scripts = Scripts(b"".join(page.render_served(bundle.manifest.title)).decode())
    assert [attributes for attributes, _ in scripts.found] == [{}]
    assert "connect-src 'self'" in policy_of(scripts)


def test_a_page_that_is_not_built_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    with pytest.raises(OutputError, match="make page"):
        assets.built("nothing.js")
