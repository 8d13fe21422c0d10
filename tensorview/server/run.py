"""Runs an app under waitress until it is told to stop."""

from __future__ import annotations

import logging
import socket as sockets
from collections.abc import Callable
from typing import Any

from tensorview.errors import OptionError
from tensorview.server import problems

THREADS = 32
CONNECTIONS = 400
PATIENCE = 30
"""Seconds that a connection may say nothing."""


def serve(
    app: Any,
    port: int,
    ready: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    stopping: Callable[[], None] = lambda: None,
    most: int = 2**29,
    patience: int = PATIENCE,
) -> None:
    """Serve until Ctrl-C or SIGTERM; then `stopping` is called, and requests under way are given five seconds. `ready`
    is called with the address, `http://HOST:PORT/`, once the port is open; port 0 takes any free one. most: bytes of a
    request.

    Raises OptionError where the port can't be had.
    """
    import waitress
    from waitress.channel import HTTPChannel
    from waitress.task import ErrorTask

    class Refusal(ErrorTask):  # type: ignore[misc]
        """What waitress itself refuses, too, as a problem."""

        def execute(self) -> None:
            error = self.request.error
            detail = " ".join(str(error.body).split())
            content = problems.body(error.code, detail)
            self.status = f"{error.code} {error.reason}"
            self.content_length = len(content)
            self.response_headers += [
                ("Content-Type", problems.TYPE),
                ("Content-Length", str(len(content))),
                ("X-Content-Type-Options", "nosniff"),
                ("Connection", "close"),
            ]
            self.close_on_finish = True
            self.write(content)

    class Channel(HTTPChannel):  # type: ignore[misc]
        error_task_class = Refusal

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    if not 0 <= port <= 65535:
        raise OptionError(f"port {port} is out of range; expected 0 to 65535")
    with _listen(host, port) as socket:
        server: Any = waitress.create_server(
            app,
            sockets=[socket],
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=patience,
            cleanup_interval=min(10, patience),
            max_request_body_size=most,
            max_request_header_size=32_768,
            ident=None,
            # A proxy on this machine may say who asked and whether it was over TLS; nobody else may.
            trusted_proxy="127.0.0.1",
            trusted_proxy_count=1,
            trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
            clear_untrusted_proxy_headers=True,
        )
        server.channel_class = Channel
        dispatcher, wait = server.task_dispatcher, server.task_dispatcher.shutdown

        def shutdown(*arguments: Any, **named: Any) -> Any:
            stopping()  # ends what others wait for, so that their requests need not be waited for
            return wait(*arguments, **named)

        dispatcher.shutdown = shutdown
        shown = f"[{host}]" if ":" in host else host
        try:
            ready(f"http://{shown}:{socket.getsockname()[1]}/")
            server.run()  # finishes what is under way on Ctrl-C and SystemExit
        except (SystemExit, KeyboardInterrupt):
            pass
        finally:
            server.close()


def _listen(host: str, port: int) -> Any:
    kind = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    listener = sockets.socket(kind, sockets.SOCK_STREAM)
    try:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise OptionError(
            f"port {port} of {host} can't be opened ({reason}); choose another with --port, or 0 for any"
        ) from error
    return listener
