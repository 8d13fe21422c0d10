"""Answers that save bytes: tags by which a browser knows what it has, ranges, compression."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tensorview.server.problems import Problem

if TYPE_CHECKING:
    from flask import Response

CACHE_BYTES = 48 * 2**20
FEW = 1024
LARGE = 4 * 2**20
"""Bytes from which an answer may hold a thread of the server for as long as its reader takes."""
SLOW = 12
"""Such answers at once: fewer than there are threads."""


class Cache:
    """Bytes by key, those used last, up to a sum."""

    def __init__(self, most: int = CACHE_BYTES) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        data = make()
        with self._lock:
            if key not in self._kept and len(data) <= self.most // 4:
                self._kept[key] = data
                self._size += len(data)
                while self._size > self.most:
                    self._size -= len(self._kept.popitem(last=False)[1])
        return data


_packed = Cache()


def plain(data: bytes, mimetype: str, tag: str, *, ranges: bool = False, pack: bool = True) -> Response:
    """Bytes with their tag: 304 where the browser has them; gzip where it takes that; a part where it asks for one."""
    from flask import Response, request

    response = Response(data, mimetype=mimetype)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    wants_part = ranges and "Range" in request.headers
    if pack and len(data) >= FEW:
        response.vary.add("Accept-Encoding")
        if not wants_part and request.accept_encodings["gzip"] > 0:
            response.set_data(_packed.get(f"{mimetype} {tag}", lambda: gzip.compress(data, 5, mtime=0)))
            response.headers["Content-Encoding"] = "gzip"
            response.set_etag(f"{tag}-gzip")
    if ranges:
        response.make_conditional(request, accept_ranges=True, complete_length=len(response.get_data()))
    else:
        response.make_conditional(request)
    return response


def stream(chunks: Callable[[], Iterator[bytes]], size: int, mimetype: str, tag: str) -> Response:
    """Bytes that are packed already, piece by piece."""
    from flask import Response, request

    if request.if_none_match.contains(tag):
        response = Response(status=304)
    else:
        response = Response(chunks() if request.method == "GET" else b"", mimetype=mimetype)
        response.content_length = size
        bounded(response, size)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


_slow = threading.BoundedSemaphore(SLOW)


def bounded(response: Response, size: int) -> Response:
    """An answer that may be large: only so many at once, so that readers who take their time hold up nobody else.
    Raises Problem 429."""
    if size >= LARGE:
        if not _slow.acquire(blocking=False):
            raise Problem(429, f"{SLOW} large downloads are under way; try again later", headers={"Retry-After": "5"})
        response.call_on_close(_slow.release)
    return response


def attachment(response: Response, name: str, suffix: str) -> Response:
    """Have the browser save it under this name, which may hold anything."""
    from urllib.parse import quote

    plain_name = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in name).strip(" .") or "file"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain_name}{suffix}\"; filename*=UTF-8''{quote(name + suffix, safe='')}"
    )
    return response
