"""tensorview demo: the embedded LeNet on real digits."""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib import resources
from pathlib import Path

from tensorview.commands import common, words

NAME = "demo"
HELP = "export the embedded demo: LeNet-5 on ten handwritten digits"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="OUT", default="demo.html", help="the output (default: demo.html)")
    parser.add_argument("--open", action="store_true", help="open the result in the browser")
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    from tensorview.files import check_free

    path = check_free(Path(options.output), options.force)
    folder = resources.files("tensorview").joinpath("_demo")
    with (
        common.progress(options) as progress,
        resources.as_file(folder.joinpath("lenet_mnist.keras")) as model_file,
        resources.as_file(folder.joinpath("lenet_mnist_input.npy")) as digits_file,
    ):
        from tensorview.inputs import read_inputs
        from tensorview.loading import load_model

        model = load_model(model_file)
        batch = read_inputs(model, [digits_file])
        batch = replace(batch, names=tuple(f"digit {i}" for i in range(len(batch.names))))
        from tensorview.exporting import export

        bundle = export(model, batch, path, title="LeNet-5 on MNIST", force=options.force, progress=progress)
    for line in words.told(bundle.manifest):
        common.say(options, line)
    common.say_written(options, path)
    if options.open:
        common.open_in_browser(path)
