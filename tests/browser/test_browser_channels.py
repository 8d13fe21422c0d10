"""The table of channels, what the page exports, and the camera in the address."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from browser.pages import Exported, NewTab, Tab
from tensorview.tracing import trace

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="session")
def maps(lenet_page: Exported) -> np.ndarray:
    found = trace(lenet_page.example.model, lenet_page.example.inputs[2:3])
    return np.asarray(found.activation("conv_2")[0])


def saved(tab: Tab, item: str) -> Path:
    tab.page.get_by_role("button", name="Export").click()
    with tab.page.expect_download() as info:
        tab.page.get_by_role("menuitem", name=item).click()
    return Path(info.value.path())


def test_the_table_of_channels_sorts_marks_the_dead_and_shows_a_channel(
    tab: Tab, lenet_page: Exported, maps: np.ndarray
) -> None:
    page = tab.open(lenet_page.path, "#node=conv_2&open=1&sample=2").page
    page.get_by_role("button", name="Show channels as a table").click()
    rows = page.locator(".channeltable tbody tr")
    expect(rows).to_have_count(16)
    page.get_by_role("button", name="Sort by mean activation").click()
    order = np.argsort(-maps.mean((0, 1)), kind="stable")
    assert rows.locator("th button").all_inner_texts() == [f"#{channel}" for channel in order]
    expect(page.locator(".channeltable thead th[aria-sort=descending]")).to_have_text("mean")
    first = rows.first.locator("td.number").all_inner_texts()
    assert float(first[0]) == pytest.approx(maps[..., order[0]].mean(), abs=0.01)
    assert float(first[1]) == pytest.approx(maps[..., order[0]].max(), abs=0.01)
    page.get_by_role("button", name="Sort by mean activation").click()
    assert rows.first.locator("th button").inner_text() == f"#{order[-1]}"
    dead = {f"#{channel}" for channel in range(16) if (maps[..., channel] == 0).all()}
    assert set(page.locator(".channeltable tr.dead th button").all_inner_texts()) == dead
    page.get_by_role("button", name="Sort by grad-cam").click()
    weights = next(
        item for item in lenet_page.bundle.manifest.attributions if item.sample == 2 and item.method == "grad_cam"
    ).weights[0]
    added = lenet_page.bundle.tensor(weights.tensor) * maps.mean((0, 1))
    assert rows.first.locator("th button").inner_text() == f"#{added.argmax()}"
    # By keys: down one row, and open it.
    rows.first.locator("button").focus()
    page.keyboard.press("ArrowDown")
    second = int(rows.nth(1).locator("th button").inner_text()[1:])
    page.keyboard.press("Enter")
    assert tab.state()["channel"] == second
    assert tab.state()["selected"] == "conv_2"


def test_the_camera_is_in_the_address(tab: Tab, new_tab: NewTab, lenet_page: Exported) -> None:
    page = tab.open(lenet_page.path).page
    page.mouse.move(640, 650)
    page.mouse.down()
    page.mouse.move(700, 620, steps=4)
    page.mouse.up()
    page.mouse.wheel(0, -300)
    page.wait_for_function("() => window.tensorview.state().eye?.zoom > 1 && location.hash.includes('camera=')")
    place, link = tab.place("digit"), page.url
    page.keyboard.press("Home")
    page.wait_for_function("() => !location.hash.includes('camera=')")
    tab.settle()
    assert np.hypot(*np.subtract(tab.place("digit"), place)) > 10
    other = new_tab().open(lenet_page.path, "#" + link.split("#")[1])
    assert other.place("digit") == pytest.approx(place, abs=3)


def test_the_graph_is_saved_as_svg_and_the_channels_as_csv(tab: Tab, lenet_page: Exported, maps: np.ndarray) -> None:
    tab.open(lenet_page.path, "#node=conv_2&open=1&sample=2")
    root = ET.fromstring(saved(tab, "Graph of layers (SVG)").read_text())
    assert root.tag == f"{SVG}svg"
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"conv_1", "pool_2", "digits", "10×10×16"} <= texts
    assert len(list(root.iter(f"{SVG}polyline"))) >= 9
    rows = list(csv.DictReader(saved(tab, "Channels of the layer (CSV)").read_text().splitlines()))
    assert [int(row["channel"]) for row in rows] == list(range(16))
    steps = np.ptp(maps, (0, 1)) / 252
    np.testing.assert_array_less(np.abs([float(row["mean"]) for row in rows] - maps.mean((0, 1))), steps + 1e-6)
