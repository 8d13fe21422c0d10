"""Who may ask: the names this server answers to, its token, and where a write may come from."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tensorview.errors import OptionError
from tensorview.server.problems import Problem

if TYPE_CHECKING:
    from flask import Flask, Request, Response

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SAFE = ("GET", "HEAD", "OPTIONS")
DAYS = 30
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Of everything that is no page."""

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Checks each request before anything else sees it.

    host: the address that is listened on. token: what a request must show, None for none. names: further names that
    the server is reached by, behind a proxy. Raises OptionError where others than this machine could ask without one.
    """

    def __init__(self, host: str, token: str | None, names: Sequence[str] = ()) -> None:
        local = is_loopback(host)
        if token is None and not local:
            raise OptionError(
                f"--host {host} lets other machines in, and --token none would give them everything; leave --token out"
            )
        if token is not None and not re.fullmatch(r"[\x21-\x7e]{8,200}", token):
            raise OptionError("a token has 8 to 200 visible ASCII characters, without spaces; or auto, or none")
        for name in names:
            if not _HOST.fullmatch(name):
                raise OptionError(f"{name!r} is no host name; expected one like tensorview.example.org")
        self.token = token
        self._names = {*LOOPBACK, *(name.lower() for name in names)} | (set() if local else {host.lower()})
        self._addresses = not local
        # A cookie is sent to every port of a host: its name tells servers apart. Its value gives no token away.
        mark = hashlib.sha256(f"tensorview cookie {token}".encode()).hexdigest()
        self.cookie, self._mark = f"tensorview-{mark[:8]}", mark[8:]

    def check(self, request: Request) -> None:
        """Raises Problem for a request that may not be answered."""
        self._check_host(request)
        if request.method not in SAFE:
            self._check_origin(request)
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not _is_visit(request):
            raise Problem(403, "another site asked for this; it may only be asked for from here")
        if not self.allowed(request):
            raise Problem(401, "this needs the token that the server printed when it started, as ?token=... or cookie")

    def _check_host(self, request: Request) -> None:
        """A name that is not ours means that a page elsewhere had its name pointed at this machine (DNS rebinding).
        Addresses can't be pointed anywhere, so that a server for other machines answers to any of its own."""
        found = _HOST.fullmatch(request.headers.get("Host", ""))
        host = found[1].lower() if found else ""
        if host in self._names or f"{host}:{found[2] if found else ''}" in self._names:
            return
        if self._addresses and _is_address(host):
            return
        raise Problem(403, "this server does not answer to that host name; --allow-host NAME lets it")

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None:  # no browser: those always say where a write comes from
            return
        if urlsplit(origin).netloc.lower() != request.headers.get("Host", "").lower():
            raise Problem(403, "a page of another origin may not change anything here")

    def allowed(self, request: Request) -> bool:
        """Whether a request shows the token, in its address, its Authorization header or a cookie made from it."""
        if self.token is None:
            return True
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() in ("bearer", "token") and _same(given.strip(), self.token):
            return True
        return self.shows(request) or _same(request.cookies.get(self.cookie, ""), self._mark)

    def shows(self, request: Request) -> bool:
        """Whether the token stands in the address, from where it is to vanish."""
        return self.token is not None and _same(request.args.get("token", ""), self.token)

    def remember(self, response: Any, *, secure: bool) -> None:
        """Have the browser keep what stands for the token. Without a path, it is kept for the folder of this address:
        also behind a proxy that puts the server into a folder."""
        if self.token is not None:
            response.set_cookie(
                self.cookie, self._mark, max_age=DAYS * 86400, path=None, httponly=True, samesite="Lax", secure=secure
            )


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_visit(request: Request) -> bool:
    """A person following a link to a page, which the other site can't read; not a script, picture or frame."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )


def new_token() -> str:
    return secrets.token_hex(24)


def install(app: Flask, guard: Guard) -> None:
    """Has an app check every request, and harden every answer."""
    from flask import Response, redirect, request

    @app.before_request
    def check() -> Any:
        try:
            guard.check(request)
        except Problem as problem:
            in_browser = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
            if problem.status != 401 or not in_browser:
                raise
            return Response(_DOOR, 401, mimetype="text/html")
        if request.method == "GET" and guard.shows(request) and not request.path.startswith("/api/"):
            # The cookie is to be kept for all of the server: only its root may set it. Addresses are relative, for a
            # proxy may have put the server into a folder that it doesn't know of.
            depth = request.path.count("/") - 1
            if depth:
                return redirect("../" * depth + "?token=" + request.args["token"], 303)
            response = redirect(".", 303)
            guard.remember(response, secure=request.is_secure)
            return response
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", POLICY)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=(), interest-cohort=()"
        headers.setdefault("Cache-Control", "no-store")
        return response


_DOOR = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>tensorview: token needed</title><link rel="icon" href="data:,"></head>
<body><h1>This server asks for its token</h1>
<p>Open the whole address that <code>tensorview serve</code> printed when it started; it ends in
<code>?token=…</code>. A browser that has done so is let in from then on.</p></body></html>
"""
