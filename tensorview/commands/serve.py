"""tensorview serve: the same page from a local server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tensorview.commands import common
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.bundle import Bundle

NAME = "serve"
HELP = "serve a model or an exported bundle, to this machine's browsers"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="FILE", help="a model, or a bundle: .html, .tview or an exported folder")
    common.add_loading(parser)
    common.add_inputs(parser)
    common.add_labels(parser)
    add_address(parser)
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    common.add_quiet(parser)


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where the server listens and whom it answers."""
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    parser.add_argument("--port", metavar="N", type=int, default=8080, help="default: 8080; 0 takes any free one")
    parser.add_argument(
        "--token",
        metavar="auto|none|TEXT",
        default="auto",
        help="what a browser must show: a new one, which is printed (the default), none, or your own",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a name that a proxy in front of the server is reached by; may be repeated",
    )


def run(options: argparse.Namespace) -> None:
    from tensorview.server.guard import Guard, new_token

    token = {"auto": new_token(), "none": None}.get(options.token, options.token)
    guard = Guard(options.host, token, options.allow_host)
    bundle = _bundle(options)
    from tensorview.server.app import create_app
    from tensorview.server.log import Logged
    from tensorview.server.run import serve

    def ready(url: str) -> None:
        url += "" if token is None else f"?token={token}"
        print(f"{bundle.manifest.title} at {url} (Ctrl-C stops)", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(url)

    app = create_app(bundle, guard)
    serve(app if options.quiet else Logged(app), options.port, ready, host=options.host)


def _bundle(options: argparse.Namespace) -> Bundle:
    name = str(options.model)
    if not name.startswith("keras:") and not _is_model(Path(name)):
        given = (options.input, options.labels, options.weights, options.imports, options.unsafe)
        if any(given) or options.preprocess != "auto":
            raise OptionError(
                f"{name} is a bundle with its own input; -i, --preprocess, --labels, --weights, --import, --unsafe "
                "go with models"
            )
        from tensorview.formats import open_bundle

        return open_bundle(name)
    with common.progress(options) as progress:
        model = common.load(options)
        names = common.read_names(model, options)
        batch = common.read_batch(model, options)
        from tensorview.exporting import make_bundle

        bundle = make_bundle(model, batch, format="folder", labels=names, progress=progress)
    common.say_inputs(options, batch)
    return bundle


def _is_model(path: Path) -> bool:
    return path.suffix.lower() in (".keras", ".h5", ".hdf5") or (path / "config.json").is_file()
