"""tensorview visualize: inputs that a channel, a layer or a class answers to most."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorview.commands import common, targets
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.visualization.result import Visualization

NAME = "visualize"
HELP = "make the picture that a channel, a layer or a class answers to most"
ENDINGS = (".png", ".npy")


def arguments(parser: argparse.ArgumentParser) -> None:
    common.add_model(parser)
    what = parser.add_argument_group("what is maximised (one of)")
    what.add_argument("--layer", metavar="NAME", help="a layer: all of it, or the channels of --channel")
    what.add_argument("--class", dest="wanted", metavar="INDEX|LABEL", help="the score of a class")
    what.add_argument(
        "--objective", metavar="O", action="append", default=[],
        help="logit:CLASS, channel:LAYER:CHANNEL, neuron:LAYER:CHANNEL@ROW,COLUMN or layer:LAYER; may be repeated",
    )  # fmt: skip
    parser.add_argument("--channel", metavar="3,17|0-15|all", help="channels of the layer, a picture for each")
    parser.add_argument("--steps", metavar="N", type=int, default=512, help="default 512; 128 for a quick look")
    parser.add_argument("--size", metavar="PX", type=int, help="of the picture (default: the model's own)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the start and the transforms (default 0)")
    parser.add_argument("--count", metavar="N", type=int, default=1, help="pictures of each objective (default 1)")
    parser.add_argument("--parametrisation", metavar="NAME", help="fourier or pixels (default: what fits the input)")
    parser.add_argument("--transforms", metavar="NAME", help="robust or none (default: robust for pictures)")
    parser.add_argument("--preprocess", metavar="auto|none|NAME", default="auto", help="the range of the model's input")
    parser.add_argument("--range", metavar="LOW,HIGH", help="the range of the model's input, for what is no picture")
    parser.add_argument("--cache", metavar="DIR", help="keep finished pictures here: what was stopped goes on")
    parser.add_argument(
        "-o", "--output", metavar="OUT", default="visualization.png",
        help="a .png, several pictures as one sheet, or an .npy of the values (default: visualization.png)",
    )  # fmt: skip
    common.add_labels(parser)
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    from tensorview.files import check_ending, check_free

    path = check_free(check_ending(options.output, ENDINGS, "a visualization"), options.force)
    limits = _range(options.range)
    objectives = _objectives(options)
    with common.progress(options) as progress:
        progress("loading", 0.0)
        model = common.load(options)
        names = common.read_names(model, options)
        if options.wanted is not None:
            objectives.append(f"logit:{targets.read_class(options.wanted, names, model)}")
        from tensorview.visualization.make import visualize

        found = visualize(
            model, objectives, steps=options.steps, size=options.size, seed=options.seed, count=options.count,
            parametrisation=options.parametrisation, transforms=options.transforms, preprocess=options.preprocess,
            range=limits, labels=names, cache=options.cache, progress=progress,
        )  # fmt: skip
    common.say(options, f"range of the input: {found.range}")
    for line in told(found, names):
        common.say(options, line)
    write(found, path, force=options.force)
    common.say_written(options, path)


def write(found: Visualization, path: Path, *, force: bool) -> None:
    """Write pictures as one sheet, or the values."""
    import numpy as np

    from tensorview.files import whole_file
    from tensorview.sheet import png

    if path.suffix.lower() == ".png":
        data = png(found.sheet())
    else:
        buffer = io.BytesIO()
        np.save(buffer, found.values)
        data = buffer.getvalue()
    with whole_file(path, force=force) as file:
        file.write(data)


def told(found: Visualization, names: tuple[str, ...] | None) -> list[str]:
    """A line for each picture, while there are few; and the notes."""
    lines = []
    for text, seed, score, first, dead in zip(
        found.objectives, found.seeds, found.score, found.history[:, 0], found.dead, strict=True
    ):
        _, _, index = text.rpartition(":")
        label = f" {names[int(index)]}" if names and text.startswith("logit:") and index.isdecimal() else ""
        end = "; nothing moves it" if dead else ""
        lines.append(f"{text}{label}, seed {seed}: {float(first):.4g} at the start, {float(score):.4g} at the end{end}")
    most = 12
    if len(lines) > most:
        lines = [*lines[:most], f"and {len(lines) - most} more"]
    return [*lines, *found.notes]


def _objectives(options: argparse.Namespace) -> list[Any]:
    found = list(options.objective)
    given = [name for name, one in (("--layer", options.layer), ("--class", options.wanted)) if one is not None]
    if len(given) + bool(found) != 1:
        came = " and ".join([*given, *(["--objective"] if found else [])]) or "none of them"
        raise OptionError(f"one of --layer, --class and --objective is needed, but {came} came")
    if options.channel is not None and options.layer is None:
        raise OptionError("--channel is of a layer; name it with --layer")
    if options.layer is not None:
        found.append(
            f"layer:{options.layer}" if options.channel is None else f"channel:{options.layer}:{options.channel}"
        )
    return found


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--range takes LOW,HIGH, such as --range=-1,1, but {text!r} came") from None
    return low, high
