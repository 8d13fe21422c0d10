"""The OpenAPI document of the API. A test compares it with the routes, and fuzzes the routes by it."""

from __future__ import annotations

from functools import cache
from typing import Any

from tensorview import __version__
from tensorview.server.index import SORTS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object", "additionalProperties": True}
BYTES = "application/octet-stream"


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


NAME = {"type": "string", "minLength": 1, "maxLength": 120, "description": "control characters are taken out"}
TARGET = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}],
    "description": '"top", the index of a class, or its label',
}
SCHEMAS: dict[str, Schema] = {
    "Item": _object(
        id=TEXT, kind={"enum": ["model", "report"]}, suffix=TEXT, name=TEXT, added=TEXT, size=WHOLE, tags=_list(TEXT),
        model=TEXT, digest=_or_null(TEXT), params=_or_null(WHOLE), layers=_or_null(WHOLE), inputs=_list(TEXT),
        samples=_or_null(WHOLE), said=_or_null(TEXT), kinds=_list(TEXT), heights=_list(WHOLE), pictured=FLAG,
        error=_or_null(TEXT), given=FLAG, deleted=FLAG, opened=FLAG,
    ),
    "Job": {
        **_object(
            id=TEXT, kind={"enum": ["open", "warm", "attribution", "visualization", "export"]}, item=TEXT, title=TEXT,
            made=TEXT,
            state={"enum": ["queued", "running", "done", "failed", "cancelled"]},
            share={"type": "number", "minimum": 0, "maximum": 1}, detail=_or_null(TEXT), version=WHOLE,
        ),
        "description": "A job asked for by its id also has its `result`.",
    },
    "Blob": _object(id=TEXT, size=WHOLE, stored=WHOLE, data={"type": "string", "format": "byte"}),
    "Run": {
        **_object(
            run=TEXT, item=TEXT, sample=FREE, methods=_list(FREE), attributions=_list(FREE), told=_list(TEXT),
            notes=_list(TEXT), blobs=_list(_ref("Blob")),
        ),
        "description": "sample, methods and attributions as in a bundle's manifest (docs/bundle.md). Blobs come raw "
        "deflated, base64; those of layers are asked for by the run's `blobs`.",
    },
    "Problem": _object(type=TEXT, title=TEXT, status=WHOLE, detail=TEXT),
}  # fmt: skip


def _path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _query(name: str, description: str = "", schema: Schema = TEXT, *, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


def _json(schema: Schema, description: str = "as asked for") -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _file(kind: str, description: str) -> Schema:
    return {"description": description, "content": {kind: {}}}


def _operation(
    id: str,
    summary: str,
    answers: dict[str, Schema],
    *,
    parameters: list[Schema] | None = None,
    body: Schema | None = None,
    kind: str = "application/json",
) -> Schema:
    problem = {"description": "a problem", "content": {"application/problem+json": {"schema": _ref("Problem")}}}
    found: Schema = {"operationId": id, "summary": summary, "responses": {**answers, "4XX": problem, "5XX": problem}}
    if parameters:
        found["parameters"] = parameters
    if body is not None:
        found["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
    return found


UNCHANGED = {"304": {"description": "the browser has it"}}
PART = {"206": {"description": "the part asked for"}, **UNCHANGED}
NODE = _query("node", "id of a layer call", required=True)
CHANGE = {
    "type": "object",
    "properties": {
        "name": NAME,
        "tags": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1}},
    },
    "additionalProperties": False,
}
ATTRIBUTION = {
    "type": "object",
    "properties": {"method": TEXT, "target": TARGET, "layer": _or_null(TEXT), "parameters": FREE},
    "required": ["method"],
    "additionalProperties": False,
}
VISUALIZATION = {
    "type": "object",
    "properties": {
        "objective": {
            "type": "string", "minLength": 1, "maxLength": 500,
            "description": "as `tensorview visualize` takes it: channel:LAYER:CHANNEL, logit:CLASS, layer:LAYER, "
            "neuron:LAYER:CHANNEL",
        },
        "steps": {"type": "integer", "minimum": 1, "maximum": 4096},
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    },
    "required": ["objective"],
    "additionalProperties": False,
}  # fmt: skip
KEEP = {
    "type": "object",
    "properties": {"name": NAME, "methods": _list(TEXT)},
    "required": ["name"],
    "additionalProperties": False,
}


def _paths() -> dict[str, Schema]:
    item, run, job = _ref("Item"), _path("run"), _ref("Job")
    accepted = {"202": _json(job, "the job that does it")}
    return {
        "/server": {"get": _operation("server", "What this server is", {"200": _json(FREE)})},
        "/methods": {"get": _operation("methods", "Attribution methods", {"200": _json(_list(FREE))})},
        "/openapi.json": {"get": _operation("openapi", "This document", {"200": _json(FREE)})},
        "/items": {
            "get": _operation(
                "items", "Models and reports",
                {"200": _json(_object(total=WHOLE, items=_list(item), tags=_list(TEXT)))},
                parameters=[
                    _query("q", "words that all must be found"), _query("kind", schema={"enum": ["model", "report"]}),
                    _query("tag"), _query("sort", schema={"enum": list(SORTS)}),
                    _query("order", schema={"enum": ["up", "down"]}), _query("trash", schema={"enum": ["yes", "no"]}),
                    _query("start", schema={"type": "integer", "minimum": 0}),
                    _query("most", schema={"type": "integer", "minimum": 1, "maximum": 500}),
                ],
            ),
            "post": _operation(
                "upload", "Take in a .keras, .h5, .tview or .html file", {"201": _json(item, "the new item")},
                parameters=[_query("name", "of the file")], body={"type": "string", "format": "binary"}, kind=BYTES,
            ),
        },
        "/items/{id}": {
            "parameters": [_path("id")],
            "get": _operation("item", "One item", {"200": _json(item)}),
            "patch": _operation("change", "Another name or other tags", {"200": _json(item)}, body=CHANGE),
            "delete": _operation("delete", "To the trash", {"200": _json(item)}),
        },
        "/items/{id}/restore": {
            "parameters": [_path("id")],
            "post": _operation("restore", "Back from the trash", {"200": _json(item)}),
        },
        "/trash": {"delete": _operation("empty", "Delete for good", {"200": _json(_object(deleted=WHOLE))})},
        "/items/{id}/open": {
            "parameters": [_path("id")],
            "post": _operation(
                "open_item", "Make a model's page ready",
                {"200": _json(FREE, "it is"), "202": _json(_object(opened=FLAG, job=job), "the job that does it")},
            ),
        },
        "/items/{id}/warm": {
            "parameters": [_path("id")],
            "post": _operation(
                "warm", "Load the model that can be asked, so that the first input is answered quickly",
                {"202": _json(job, "the job that does it")},
            ),
        },
        "/items/{id}/picture": {
            "parameters": [_path("id")],
            "get": _operation("picture", "Its first input", {"200": _file("image/png", "a picture"), **UNCHANGED}),
        },
        "/items/{id}/download": {
            "parameters": [_path("id")],
            "get": _operation(
                "download", "As a file",
                {"200": {"description": "the file", "content": {
                    kind: {} for kind in (BYTES, "application/zip", "text/html", "application/json")}}},
                parameters=[_query("format", schema={"enum": ["html", "tview", "json", "model"]})],
            ),
        },
        "/items/{id}/manifest": {
            "parameters": [_path("id")],
            "get": _operation("manifest", "What its bundle holds", {"200": _json(FREE), **UNCHANGED}),
        },
        "/items/{id}/blobs/{blob}": {
            "parameters": [_path("id"), _path("blob")],
            "get": _operation("blob", "Tensors, raw deflated", {"200": _file(BYTES, "bytes"), **UNCHANGED}),
        },
        "/items/{id}/layer": {
            "parameters": [_path("id")],
            "get": _operation(
                "layer", "A layer's values as the bundle keeps them", {"200": _file(BYTES, "an .npy file"), **PART},
                parameters=[NODE, _query("sample", schema={"type": "integer", "minimum": 0})],
            ),
        },
        "/items/{id}/runs": {
            "parameters": [_path("id")],
            "post": _operation(
                "run", "Give the model an input: a picture, .npy or .npz", {"201": _json(_ref("Run"), "what happened")},
                parameters=[
                    _query("name", "of the input"), _query("methods", "attribution methods, comma between"),
                    _query("target", "top, or a class"), _query("preprocess", "as of tensorview export"),
                ],
                body={"type": "string", "format": "binary"}, kind=BYTES,
            ),
        },
        "/runs/{run}": {
            "parameters": [run],
            "get": _operation("again", "A run that is still held", {"200": _json(_ref("Run"))}),
        },
        "/runs/{run}/blobs/{blob}": {
            "parameters": [run, _path("blob")],
            "get": _operation("run_blob", "Tensors, raw deflated", {"200": _file(BYTES, "bytes"), **UNCHANGED}),
        },
        "/runs/{run}/layer": {
            "parameters": [run],
            "get": _operation(
                "run_layer", "A layer's own values, in full", {"200": _file(BYTES, "an .npy file"), **PART},
                parameters=[NODE],
            ),
        },
        "/runs/{run}/weights": {
            "parameters": [run],
            "get": _operation(
                "run_weights", "A layer's weights; of large ones whole filters, that of the channel among them",
                {"200": _json(_object(weights=_list(FREE), blobs=_list(_ref("Blob"))))},
                parameters=[NODE, _query("channel", schema={"type": "integer", "minimum": 0})],
            ),
        },
        "/items/{id}/visualizations": {
            "parameters": [_path("id")],
            "post": _operation(
                "visualization", "Make the input that something in a model answers to most, as a job", accepted,
                body=VISUALIZATION,
            ),
        },
        "/runs/{run}/attributions": {
            "parameters": [run],
            "post": _operation("attribution", "Explain, as a job", accepted, body=ATTRIBUTION),
        },
        "/runs/{run}/keep": {
            "parameters": [run],
            "post": _operation("keep", "Keep it in the library, as a job", accepted, body=KEEP),
        },
        "/jobs": {"get": _operation("jobs", "Newest first", {"200": _json(_list(job))}, parameters=[_query("item")])},
        "/jobs/{id}": {
            "parameters": [_path("id")],
            "get": _operation("job", "One job, with its result", {"200": _json(job)}),
            "delete": _operation("cancel", "Stop it", {"200": _json(job)}),
        },
        "/jobs/{id}/events": {
            "parameters": [_path("id")],
            "get": _operation("events", "Its progress, as server-sent events", {"200": _file("text/event-stream", "")}),
        },
    }  # fmt: skip


@cache
def document() -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tensorview", "version": __version__,
            "description": "A local server for Keras models and what happened in them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}, {"cookie": []}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
    }  # fmt: skip
