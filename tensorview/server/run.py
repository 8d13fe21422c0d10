"""Starts the server on this machine's loopback address."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from tensorview.errors import OptionError

ADDRESS = "127.0.0.1"


def serve(app: Any, port: int, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. `ready` is called with the URL once the port is open; port 0 takes any free one.

    Raises OptionError where the port can't be had.
    """
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request is of no use to a person
    if not 0 <= port <= 65535:
        raise OptionError(f"port {port} is out of range; expected 0 to 65535")
    socket = _listen(port)
    with socket:
        server = make_server(ADDRESS, port, app, threaded=True, fd=socket.fileno())
        ready(f"http://{ADDRESS}:{socket.getsockname()[1]}/")
        try:
            server.serve_forever()
        finally:
            server.server_close()


def _listen(port: int) -> Any:
    # Werkzeug ends the whole process where a port is taken; opening it here keeps that an error like any other.
    import socket

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise OptionError(
            f"port {port} can't be opened ({reason}); choose another with --port, or 0 for any"
        ) from error
    return listener
