"""A bundle -> HTML: everything in one file, or a small page that fetches the bundle beside it."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from tensorview import __version__, assets
from tensorview.manifest import Manifest

Source = Literal["inline", "http", "served"]
"""Where a page finds its bundle: in itself, in files beside it, or by asking the server that it came from."""
FIRST = "t0"
"""The blob that the first frame is drawn from: thumbnails of the first sample."""


class BundleLike(Protocol):
    """What a page is made from."""

    @property
    def manifest(self) -> Manifest: ...
    def manifest_json(self) -> str: ...
    def raw_blob(self, id: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Inline:
    id: str
    text: str


def render(bundle: BundleLike) -> Iterator[bytes]:
    """The whole bundle as one HTML file, in UTF-8, piece by piece: never more than one blob is held as text.

    The thumbnails of the first sample stand before the app's script, so that its first frame needs no more of the
    file; every other blob follows in the order of `manifest.blobs`, and an end mark proves that the file is whole.
    """
    ids = [blob.id for blob in bundle.manifest.blobs]
    return _render(
        source="inline",
        title=bundle.manifest.title,
        generator=bundle.manifest.generator,
        manifest=packed_manifest(bundle),
        first=_inline(bundle, [id for id in ids if id == FIRST]),
        rest=_inline(bundle, [id for id in ids if id != FIRST]),
    )


def render_served(title: str) -> Iterator[bytes]:
    """The page that fetches ./manifest.json and ./blobs/ID.bin: for the folder format and the server."""
    return _render(
        source="http", title=title, generator=f"tensorview {__version__}", manifest=None, first=iter(()), rest=iter(())
    )


def render_app(script: str, style: str, title: str) -> Iterator[bytes]:
    """A page of the server, from a script and a style sheet of the built page."""
    return _render(
        source="served", title=title, generator=f"tensorview {__version__}", manifest=None, first=iter(()),
        rest=iter(()), script=script, style=style,
    )  # fmt: skip


def policy(script: str, source: Source) -> str:
    """The Content-Security-Policy of a page: its own script alone, no network (served pages: their own host)."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'sha256-{digest}'",
            "style-src 'unsafe-inline'",
            "img-src data: blob: 'self'" if source == "served" else "img-src data: blob:",
            "worker-src blob:",
            "connect-src 'none'" if source == "inline" else "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def app_script() -> str:
    """The built page's script as it stands between <script> tags, byte for byte."""
    return script_text("app.js")


def script_text(name: str) -> str:
    """A built script as it stands between <script> tags, byte for byte."""
    # The parser ends a script at </script and starts a comment-like state at <!--; in JavaScript both can only stand
    # in strings, templates and regular expressions, where a backslash before the slash or bang changes nothing.
    text = assets.built(name).replace("\r\n", "\n")
    return re.sub(r"<(?=!--)", r"\\x3c", re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE))


def _render(
    *,
    source: Source,
    title: str,
    generator: str,
    manifest: Packed | None,
    first: Iterator[_Inline],
    rest: Iterator[_Inline],
    script: str = "app.js",
    style: str = "app.css",
) -> Iterator[bytes]:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    code = script_text(script)
    sheet = re.sub(r"</(?=style)", r"<\\/", assets.built(style), flags=re.IGNORECASE)
    pieces = environment.from_string(assets.template("page.html.j2")).generate(
        policy=policy(code, source),
        generator=generator,
        title=title,
        source=source,
        style=Markup(sheet),
        script=Markup(code),
        manifest=manifest,
        first=first,
        rest=rest,
    )
    return (piece.encode("utf-8", "replace") for piece in pieces)


@dataclass(frozen=True, slots=True)
class Packed:
    """The manifest's JSON as raw deflate in base64: text that no parser can take for anything else, a fifth as long."""

    size: int
    text: str


def packed_manifest(bundle: BundleLike) -> Packed:
    """A bundle's manifest as it stands in the page."""
    data = bundle.manifest_json().encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return Packed(len(data), base64.b64encode(packer.compress(data) + packer.flush()).decode("ascii"))


def _inline(bundle: BundleLike, ids: list[str]) -> Iterator[_Inline]:
    for id in ids:
        yield _Inline(id, base64.b64encode(bundle.raw_blob(id)).decode("ascii"))
