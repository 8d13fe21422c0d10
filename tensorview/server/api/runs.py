"""A model asked about a new input: the run, its layers in full, more attributions, and keeping it."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from tensorview.server import answers, asked
from tensorview.server.models import Work, suffix_of
from tensorview.server.names import clean_name
from tensorview.server.problems import Problem

if TYPE_CHECKING:
    from flask import Flask, Response

    from tensorview.server.site import Site

MOST_INPUT = 64 * 2**20
MOST_STEPS = 4096


def install(app: Flask, site: Site, prefix: str) -> None:
    from flask import request

    library = site.library
    tensors = answers.Cache(96 * 2**20)

    @app.post(f"{prefix}/items/<id>/runs")
    def run(id: str) -> Any:
        """The body is the input: a picture, or an .npy or .npz file."""
        entry = site.model_of(library.get(id))
        if request.mimetype not in (
            "application/octet-stream",
            "application/x-npy",
        ) and not request.mimetype.startswith("image/"):
            raise Problem(415, "an input is a picture (image/...) or an array file (application/octet-stream)")
        if not request.content_length:
            raise Problem(422, "an input is a picture or an array file, but nothing came")
        if request.content_length > MOST_INPUT:
            raise Problem(413, f"an input is at most {MOST_INPUT / 2**20:.0f} MB")
        data = request.get_data()
        methods = asked.methods([name for name in asked.text("methods").split(",") if name])
        new = site.new_run(entry)
        said = site.ask(
            entry, "run", data, run=new, suffix=suffix_of(data), name=clean_name(asked.text("name", "your input", 500)),
            methods=methods, target=asked.target(asked.text("target", "top") or "top"),
            preprocess=asked.text("preprocess") or None,
        )  # fmt: skip
        return {"run": new, "item": entry.id, **_with_data(said)}, 201

    @app.get(f"{prefix}/runs/<run>")
    def again(run: str) -> Any:
        """A run that is still held, as it was told when it was made: for a page that is loaded again."""
        entry = site.run_entry(run)
        return {"run": run, "item": entry.id, **_with_data(site.ask(entry, "again", run=run))}

    @app.get(f"{prefix}/runs/<run>/blobs/<blob>")
    def run_blob(run: str, blob: str) -> Response:
        entry = site.run_entry(run)
        if len(blob) > 100:
            raise Problem(404, "this run has no such blob")
        data = tensors.get(f"{run} {blob}", lambda: site.ask(entry, "blob", run=run, blob=blob).parts[0])
        return answers.plain(data, "application/octet-stream", f"{run}-{_tag(blob)}", pack=False)

    @app.get(f"{prefix}/runs/<run>/layer")
    def run_layer(run: str) -> Response:
        """A layer's own values, in full, as .npy."""
        entry = site.run_entry(run)
        node = asked.text("node", most=2000)
        data = tensors.get(f"{run} values {node}", lambda: site.ask(entry, "values", run=run, node=node).parts[0])
        return answers.plain(data, "application/octet-stream", f"{run}-{_tag(node)}", ranges=True)

    @app.get(f"{prefix}/runs/<run>/weights")
    def run_weights(run: str) -> Any:
        """A layer's weights, of large ones whole filters, that of a channel among them."""
        entry = site.run_entry(run)
        node, channel = asked.text("node", most=2000), asked.number("channel", 0, 0, 10**9)
        return _with_data(site.ask(entry, "weights", run=run, node=node, channel=channel))

    @app.post(f"{prefix}/runs/<run>/attributions")
    def attribution(run: str) -> Any:
        entry = site.run_entry(run)
        fields = asked.Fields()
        values = fields.take("parameters", asked.as_it_is, {})
        method, parameters = asked.method(fields.take("method", asked.as_it_is), values)
        target = fields.take("target", asked.target, "top")
        layer = fields.take("layer", asked.optional_text, None)
        fields.done()

        def do(work: Work) -> dict[str, Any]:
            said = site.models.work(
                entry.id, site.source(entry), "explain", work,
                run=run, method=method, target=target, layer=layer, parameters=parameters,
            )  # fmt: skip
            return {"run": run, **_with_data(said)}

        job = site.jobs.add("attribution", entry.id, f"{method} on {entry.name}", do)
        return job.to_json(), 202

    @app.post(f"{prefix}/items/<id>/visualizations")
    def visualization(id: str) -> Any:
        """Make the input that something in the model answers to most."""
        entry = site.model_of(library.get(id))
        fields = asked.Fields()
        objective = fields.take("objective", asked.some_text)
        steps = fields.take("steps", asked.whole("steps", 1, MOST_STEPS), 128)
        seed = fields.take("seed", asked.whole("seed", 0, 2**31 - 1), 0)
        fields.done()

        def do(work: Work) -> dict[str, Any]:
            said = site.models.work(
                entry.id, site.source(entry), "visualize", work, objective=objective, steps=steps, seed=seed
            )
            return {**said.head, "picture": base64.b64encode(said.parts[0]).decode()}

        return site.jobs.add("visualization", entry.id, f"{objective} of {entry.name}", do).to_json(), 202

    @app.post(f"{prefix}/runs/<run>/keep")
    def keep(run: str) -> Any:
        """Write a run into the library, as a report."""
        entry = site.run_entry(run)
        fields = asked.Fields()
        name = fields.take("name", clean_name)
        methods = fields.take("methods", asked.methods, [])
        fields.done()

        def do(work: Work) -> dict[str, Any]:
            part = library.part()
            try:
                site.models.work(
                    entry.id, site.source(entry), "export", work,
                    run=run, to=str(part), methods=methods, title=name, model=entry.name,
                )  # fmt: skip
                return {"item": library.adopt(part, name).id}
            except Problem as problem:
                raise Problem(problem.status, problem.detail.replace(str(part), "the report")) from None
            finally:
                part.unlink(missing_ok=True)

        return site.jobs.add("export", entry.id, f"keeping {name}", do).to_json(), 202


def _with_data(said: Any) -> dict[str, Any]:
    """What was said, its blobs' bytes as base64 beside their entries: small ones, that the page needs at once."""
    head = dict(said.head)
    head["blobs"] = [
        {**blob, "data": base64.b64encode(part).decode()} for blob, part in zip(head["blobs"], said.parts, strict=True)
    ]
    return head


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
