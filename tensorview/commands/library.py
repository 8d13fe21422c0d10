"""tensorview library: what concerns the folder that `serve` keeps things in."""

from __future__ import annotations

import argparse
from pathlib import Path

from tensorview.commands import common

NAME = "library"
HELP = "reindex the library of `serve`: read its files anew"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="reindex", choices=("reindex",), help="make the index again from the files")
    parser.add_argument("--library", metavar="DIR", help="the library's folder (default: that of `serve`)")
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    from tensorview.errors import OptionError
    from tensorview.server.library import Library, default_folder

    folder = Path(options.library) if options.library else default_folder()
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder; expected a library of `tensorview serve`")
    library = Library(folder)
    try:
        library.sync(again=True)
        entries = library.find()
        damaged = [entry for entry in entries if entry.error]
        common.say(options, f"{len(entries)} items in {folder}")
        for entry in damaged:
            common.complain(f"{entry.name}: {entry.error}")
    finally:
        library.close()
    return 1 if damaged else 0
