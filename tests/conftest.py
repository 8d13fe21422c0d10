"""What all tests share: models with their inputs, and a quiet TensorFlow that is imported once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import Start, servers

from tensorview.backend import require_keras

require_keras()

import keras  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data"
LARGER = ("crepe_tiny", "efficientnet_lite0", "mtcnn_onet")
"""Models that are too large for the repository; tests use them where they are found."""


def _folders() -> list[Path]:
    named = os.environ.get("TENSORVIEW_MODELS")
    return [DATA / "models", *([Path(named)] if named else []), ROOT.parent / "shared" / "models"]


@cache
def model_path(name: str) -> Path | None:
    """Where a model of this name lies, or None."""
    return next((path for folder in _folders() if (path := folder / f"{name}.keras").is_file()), None)


def found_models() -> list[str]:
    """All test models that are there: those of the repository always are."""
    small = sorted(path.stem for path in (DATA / "models").glob("*.keras"))
    return [*small, *(name for name in LARGER if model_path(name))]


def pytest_report_header() -> list[str]:
    absent = [name for name in LARGER if not model_path(name)]
    if not absent:
        return [f"models: all {len(found_models())} found"]
    return [f"models not found, their checks left out: {', '.join(absent)} (set TENSORVIEW_MODELS to their folder)"]


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what runs in its background deaf to Ctrl-C; tests that press it need it heard.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "needs(model): runs where this larger model is found, and is left out elsewhere")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A model's random weights are the same whichever tests ran before in this process."""
    keras.utils.set_random_seed(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def left_out(item: pytest.Item) -> bool:
        return any(model_path(name) is None for mark in item.iter_markers("needs") for name in mark.args)

    absent = [item for item in items if left_out(item)]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


@dataclass(frozen=True)
class Example:
    """A model of the test data and its real input, as the model takes it."""

    name: str
    path: Path
    input_path: Path
    model: Any
    inputs: Any


@cache
def load_example(name: str) -> Example:
    """The model with this name, loaded once for all tests: no test may change it."""
    from tensorview.inputs import read_inputs
    from tensorview.loading import load_model

    path = model_path(name)
    assert path is not None, f"the test model {name} is not there"
    input_path = next(path.parent.glob(f"{name}_input.np[yz]"))
    model = load_model(path)
    return Example(name, path, input_path, model, read_inputs(model, [input_path]).arrays)


@pytest.fixture(params=found_models())
def example(request: pytest.FixtureRequest) -> Example:
    """Each test model in turn."""
    return load_example(request.param)


@pytest.fixture(scope="session")
def lenet() -> Example:
    return load_example("lenet_mnist")


@pytest.fixture(scope="session")
def efficientnet() -> Example:
    return load_example("efficientnet_lite0")


@pytest.fixture(scope="session")
def coffee() -> Path:
    """The photo of a cup, 600x400."""
    return DATA / "images" / "coffee.png"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts `tensorview serve` with these arguments; all end with the file, and the models that they hold."""
    with servers(tmp_path_factory.mktemp("home")) as start:
        yield start


@pytest.fixture(scope="session")
def tview(tmp_path_factory: pytest.TempPathFactory, lenet: Example) -> Path:
    """LeNet's run on two digits."""
    from tensorview.exporting import export

    path = tmp_path_factory.mktemp("reports") / "lenet.tview"
    export(lenet.model, lenet.inputs[:2], path, format="tview", methods=("grad_cam",))
    return path
