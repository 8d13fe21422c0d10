"""tensorview compare: attribution methods side by side, as a table, a page, a picture or data."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from tensorview.commands import common, targets
from tensorview.errors import InputError, OptionError

NAME = "compare"
HELP = "compare attribution methods on an input: maps side by side, how faithful they are, what they cost"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.add_model(parser)
    common.add_inputs(parser, required=True)
    parser.add_argument(
        "--methods", metavar="NAME,...", default="grad_cam,saliency", help="(default: grad_cam,saliency)"
    )
    targets.add_target(parser)
    parser.add_argument("--layer", metavar="NAME", help="the layer to look at, for methods that do so")
    parser.add_argument(
        "--metrics", metavar="NAME,...", default="curves,drop,randomisation", help="(default: all three)"
    )
    parser.add_argument("--steps", type=int, default=32, help="steps of a deletion or insertion curve (default: 32)")
    parser.add_argument("--seed", type=int, default=0, help="of the randomised weights (default: 0)")
    parser.add_argument(
        "-o", "--output", metavar="OUT", action="append", default=[],
        help="write a page (.html), a picture (.png) or data (.json); give it again for several",
    )  # fmt: skip
    common.add_labels(parser)
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    from tensorview.files import check_ending, check_free

    for path in options.output:
        check_free(check_ending(path, (".html", ".png", ".json"), "a comparison"), options.force)
    if len({str(path) for path in options.output}) < len(options.output):
        raise OptionError("the same output was given twice with -o")
    with common.progress(options) as progress:
        progress("loading", 0.0)
        model = common.load(options)
        names = common.read_names(model, options)
        batch = common.read_batch(model, options)
        if batch is None:
            raise InputError("compare needs an input; give one with -i")
        from tensorview import heat
        from tensorview.comparison.compare import compare

        found = compare(
            model, batch, _list(options.methods), targets.read_target(options, names, model), options.layer,
            at=targets.read_at(options), labels=names, metrics=_list(options.metrics), steps=options.steps,
            seed=options.seed, progress=progress,
        )  # fmt: skip
        own = tuple(heat.seen(batch, options.input, sample, found.input) for sample in range(len(batch.names)))
        found = dataclasses.replace(found, pictures=own)
    common.say_inputs(options, batch)
    if not options.quiet:
        _print_table(found)
    for path in options.output:
        found.write(path, force=options.force)
        common.say_written(options, Path(path))


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _print_table(found: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tensorview.comparison.table import columns

    known = columns(found)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("method")
    for column in known:
        table.add_column(column.name, justify="right")
    for row in found.rows:
        table.add_row(Text(row.method), *(Text(column.text(row)) for column in known))
    console.print(table)
    console.print(Text(f"Means over {len(found.names)} sample(s) of the {found.answers.note}."))
    for row in found.rows:
        if row.note:
            console.print(Text(f"{row.method}: {row.note}"))
