"""What several commands share: options, loading a model with its input, talking to the person."""

from __future__ import annotations

import argparse
import contextlib
import sys
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorview.errors import ModelWarning, OptionError

if TYPE_CHECKING:
    from tensorview.inputs import Batch

Progress = Callable[[str, float], None]


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a .keras, .h5 or .json file, or keras:NAME for keras.applications"
    )
    add_loading(parser)


def add_loading(parser: argparse.ArgumentParser) -> None:
    """What decides how a model is loaded."""
    parser.add_argument(
        "--weights",
        metavar="FILE|none|imagenet",
        help="weights of a keras:NAME model (imagenet, downloaded by Keras) or a .json architecture",
    )
    parser.add_argument(
        "--import",
        dest="imports",
        metavar="FILE.py",
        action="append",
        default=[],
        help="run this Python file, which defines classes of the model; may be repeated",
    )
    parser.add_argument("--unsafe", action="store_true", help="run the Python code that Lambda layers of the file hold")


def add_inputs(parser: argparse.ArgumentParser, required: bool = False) -> None:
    parser.add_argument(
        "-i",
        "--input",
        metavar="INPUT",
        action="append",
        default=[],
        required=required,
        help="an image, .npy or .npz (by input name) file; give it again for more samples",
    )
    parser.add_argument(
        "--preprocess",
        metavar="auto|none|NAME",
        default="auto",
        help="how images become the model's input: zero_one, minus_one_one, caffe, torch, or a keras.applications name",
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", metavar="imagenet|FILE", help="class names: one a line, or JSON")


def add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="overwrite an output that exists")


def add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")


def load(options: argparse.Namespace) -> Any:
    """The model that the options name."""
    is_application = str(options.model).startswith("keras:")
    if options.weights is not None and not is_application and not str(options.model).lower().endswith(".json"):
        raise OptionError(f"--weights is for keras:NAME and .json models; {options.model} has weights of its own")
    if is_application and (options.imports or options.unsafe):
        raise OptionError("--import and --unsafe are for model files; keras:NAME models need neither")
    from tensorview.backend import require_keras

    require_keras()
    from tensorview import modules
    from tensorview.loading import load_model

    custom_objects = modules.custom_objects(options.imports)
    with _warning():
        return load_model(
            options.model,
            weights=options.weights or "imagenet",
            custom_objects=custom_objects,
            safe_mode=not options.unsafe,
        )


@contextlib.contextmanager
def _warning() -> Iterator[None]:
    """Within this, a ModelWarning is one line on stderr, at once; other warnings stay what they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ModelWarning)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, ModelWarning):
                print(f"tensorview: warning: {' '.join(str(message).split())}", file=sys.stderr, flush=True)
            else:
                usual(message, category, *rest, **more)

        warnings.showwarning = show
        yield


def read_batch(model: Any, options: argparse.Namespace) -> Batch | None:
    """The batch of the given input files, or None where none were given."""
    if not options.input:
        if options.preprocess != "auto":
            raise OptionError("--preprocess needs an input; give one with -i")
        return None
    from tensorview.inputs import read_inputs

    return read_inputs(model, options.input, options.preprocess)


def read_names(model: Any, options: argparse.Namespace) -> tuple[str, ...] | None:
    """The class names asked for with --labels, or those that the model is known by."""
    from tensorview.labels import labels_for

    return labels_for(model, options.labels)


def say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(text)


def complain(text: str) -> None:
    """One line on stderr, also where only errors are to be printed."""
    print(f"tensorview: {' '.join(text.split())}", file=sys.stderr)


def say_inputs(options: argparse.Namespace, batch: Batch | None) -> None:
    """How each input became what the model was given: never silent about a guess."""
    for item in batch.inputs if batch else ():
        hint = "; --preprocess chooses another" if item.guessed else ""
        say(options, f"input {item.name}: {item.preprocessing}{hint}")


def say_written(options: argparse.Namespace, path: Path) -> None:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    say(options, f"{path}  {size_text(sum(file.stat().st_size for file in files))}")


def size_text(size: int) -> str:
    """A file size as people read it: "812 bytes", "742.1 KB", "9.8 MB"."""
    if size < 1024:
        return f"{size} bytes"
    return f"{size / 1024:.1f} KB" if size < 1024**2 else f"{size / 1024**2:.1f} MB"


def open_in_browser(path: Path) -> None:
    page = path / "index.html" if path.is_dir() else path
    if not webbrowser.open(page.resolve().as_uri()):
        print(f"no browser could be opened; open {page} yourself", file=sys.stderr)


@contextlib.contextmanager
def progress(options: argparse.Namespace) -> Iterator[Progress]:
    """A bar on stderr where that is a terminal, and nothing anywhere else."""
    if options.quiet or not sys.stderr.isatty():
        yield lambda _what, _share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=32), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading", total=None)

        def tell(what: str, share: float) -> None:
            # A stage that has only begun says nothing of how long it takes: the bar then just moves.
            bar.update(task, description=what, completed=share, total=1.0 if 0 < share < 1 else None)

        yield tell
