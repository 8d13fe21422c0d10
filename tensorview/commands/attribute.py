"""tensorview attribute: heat maps as pictures or as numbers, of files or of a whole folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorview.commands import common, targets
from tensorview.errors import OptionError, OutputError, TensorviewError

if TYPE_CHECKING:
    from tensorview.overlay import Look

NAME = "attribute"
HELP = "explain a prediction: a heat map over the input, as a picture or as numbers"
ENDINGS = (".png", ".npy", ".npz")
FAILED = 1
"""The exit code where some images of a folder could not be explained."""


def arguments(parser: argparse.ArgumentParser) -> None:
    from tensorview.colourmaps import NAMES

    common.add_model(parser)
    common.add_inputs(parser, required=True)
    parser.add_argument(
        "--method", metavar="NAME", default="grad_cam", help="see tensorview methods (default: grad_cam)"
    )
    targets.add_target(parser)
    parser.add_argument(
        "--layer",
        metavar="NAME|last-conv|all",
        help="the layer to look at, by name or id (default: the last convolution, or the tokens that a transformer's "
        "last attention takes); all: a map on each",
    )
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter of the method; may be repeated"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="heat.png (the default), heat.npy or heat.npz; for a folder of images, a folder",
    )
    parser.add_argument("--sheet", metavar="FILE", help="draw all maps on one contact sheet, a .png, as well")
    parser.add_argument(
        "--colours", metavar="NAME", help=f"{', '.join(NAMES)} (default: heat; blue_red for maps with a sign)"
    )
    parser.add_argument("--opacity", metavar="SHARE", type=float, default=0.92, help="of the map, 0 to 1 (default .92)")
    parser.add_argument("--absolute", action="store_true", help="draw values by their size, without their sign")
    common.add_labels(parser)
    common.add_force(parser)
    common.add_quiet(parser)


def run(options: argparse.Namespace) -> int | None:
    from tensorview.attribution.registry import find
    from tensorview.files import check_free
    from tensorview.overlay import Look

    values = parse_settings(options.method, options.set)
    find(options.method, values)
    look = Look(options.colours, options.opacity, options.absolute)
    if options.sheet is not None:
        if Path(options.sheet).suffix.lower() != ".png":
            raise OptionError(f"--sheet writes a .png, but {options.sheet} came")
        check_free(options.sheet, options.force)
    folders = [source for source in options.input if Path(source).is_dir()]
    if folders:
        if len(options.input) > 1:
            raise OptionError("a folder is an input of its own; give it alone, or the files in it one by one")
        return _folder(options, Path(folders[0]), look, values)
    path = Path(options.output or "heat.png")
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(f"{path} ends in {path.suffix or 'nothing'}; attribute writes .png, .npy or .npz")
    check_free(path, options.force)
    _files(options, path, look, values)
    return None


def _files(options: argparse.Namespace, path: Path, look: Look, values: dict[str, Any]) -> None:
    with common.progress(options) as progress:
        progress("loading", 0.0)
        explain = _Explain(options, values)
        progress("explaining", 0.0)
        result, batch = explain(options.input)
    from tensorview import heat

    common.say_inputs(options, batch)
    told = [explain.line(batch.names[sample], result, sample) for sample in range(len(batch.names))]
    for line in told:
        common.say(options, line)
    for written in heat.write(
        result.layers or result.values, batch, options.input, path, force=options.force, look=look
    ):
        common.say_written(options, written)
    if options.sheet is not None:
        captions = [explain.caption(batch.names[sample], result, sample) for sample in range(len(batch.names))]
        sheet = Path(options.sheet)
        heat.write_sheet(result.values, batch, options.input, captions, sheet, force=options.force, look=look)
        common.say_written(options, sheet)


def _folder(options: argparse.Namespace, folder: Path, look: Look, values: dict[str, Any]) -> int | None:
    """Each image by itself: one that fails is told of at the end and stops no other."""
    from tensorview import heat, images
    from tensorview.folder import LOG, Log, image_files, outputs

    if options.output is None:
        raise OptionError(f"{folder} is a folder; name a folder for its maps with -o")
    into = Path(options.output)
    if into.suffix.lower() in ENDINGS:
        raise OptionError(f"{folder} is a folder, so its maps need one too, but -o {into} is a file's name")
    files = image_files(folder)
    if into.resolve() == folder.resolve():
        raise OptionError(f"-o {into} is the folder of the images themselves; choose another")
    settings = {
        "model": str(options.model), "weights": options.weights, "method": options.method, "set": options.set,
        "target": options.target, "at": options.at, "layer": options.layer, "preprocess": options.preprocess,
        "labels": options.labels,
        "colours": look.colours, "opacity": look.opacity, "absolute": look.absolute,
    }  # fmt: skip
    log = Log(into, settings, options.force)
    places = outputs(files, folder, into, ".png")
    failed: list[str] = []
    done = 0
    with common.progress(options) as progress:
        progress("loading", 0.0)
        explain = _Explain(options, values)
        for number, (file, place) in enumerate(places.items()):
            progress(f"explaining {file.name}", number / len(places))
            name = str(file.relative_to(folder))
            if name in log.done and place.is_file():
                continue
            try:
                result, batch = explain([str(file)])
                place.parent.mkdir(parents=True, exist_ok=True)
                heat.write(result.layers or result.values, batch, [str(file)], place, force=True, look=look)
            except OutputError:
                raise  # a full disk is no fault of this image
            except TensorviewError as error:
                failed.append(f"{name}: {error}")
                continue
            done += 1
            line = {
                "image": name, "file": str(place.relative_to(into)), "class": int(result.target[0]),
                "label": explain.label(result, 0), "score": float(result.score[0]), "layer": result.layer,
                "blank": bool(result.blank[0]),
            }  # fmt: skip
            log.done[name] = line
            log.add(line)
    kept = len(files) - done - len(failed)
    before = f", {kept} were there from before" if kept else ""
    common.say(options, f"{into}: {done} maps of {len(files)} images{before}; {LOG} lists them")
    if options.sheet is not None:
        tiles = [
            (images.read(place, 3), f"{file.name}\n{log.done[name]['label'] or log.done[name]['class']}")
            for file, place in places.items()
            if (name := str(file.relative_to(folder))) in log.done
        ]
        heat.write_tiles(tiles, Path(options.sheet), force=options.force)
        common.say_written(options, Path(options.sheet))
    for failure in failed:
        common.complain(failure)
    return FAILED if failed else None


class _Explain:
    """The model, and how its predictions are explained."""

    def __init__(self, options: argparse.Namespace, values: dict[str, Any]) -> None:
        from tensorview.attribution.registry import find

        self.options, self.values = options, values
        self.model = common.load(options)
        self.names = common.read_names(self.model, options)
        self.at = targets.read_at(options)
        self.by_class = find(options.method).by_class

    def __call__(self, sources: list[str]) -> tuple[Any, Any]:
        """The attribution of these files, and the batch that they became."""
        from tensorview.attribution import attribute
        from tensorview.inputs import read_inputs

        batch = read_inputs(self.model, sources, self.options.preprocess)
        target = targets.read_target(self.options, self.names, self.model)
        result = attribute(
            self.model,
            batch.arrays,
            self.options.method,
            target,
            self.options.layer,
            at=self.at,
            labels=self.names,
            **self.values,
        )
        return result, batch

    def label(self, result: Any, sample: int) -> str | None:
        """The name of the class that was explained, where it has one."""
        target = int(result.target[sample])
        return self.names[target] if self.names and 0 <= target < len(self.names) else None

    def line(self, name: str, result: Any, sample: int) -> str:
        label = self.label(result, sample)
        blank = "; the map is blank: nothing speaks for this class" if result.blank[sample] else ""
        layer = f", layer {result.layer}" if result.layer else ""
        same = "" if self.by_class else "; the map is the same for every class"
        score = f"score {float(result.score[sample]):.4g} ({result.score_note})"
        named = f" {label}" if label else ""
        what = f"class {int(result.target[sample])}" if result.target[sample] >= 0 else "the target function"
        return f"{name}: {what}{named}{self.at.words if self.at else ''}, {score}{layer}{same}{blank}"

    def caption(self, name: str, result: Any, sample: int) -> str:
        return f"{name}\n{self.label(result, sample) or f'class {int(result.target[sample])}'}"


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
