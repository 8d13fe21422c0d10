"""Errors as RFC 9457 problem details: what a client reads where it can't have what it asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask, Response

TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request. detail: one line for a person: what was expected, what came, how to mend it."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers or {}, more


def body(status: int, detail: str, **more: Any) -> bytes:
    """The JSON of a problem."""
    from http import HTTPStatus

    title = HTTPStatus(status).phrase
    return json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail, **more}).encode()


def install(app: Flask) -> None:
    """Turns every error of an app into a problem."""
    from flask import Response
    from werkzeug.exceptions import HTTPException

    from tensorview.errors import OutputError, TensorviewError

    def answer(status: int, detail: str, headers: dict[str, str], **more: Any) -> Response:
        response = Response(body(status, detail, **more), status=status, mimetype=TYPE)
        response.headers.extend(headers)
        return response

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return answer(error.status, error.detail, error.headers, **error.more)

    @app.errorhandler(TensorviewError)
    def told(error: TensorviewError) -> Response:
        # What could not be written is no fault of the request.
        return answer(507 if isinstance(error, OutputError) else 422, str(error), {})

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After", "Content-Range")}
        return answer(error.code or 500, error.description or error.name, headers)

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        app.logger.exception("unforeseen")
        return answer(500, "the server made a mistake; its log says which", {})
