"""The command line: parses, calls a command, prints what went wrong in one line."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from tensorview import __version__
from tensorview.commands import COMMANDS
from tensorview.errors import TensorviewError

FAILED = 2
STOPPED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAILED, f"tensorview: error: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="tensorview", description="One run of a Keras model as an interactive 3D page in one file.")
    top.add_argument("--version", action="version", version=f"tensorview {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, 1 where a command found what it was to tell of, 2 after an error
    told in one line, 130 after Ctrl-C."""
    try:
        options = parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has said what it had to say
        return int(stop.code or 0)
    try:
        code = options.run(options)
        sys.stdout.flush()
    except TensorviewError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("tensorview: stopped", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough; what is still buffered must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except MemoryError:
        return _fail("this needs more memory than there is; try fewer samples or a smaller model")
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}")
    return int(code or 0)


def entry() -> NoReturn:
    """What the `tensorview` command runs."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that can't show every letter (of a file's name, or the × of a shape) is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    # A polite kill ends like Ctrl-C does: what is half-written is removed on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    code = main()
    if any(thread.name == "tensorview-deep" for thread in threading.enumerate()):
        # Ctrl-C left a thread inside TensorFlow; an orderly shutdown would wait for it or crash under it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _fail(message: str) -> int:
    print(f"tensorview: error: {' '.join(message.split())}", file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    entry()
