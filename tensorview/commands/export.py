"""tensorview export: a model and its input become one file."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorview.commands import common, targets, words
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.bundle import Bundle

NAME = "export"
HELP = "export a model's run as one HTML page (or a folder, a .tview archive, JSON)"
SUFFIXES = {"html": ".html", "folder": "", "tview": ".tview", "json": ".json"}


def arguments(parser: argparse.ArgumentParser) -> None:
    common.add_model(parser)
    common.add_inputs(parser)
    parser.add_argument("-o", "--output", metavar="OUT", help="the output (default: the model's name, in this folder)")
    parser.add_argument("--format", choices=tuple(SUFFIXES), help="default: by the output's name, else html")
    common.add_labels(parser)
    targets.add_target(parser)
    parser.add_argument(
        "--methods", metavar="NAME,...|none", help="attribution methods (default: grad_cam,saliency where they apply)"
    )
    parser.add_argument(
        "--deconv", metavar="LAYER[:CHANNEL,...]", action="append", default=[],
        help="project channels of a layer down to the input (DeconvNet), with the switches and unpooled maps of each "
        "max-pooling; without channels the four that fire most strongly",
    )  # fmt: skip
    parser.add_argument("--budget", metavar="MB", type=float, help="megabytes of the whole file (default: 16)")
    parser.add_argument("--full", action="store_true", help="no byte budget: keep every map in its own size")
    parser.add_argument(
        "--weights-in-page", metavar="MB|all|none", help="megabytes of the file for the layers' weights (default: 1.15)"
    )
    parser.add_argument(
        "--features", metavar="LAYER,...", help="layers of which to show what their channels look for (takes minutes)"
    )
    parser.add_argument(
        "--atlas", metavar="LAYER,...", help="layers of which to draw an activation atlas over the examples"
    )
    parser.add_argument(
        "--examples", metavar="DIR",
        help="images to find the patches in that make those channels fire, and to draw atlases of",
    )  # fmt: skip
    parser.add_argument("--feature-cache", metavar="DIR", help="keep finished feature images here")
    parser.add_argument("--title", metavar="T", help="the page's title (default: the model's name)")
    parser.add_argument("--open", action="store_true", help="open the result in the browser")
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    if options.full and options.budget is not None:
        raise OptionError("--full lifts the byte budget, so --budget makes no sense beside it; give one of them")
    if not options.input and (targets.given(options) or options.methods not in (None, "none") or options.deconv):
        raise OptionError(
            "--target, --at, --methods and --deconv explain what a model says of an input; give one with -i"
        )
    format = _format(options)
    path = Path(options.output) if options.output else Path(_stem(options.model) + SUFFIXES[format])
    from tensorview.files import check_free

    check_free(path, options.force)  # before the slow part, so that nobody waits for a refusal
    methods = _methods(options.methods)
    deconv = _channels(options.deconv)
    weights = _weights(options.weights_in_page)
    if options.full and weights:
        raise OptionError("--full keeps all weights, so --weights-in-page makes no sense beside it; give one of them")
    with common.progress(options) as progress:
        progress("loading", 0.0)
        model = common.load(options)
        names = common.read_names(model, options)
        batch = common.read_batch(model, options)
        manifest = write(
            options,
            model,
            batch,
            path,
            format=format,
            labels=names,
            methods=methods,
            deconv=deconv,
            progress=progress,
            **weights,
        ).manifest
    common.say_inputs(options, batch)
    for line in words.told(manifest):
        common.say(options, line)
    from tensorview.labels import class_count

    if names is None and batch is not None and class_count(model) == 1000:
        common.say(options, "1,000 classes without names; --labels imagenet names them")
    common.say_written(options, path)
    if options.open:
        common.open_in_browser(path)


def write(options: argparse.Namespace, model: Any, batch: Any, path: Path, **more: Any) -> Bundle:
    from tensorview.exporting import DEFAULT_BUDGET, export

    return export(
        model,
        batch,
        path,
        target=targets.read_target(options, more["labels"], model),
        at=targets.read_at(options),
        budget=DEFAULT_BUDGET if options.budget is None else options.budget,
        full=options.full,
        title=options.title,
        features=_names(options.features),
        atlases=_names(options.atlas),
        examples=options.examples,
        feature_cache=options.feature_cache,
        force=options.force,
        **more,
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _format(options: argparse.Namespace) -> str:
    if options.format:
        return str(options.format)
    suffix = Path(options.output).suffix.lower() if options.output else ".html"
    by_suffix = {".html": "html", ".htm": "html", ".tview": "tview", ".json": "json"}
    if suffix not in by_suffix:
        raise OptionError(
            f"no format goes with the name {options.output}; choose one with --format html|folder|tview|json"
        )
    return by_suffix[suffix]


def _stem(model: str) -> str:
    return model.removeprefix("keras:") if model.startswith("keras:") else Path(model).stem or "model"


def _weights(text: str | None) -> dict[str, float | None]:
    """What was asked for, as `export` takes it; nothing where nothing was."""
    if text is None:
        return {}
    if text == "all":
        return {"weights": None}
    try:
        found = 0.0 if text == "none" else float(text)
        if 0 <= found < math.inf:
            return {"weights": found}
    except ValueError:
        pass
    raise OptionError(f"--weights-in-page takes a number of megabytes, all, or none; {text!r} came")


def _methods(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if names == ("none",):
        return ()
    if not names or "none" in names:
        raise OptionError(f"--methods takes names with commas between them, or none; {text!r} came")
    from tensorview.attribution.registry import find

    for name in names:
        find(name)
    return names


def _channels(texts: list[str]) -> dict[str, list[int]]:
    """`--deconv conv_2:3,7` as {"conv_2": [3, 7]}; without channels the list is empty."""
    found: dict[str, list[int]] = {}
    for text in texts:
        layer, colon, numbers = text.rpartition(":")
        if not colon:
            layer, numbers = text, ""
        parts = [part.strip() for part in numbers.split(",")] if colon else []
        if not layer or not all(part.isascii() and part.isdigit() for part in parts):
            raise OptionError(f"--deconv takes a layer and channels, such as conv_2:3,7, but {text!r} came")
        found.setdefault(layer, []).extend(int(part) for part in parts)
    return found
