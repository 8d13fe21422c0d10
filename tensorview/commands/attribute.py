"""tensorview attribute: one heat map as a picture or as numbers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tensorview.commands import common
from tensorview.errors import InputError, OptionError

NAME = "attribute"
HELP = "explain a prediction: a heat map over the input, as a picture or as numbers"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.add_model(parser)
    common.add_inputs(parser, required=True)
    parser.add_argument("--method", metavar="NAME", default="grad_cam", help="grad_cam (the default), saliency")
    common.add_target(parser)
    parser.add_argument("--layer", metavar="NAME", help="the layer to look at (default: the last convolution)")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter of the method; may be repeated"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", default="heat.png", help="heat.png, heat.npy or heat.npz (default: heat.png)"
    )
    common.add_labels(parser)
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    from tensorview.attribution.registry import find
    from tensorview.files import check_free

    path = Path(options.output)
    if path.suffix.lower() not in (".png", ".npy", ".npz"):
        raise OptionError(f"{path} ends in {path.suffix or 'nothing'}; attribute writes .png, .npy or .npz")
    check_free(path, options.force)
    values = parse_settings(options.method, options.set)
    find(options.method, values)
    with common.progress(options) as progress:
        progress("loading", 0.0)
        model = common.load(options)
        names = common.read_names(model, options)
        batch = common.read_batch(model, options)
        if batch is None:
            raise InputError("attribute needs an input; give one with -i")
        from tensorview.attribution import attribute

        progress("explaining", 0.0)
        result = attribute(
            model,
            batch.arrays,
            options.method,
            common.read_target(options.target, names, model),
            options.layer,
            labels=names,
            **values,
        )
    common.say_inputs(options, batch)
    for sample, (name, target) in enumerate(zip(batch.names, result.target, strict=True)):
        label = f" {names[int(target)]}" if names and 0 <= int(target) < len(names) else ""
        blank = "; the map is blank: nothing speaks for this class" if result.blank[sample] else ""
        layer = f", layer {result.layer}" if result.layer else ""
        score = float(result.score[sample])
        common.say(
            options, f"{name}: class {int(target)}{label}, score {score:.4g} ({result.score_note}){layer}{blank}"
        )
    from tensorview import heat

    for written in heat.write(result.values, batch, options.input, path, force=options.force):
        common.say_written(options, written)


def parse_settings(method: str, settings: list[str]) -> dict[str, Any]:
    """NAME=VALUE pairs as the method's own parameters take them."""
    from tensorview.attribution.parameters import parameters
    from tensorview.attribution.registry import find

    known = {item.name: item for item in parameters(type(find(method)))}
    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise OptionError(f"--set takes NAME=VALUE, but {setting!r} came")
        if name not in known:
            listed = ", ".join(known) or "it has none"
            raise OptionError(f"{method} has no parameter {name!r}; its parameters: {listed}")
        found[name] = known[name].parse(text)
    return found
