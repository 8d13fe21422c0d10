"""The commands of the command line, one module each: NAME, HELP, arguments(parser), run(options) -> exit code."""

from __future__ import annotations

import argparse
from typing import Protocol

from tensorview.commands import attribute, compare, demo, export, inspect, library, methods, serve, visualize


class Command(Protocol):
    NAME: str
    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, options: argparse.Namespace) -> int | None: ...


COMMANDS: tuple[Command, ...] = (export, inspect, attribute, compare, visualize, methods, serve, library, demo)
