"""What the browser tests share: one browser, tabs that are watched, and pages made from the test models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import load_example
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from browser.pages import DESKTOP, FILMED, PATIENCE_MS, QUIET, SOFTWARE_GL, Export, Exported, NewTab, Tab, chromium
from tensorview.exporting import export
from tensorview.inputs import read_inputs
from tensorview.tracing import trace


@pytest.fixture(scope="session")
def play() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as opened:
        yield opened


@pytest.fixture(scope="session")
def browser(play: Playwright) -> Iterator[Browser]:
    opened = play.chromium.launch(executable_path=chromium(), args=[*QUIET, *SOFTWARE_GL, *FILMED])
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def flat_browser(play: Playwright) -> Iterator[Browser]:
    """A browser that has no WebGL at all."""
    opened = play.chromium.launch(executable_path=chromium(), args=[*QUIET, "--disable-3d-apis"])
    yield opened
    opened.close()


@pytest.fixture
def new_tab(browser: Browser) -> Iterator[NewTab]:
    """Makes tabs. At the end of a test, quiet ones must have said nothing, and asked for nothing but their own file or
    the server that they came from."""
    tabs: list[tuple[Tab, bool]] = []

    def make(quiet: bool = True, viewport: dict[str, int] = DESKTOP, **options: Any) -> Tab:
        context = browser.new_context(viewport=viewport, reduced_motion="reduce", **options)
        tab = Tab(context.new_page(), context)
        tabs.append((tab, quiet))
        return tab

    yield make
    for tab, _ in tabs:
        tab.context.close()
    for tab, quiet in tabs:
        if quiet:
            assert tab.said == []
            own = ("data:", "blob:", *([tab.site] if tab.site else []))
            asked = {url.split("#")[0] for url in tab.asked if not url.startswith(own)}
            assert asked <= {url.split("#")[0] for url in tab.files}


@pytest.fixture
def tab(new_tab: NewTab) -> Tab:
    return new_tab()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Exports a test model with its inputs, once for all tests."""
    made: dict[str, Exported] = {}
    folder = tmp_path_factory.mktemp("pages")

    def make(name: str) -> Exported:
        if name not in made:
            example = load_example(name)
            batch = read_inputs(example.model, [example.input_path])
            labels = "imagenet" if name == "efficientnet_lite0" else None
            path = folder / f"{name}.html"
            made[name] = Exported(path, export(example.model, batch, path, labels=labels), example)
        return made[name]

    return make


@pytest.fixture(scope="session")
def lenet_page(exported: Export) -> Exported:
    return exported("lenet_mnist")


@pytest.fixture
def lenet_tab(tab: Tab, lenet_page: Exported) -> Tab:
    return tab.open(lenet_page.path)


@pytest.fixture(scope="session")
def lenet_values(lenet_page: Exported) -> dict[str, np.ndarray]:
    """The model's own activations, by node id."""
    found = trace(lenet_page.example.model, lenet_page.example.inputs)
    return {node.id: np.asarray(found.activation(node.id)) for node in found.nodes}
