"""The library over HTTP: models and reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorview import page, plain
from tensorview.server import answers, asked
from tensorview.server.index import SORTS, Entry
from tensorview.server.names import clean_name, clean_tags
from tensorview.server.problems import Problem

if TYPE_CHECKING:
    from flask import Flask, Response

    from tensorview.server.site import Site

HIDDEN = ("root", "file", "changed")
MOST = 500


def install(app: Flask, site: Site, prefix: str) -> None:
    from flask import Response, request

    library = site.library

    def shown(entry: Entry) -> dict[str, Any]:
        """An entry without where it lies."""
        data = {name: value for name, value in asdict(entry).items() if name not in HIDDEN}
        opened = entry.kind == "report" or site.bundle_path(entry).is_file()
        return {**data, "given": entry.root == "given", "deleted": entry.root == "trash", "opened": opened}

    @app.get(f"{prefix}/items")
    def items() -> Any:
        found = library.find(
            words=asked.text("q").split()[:10],
            roots=("trash",) if asked.choice("trash", "no", ("yes", "no")) == "yes" else ("library", "given"),
            kind=asked.choice("kind", None, ("model", "report")),
            tag=request.args.get("tag"),
            sort=asked.choice("sort", "added", tuple(SORTS)),
            down=asked.choice("order", "down", ("up", "down")) == "down",
        )
        start, most = asked.number("start", 0, 0, 10**9), asked.number("most", 100, 1, MOST)
        tags = sorted({tag for entry in library.index.find() for tag in entry.tags})
        return {"total": len(found), "items": [shown(entry) for entry in found[start : start + most]], "tags": tags}

    @app.post(f"{prefix}/items")
    def upload() -> Any:
        if request.mimetype not in ("application/octet-stream", "application/zip", "application/x-hdf5"):
            raise Problem(415, "an upload is the file's bytes, as application/octet-stream")
        if not request.content_length:
            raise Problem(422, "an upload is the file's bytes, but none came")
        name = clean_name(asked.text("name", "untitled", 500))
        entry = library.add(request.stream, name)
        site.open(entry)
        return shown(entry), 201, {"Location": f"items/{entry.id}"}

    @app.get(f"{prefix}/items/<id>")
    def item(id: str) -> Any:
        return shown(library.get(id, trash=True))

    @app.patch(f"{prefix}/items/<id>")
    def change(id: str) -> Any:
        fields = asked.Fields()
        name, tags = fields.take("name", clean_name, None), fields.take("tags", clean_tags, None)
        fields.done()
        return shown(library.change(id, name=name, tags=tags))

    @app.delete(f"{prefix}/items/<id>")
    def delete(id: str) -> Any:
        return shown(site.delete(id))

    @app.post(f"{prefix}/items/<id>/restore")
    def restore(id: str) -> Any:
        return shown(library.restore(id))

    @app.delete(f"{prefix}/trash")
    def empty() -> Any:
        return {"deleted": library.empty_trash()}

    @app.post(f"{prefix}/items/<id>/open")
    def open_item(id: str) -> Any:
        job = site.open(library.get(id))
        return ({"opened": True, "job": None}, 200) if job is None else ({"opened": False, "job": job.to_json()}, 202)

    @app.post(f"{prefix}/items/<id>/warm")
    def warm(id: str) -> Any:
        return site.warm(site.model_of(library.get(id))).to_json(), 202

    @app.get(f"{prefix}/items/<id>/picture")
    def picture(id: str) -> Response:
        entry = library.get(id, trash=True)
        data = library.index.picture(id)
        if data is None:
            raise Problem(404, "this item has no picture")
        return answers.plain(data, "image/png", f"{entry.changed:x}-{len(data):x}", pack=False)

    @app.get(f"{prefix}/items/<id>/download")
    def download(id: str) -> Response:
        entry = library.get(id)
        format = asked.choice("format", "tview", ("html", "tview", "json", "model"))
        if format == "model":
            if entry.kind != "model" or not library.path(entry).is_file():
                raise Problem(409, "this item is no model file; choose html, tview or json")
            return file(library.path(entry), "application/octet-stream", entry.name, entry.suffix)
        archive = site.archive(entry)
        if format == "tview":
            return file(archive.path, "application/zip", entry.name, ".tview")
        bundle = archive.bundle()
        archive.check(bundle.manifest)  # once the first bytes are out, there is no telling any more
        render, kind = (page.render, "text/html") if format == "html" else (plain.render, "application/json")
        response = answers.bounded(Response(render(bundle), mimetype=kind), archive.path.stat().st_size)
        return answers.attachment(response, entry.name, f".{format}")

    def file(path: Path, kind: str, name: str, suffix: str) -> Response:
        size = path.stat().st_size
        response = answers.bounded(Response(_pieces(path), mimetype=kind), size)
        response.content_length = size
        return answers.attachment(response, name, suffix)

    @app.get(f"{prefix}/items/<id>/manifest")
    def manifest(id: str) -> Response:
        archive = site.archive(library.get(id))
        return answers.plain(archive.manifest_bytes(), "application/json", archive.manifest_tag())

    @app.get(f"{prefix}/items/<id>/blobs/<blob>")
    def blob(id: str, blob: str) -> Response:
        archive = site.archive(library.get(id))
        if blob not in archive:
            raise Problem(404, "this item has no such blob")
        return answers.stream(
            lambda: archive.chunks(blob), archive.size(blob), "application/octet-stream", archive.tag(blob)
        )

    @app.get(f"{prefix}/items/<id>/layer")
    def layer(id: str) -> Response:
        """A layer's stored values as .npy."""
        import io

        import numpy as np

        archive = site.archive(library.get(id))
        node, sample = asked.text("node", most=2000), asked.number("sample", 0, 0, 10**6)
        bundle = archive.bundle()
        buffer = io.BytesIO()
        np.save(buffer, bundle.activation(node, sample))
        key = json.dumps([node, sample]).encode().hex()[:400]
        return answers.plain(
            buffer.getvalue(), "application/octet-stream", f"{archive.manifest_tag()}-{key}", ranges=True
        )


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(2**18):
            yield chunk
