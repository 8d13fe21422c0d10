"""tensorview serve: a library of models and reports, and what only a live model can do, in the browser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tensorview.commands import common
from tensorview.errors import BundleError, ModelError, OptionError

if TYPE_CHECKING:
    from tensorview.server.site import Given

NAME = "serve"
HELP = "show models and reports in the browser, run them on new inputs, and keep them"
MODELS = (".keras", ".h5", ".hdf5", ".json")
BUNDLES = (".tview", ".html")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="PATH", nargs="*",
        help="models, bundles (.html, .tview, an exported folder), or folders of them, shown beside the library",
    )  # fmt: skip
    parser.add_argument(
        "--library", metavar="DIR", help="where uploads and reports are kept (default: a folder of your own)"
    )
    common.add_loading(parser)
    common.add_inputs(parser)
    common.add_labels(parser)
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    parser.add_argument("--port", metavar="N", type=int, default=8080, help="default: 8080; 0 takes any free one")
    parser.add_argument(
        "--token", metavar="auto|none|TEXT", default="auto",
        help="what a browser must show: a new one, which is printed (the default), none, or your own",
    )  # fmt: skip
    parser.add_argument(
        "--allow-host", metavar="NAME", action="append", default=[],
        help="a name that a proxy in front of the server is reached by; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--memory", metavar="MB", type=int, default=4096, help="that one model may take (default: 4096)"
    )
    parser.add_argument("--upload", metavar="MB", type=int, default=512, help="largest upload (default: 512)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    from tensorview.server.guard import Guard, new_token

    token = {"auto": new_token(), "none": None}.get(options.token, options.token)
    guard = Guard(options.host, token, options.allow_host)
    if options.memory < 64 or options.upload < 1:
        raise OptionError("--memory is at least 64, --upload at least 1 (megabytes)")
    given = list(_given(options))
    from tensorview.server.app import create_app
    from tensorview.server.library import Library, default_folder
    from tensorview.server.log import Logged
    from tensorview.server.models import Limits
    from tensorview.server.run import serve
    from tensorview.server.site import Site

    library = Library(Path(options.library) if options.library else default_folder())
    memory, most = options.memory * 2**20, options.upload * 2**20
    site = Site(library, given, Limits(memory=memory, held=max(memory, 6 * 2**30)), most)

    def ready(url: str) -> None:
        home = "" if site.home is None else f"items/{site.home}/"
        shown = url + home + ("" if token is None else f"?token={token}")
        what = given[0].name if len(given) == 1 else "tensorview"
        print(f"{what} at {shown} (Ctrl-C stops)", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(shown)

    try:
        app = create_app(site, guard)
        logged = app if options.quiet else Logged(app)
        serve(logged, options.port, ready, host=options.host, stopping=site.jobs.close, most=most)
    finally:
        site.close()


def _given(options: argparse.Namespace) -> Iterator[Given]:
    """What the paths are, checked before the server starts."""
    from tensorview.server.models import Source
    from tensorview.server.site import Given

    named = [found for path in options.paths for found in _files(path)]
    models = [name for name in named if _is_model(name)]
    asked = (options.input, options.labels, options.weights, options.imports, options.unsafe)
    if (any(asked) or options.preprocess != "auto") and not models:
        told = f"{named[0]} is a bundle with its own input" if named else "no model was given"
        raise OptionError(f"{told}; -i, --preprocess, --labels, --weights, --import, --unsafe go with models")
    if options.input and len(models) != 1:
        raise OptionError(f"-i is for one model, but {len(models)} were given")
    for name in named:
        path = Path(name)
        if not path.exists() and not name.startswith("keras:"):
            kind = ModelError if name in models else BundleError
            raise kind(f"{path} does not exist; expected a model, a bundle (.html, .tview), or a folder of them")
        source = None
        if name in models:
            source = Source(
                path=name, weights=options.weights, imports=tuple(options.imports), unsafe=options.unsafe,
                labels=options.labels, preprocess=options.preprocess,
            )  # fmt: skip
        yield Given(path, path.stem if not name.startswith("keras:") else name[6:], source, tuple(options.input))


def _files(path: str) -> Iterator[str]:
    """The models and bundles that a path names: itself, or those in a folder."""
    if path.startswith("keras:"):
        yield path
        return
    found = Path(path)
    if not found.is_dir() or (found / "config.json").is_file() or (found / "manifest.json").is_file():
        yield path
        return
    inside = sorted(one for one in found.iterdir() if one.suffix.lower() in (*MODELS[:3], *BUNDLES))
    if not inside:
        raise BundleError(f"{path} has neither models (.keras, .h5) nor bundles (.tview, .html) in it")
    yield from map(str, inside)


def _is_model(name: str) -> bool:
    return name.startswith("keras:") or Path(name).suffix.lower() in MODELS or (Path(name) / "config.json").is_file()
