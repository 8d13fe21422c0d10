"""What a page lives through: a GL context that is lost, panels that are hidden and brought back."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect

from browser.pages import Exported, NewTab

LOSE = "() => { const gl = document.querySelector('canvas').getContext('webgl2'); window.lost = gl.getExtension('WEBGL_lose_context'); window.lost.loseContext(); }"  # noqa: E501


def test_a_lost_context_comes_back_with_all_that_was_open(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(quiet=False).open(lenet_page.path, "#node=conv_2&open=1")
    before = tab.pixels()
    tab.page.evaluate(LOSE)
    tab.page.wait_for_function("() => document.querySelector('canvas').getContext('webgl2').isContextLost()")
    # What is done meanwhile counts when it is back.
    tab.page.evaluate("() => window.tensorview.select('conv_1')")
    tab.page.evaluate("() => window.lost.restoreContext()")
    tab.page.wait_for_function("() => !document.querySelector('canvas').getContext('webgl2').isContextLost()")
    tab.page.evaluate("() => window.tensorview.select('conv_2')")
    tab.settle()
    assert np.abs(tab.pixels().astype(int) - before).mean() < 0.5
    assert [line for line in tab.said if line.startswith(("error", "pageerror"))] == []


def test_every_panel_can_be_hidden_and_gives_its_room_to_the_scene(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 720}).open(lenet_page.path, "#node=conv_2&open=1")
    page = tab.page
    for name, panel in (("the layer list", ".layers"), ("the details", ".side"), ("samples and colours", ".dock")):
        before = page.locator(".scene").bounding_box()
        page.get_by_role("button", name=f"Hide {name}").click()
        expect(page.locator(panel)).to_be_hidden()
        tab.settle()
        after = page.locator(".scene").bounding_box()
        assert before is not None
        assert after is not None
        assert after["width"] * after["height"] > before["width"] * before["height"] + 20000
    for name, panel in (("the layer list", ".layers"), ("the details", ".side"), ("samples and colours", ".dock")):
        page.get_by_role("button", name=f"Show {name}").click()
        expect(page.locator(panel)).to_be_visible()
