"""Files that are cut short, damaged or hostile, and browsers that lack something."""

from __future__ import annotations

import http.server
import threading
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from browser.pages import Exported, NewTab, Tab
from tensorview.exporting import export

HOSTILE = "</script><img src=x onerror='window.hurt=1'>"


def cut(page: Exported, path: Path, after: bytes, more: int) -> Path:
    """The page's file, cut off some bytes behind the last place of `after`."""
    content = page.path.read_bytes()
    path.write_bytes(content[: content.rindex(after) + more])
    return path


def test_a_truncated_file_says_so_and_shows_what_there_is(
    new_tab: NewTab, lenet_page: Exported, tmp_path: Path
) -> None:
    tab = new_tab()
    tab.visit(cut(lenet_page, tmp_path / "cut.html", b'data-blob="', 40))
    fault = tab.page.get_by_role("alert")
    expect(fault).to_have_text("This file is truncated: its end is missing. Download or export it again.")
    expect(tab.page.get_by_role("treeitem", name="conv_1")).to_be_visible()
    tab.page.evaluate("() => window.tensorview.ready")


def test_a_file_cut_before_the_app_ends_says_so_without_it(tab: Tab, lenet_page: Exported, tmp_path: Path) -> None:
    script = lenet_page.path.read_bytes().index(b"<script>")
    path = tmp_path / "cut.html"
    path.write_bytes(lenet_page.path.read_bytes()[: script + 5000])
    tab.visit(path)
    after = "getComputedStyle(document.getElementById('tensorview'), '::after')"
    tab.page.wait_for_function(f"() => {after}.opacity === '1'")
    assert "truncated" in tab.page.evaluate(f"() => {after}.content")


def test_a_damaged_part_is_named_once(new_tab: NewTab, lenet_page: Exported, tmp_path: Path) -> None:
    content = lenet_page.path.read_bytes()
    place = content.index(b">", content.index(b'data-blob="a3.0"')) + 1
    path = tmp_path / "damaged.html"
    path.write_bytes(content[:place] + b"AAAA" + content[place + 4 :])
    tab = new_tab().open(path)
    tab.page.evaluate("() => window.tensorview.select('conv_2')")
    fault = tab.page.get_by_role("alert")
    expect(fault).to_contain_text("This file is damaged: its part “a3.0”")
    assert fault.locator("p").count() == 1
    expect(tab.page.locator(".inspector h2")).to_have_text("conv_2")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = keras.Input((6, 6, 1), name="<b>in & out")
    x = keras.layers.Conv2D(2, 3, name="<img src=x onerror='window.hurt=1'>")(inputs)
    x = keras.layers.Flatten(name="]]>\u2028 ${x} `\"'")(x)
    outputs = keras.layers.Dense(3, activation="softmax", name="__proto__")(x)
    path = tmp_path_factory.mktemp("hostile") / "page.html"
    labels = [HOSTILE, "constructor", "=1+1"]
    values = np.ones((1, 6, 6, 1), np.float32)
    export(keras.Model(inputs, outputs), values, path, labels=labels, title=HOSTILE)
    return path


def test_hostile_names_stay_text(tab: Tab, hostile: Path) -> None:
    tab.open(hostile)
    page = tab.page
    expect(page.locator(".topbar h1")).to_have_text(HOSTILE)
    rows = page.locator(".tree .label").all_text_contents()
    assert rows == ["<b>in & out", "<img src=x onerror='window.hurt=1'>", "]]>\u2028 ${x} `\"'", "__proto__"]
    for row in page.locator(".tree [role=treeitem]").all():
        row.click()
        tab.settle()
    expect(page.locator(".inspector h2")).to_have_text("__proto__")
    page.reload()
    page.wait_for_function("() => window.tensorview")
    assert tab.state()["selected"] == "__proto__"
    x, y = tab.place("__proto__")
    page.mouse.move(x, y)
    assert page.locator("img").count() == 0
    assert page.evaluate("() => window.hurt") is None


@pytest.fixture(scope="module")
def architecture(tmp_path_factory: pytest.TempPathFactory, lenet_page: Exported) -> Path:
    path = tmp_path_factory.mktemp("architecture") / "page.html"
    export(lenet_page.example.model, None, path)
    return path


def test_the_architecture_alone_is_a_page_too(tab: Tab, architecture: Path) -> None:
    tab.open(architecture)
    expect(tab.page.locator(".sentence")).to_contain_text("architecture only")
    tab.page.mouse.click(*tab.place("conv_2"))
    expect(tab.page.locator(".inspector h2")).to_have_text("conv_2")
    expect(tab.page.locator(".inspector")).to_contain_text("Export with an input")
    expect(tab.page.locator(".inspector .tiles.kernels canvas")).to_have_count(16)
    assert tab.page.locator(".dock .sample").count() == 0


def test_without_webgl2_the_layers_are_cards(flat_browser: Browser, lenet_page: Exported) -> None:
    context = flat_browser.new_context()
    tab = Tab(context.new_page(), context)
    tab.visit(lenet_page.path)
    expect(tab.page.locator(".no-gl")).to_contain_text("This browser has no WebGL2")
    cards = tab.page.locator(".card")
    assert cards.count() == len(lenet_page.bundle.manifest.nodes)
    tab.page.locator('.card[data-id="conv_2"]').click()
    expect(tab.page.locator(".inspector h2")).to_have_text("conv_2")
    expect(tab.page.locator(".tiles.channels .tile").first).to_be_visible()
    tab.page.get_by_role("radio", name="Grad-CAM").click()
    expect(tab.page.get_by_label("heat map over input")).to_be_visible()
    assert tab.said == []
    context.close()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def test_a_folder_on_a_web_server_shows_the_same(new_tab: NewTab, lenet_page: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    export(lenet_page.example.model, lenet_page.example.inputs, folder, format="folder")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        tab = new_tab(quiet=False)
        base = f"http://127.0.0.1:{server.server_port}/"
        tab.page.goto(base + "index.html")
        tab.page.wait_for_function("() => window.tensorview")
        tab.page.evaluate("() => window.tensorview.ready")
        expect(tab.page.locator(".sentence")).to_contain_text("→ 0 ")
        tab.page.evaluate("() => window.tensorview.select('conv_2')")
        expect(tab.page.locator(".tiles.channels .tile").first).to_be_visible()
        assert tab.said == []
        assert all(url.startswith(base) for url in tab.asked if not url.startswith(("data:", "blob:")))
        tab.context.close()
        server.shutdown()
        thread.join()
