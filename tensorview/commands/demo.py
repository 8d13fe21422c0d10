"""tensorview demo: the embedded LeNet on real digits."""

from __future__ import annotations

import argparse
from importlib import resources
from pathlib import Path

from tensorview.commands import common, export

NAME = "demo"
HELP = "export the embedded demo: LeNet-5 on ten handwritten digits"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="OUT", default="demo.html", help="the output (default: demo.html)")
    parser.add_argument("--open", action="store_true", help="open the result in the browser")
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    with (
        resources.as_file(resources.files("tensorview").joinpath("_demo/lenet_mnist.keras")) as model,
        resources.as_file(resources.files("tensorview").joinpath("_demo/lenet_mnist_input.npy")) as digits,
    ):
        full = argparse.ArgumentParser()
        export.arguments(full)
        filled = full.parse_args([str(model), "-i", str(digits), "--title", "LeNet-5 on MNIST"])
        filled.output, filled.open = str(Path(options.output)), options.open
        filled.force, filled.quiet = options.force, options.quiet
        export.run(filled)
