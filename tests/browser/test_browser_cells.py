"""Level of detail: values as numbers in large cells; and kernels on the faces of layers that have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from browser.pages import Exported, NewTab, Tab


def numbers(tab: Tab) -> list[dict[str, Any]]:
    return list(tab.page.evaluate("() => window.tensorview.numbers()"))


def read(text: str) -> float:
    return float(text.replace("−", "-"))


def test_large_cells_tell_their_values(lenet_tab: Tab, lenet_values: dict[str, np.ndarray]) -> None:
    page = lenet_tab.page
    assert not [item for item in numbers(lenet_tab) if item["node"] == "conv_2"], "cells of 10 pixels have none"
    page.evaluate("() => window.tensorview.select('dense_2')")
    lenet_tab.settle()
    found = [item for item in numbers(lenet_tab) if item["node"] == "dense_2"]
    values = lenet_values["dense_2"][0]
    assert sorted(item["index"][0] for item in found) == list(range(len(values)))
    for item in found:
        assert read(item["text"]) == pytest.approx(values[item["index"][0]], abs=0.0051)
        x, y = lenet_tab.place("dense_2", channel=item["index"][0])
        assert abs(item["x"] - x) + abs(item["y"] - y) < 1
    page.evaluate("() => window.tensorview.select('conv_2')")
    lenet_tab.settle()
    assert not [item for item in numbers(lenet_tab) if item["node"] == "conv_2"]
    x, y = lenet_tab.place("conv_2", channel=5, y=5, x=5)
    page.mouse.move(x, y)
    for _ in range(5):
        page.mouse.wheel(0, -240)
    lenet_tab.settle()
    found = [item for item in numbers(lenet_tab) if item["node"] == "conv_2"]
    assert len(found) > 20
    values = lenet_values["conv_2"][0]
    for item in found:
        channel, row, column = item["index"]
        step = float(np.ptp(values[..., channel])) / 252
        assert read(item["text"]) == pytest.approx(values[row, column, channel], abs=step / 2 + 0.0051)
    page.keyboard.press("Escape")
    lenet_tab.settle()
    assert not [item for item in numbers(lenet_tab) if item["node"] == "conv_2"]


def test_numbers_can_be_read_on_any_colour(new_tab: NewTab, lenet_page: Exported) -> None:
    for theme in ("dark", "light"):
        tab = new_tab(color_scheme=theme).open(lenet_page.path, "#node=dense_1&open=1")
        found = [item for item in numbers(tab) if item["node"] == "dense_1"]
        assert found
        window = tab.pixels().astype(float)
        for item in found[::7]:
            x, y = round(item["x"]), round(item["y"])
            cell = window[y - 6 : y + 7, x - 9 : x + 10].mean(-1)
            assert np.ptp(cell) > 90, (theme, item)


def test_kernels_stand_on_the_faces_of_layers_that_have_them(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(color_scheme="dark").open(lenet_page.path)
    page = tab.page
    before = tab.pixels().astype(int)
    page.get_by_role("radio", name="Kernels").click()
    tab.settle()
    assert "show=kernels" in page.url
    expect(page.locator(".legend")).to_have_attribute("data-scale", "diverging")
    weights = lenet_page.example.model.get_layer("conv_1").kernel.numpy()
    most = np.abs(weights).max()
    x, y = tab.place("conv_1")
    page.mouse.move(x, y)
    expect(page.locator(".legend .number").nth(0)).to_have_text(f"{-most:.2f}")
    page.mouse.move(300, 640)
    tab.settle()
    window = tab.pixels().astype(int)
    left, top = tab.place("conv_1", channel=0, y=0, x=0)
    assert np.abs(window - before)[round(top) - 5 : round(top) + 40, round(left) : round(left) + 60].mean() > 15
    px, py = (round(side) for side in tab.place("pool_1"))
    assert np.ptp(window[py - 20 : py + 20, px - 40 : px + 40].reshape(-1, 3), axis=0).max() < 12, "no kernels, no face"
    other = new_tab().open(lenet_page.path, "#show=kernels&node=conv_2&open=1")
    assert other.state()["mode"] == "kernels"
    page.keyboard.press("Escape")
    assert tab.state()["mode"] == "activations"
