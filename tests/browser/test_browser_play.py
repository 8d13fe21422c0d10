"""The forward pass as a wave through the layers: played, paused, scrubbed, in steps where motion is to be avoided."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from browser.pages import PHONE, Exported, NewTab, Tab

PLAY = "Play the forward pass (space)"
PAUSE = "Pause the forward pass (space)"


@pytest.fixture
def moving_tab(new_tab: NewTab, lenet_page: Exported) -> Tab:
    tab = new_tab()
    tab.page.emulate_media(reduced_motion="no-preference")
    return tab.open(lenet_page.path)


def scrub(tab: Tab, to: float) -> None:
    tab.page.locator(".dock .transport input").evaluate(
        "(slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')) }", to
    )
    tab.settle()


def light(tab: Tab, id: str, part: slice = slice(None)) -> float:
    """How much is to be seen on a layer's face, or on a part of it from left to right: the spread of its pixels."""
    corners = [tab.place(id, channel=channel, y=5, x=5) for channel in range(6 if id == "conv_1" else 16)]
    (left, right), (top, bottom) = [(min(side), max(side)) for side in zip(*corners, strict=True)]
    face = tab.pixels()[round(top) : round(bottom), round(left) : round(right)].astype(float)
    third = face.shape[1] // 3
    parts = [face[:, :third], face[:, -third:]]
    return float(np.mean([one.std() for one in parts[part]]))


def test_space_plays_pauses_and_goes_on(moving_tab: Tab) -> None:
    page = moving_tab.page
    expect(page.locator(".hint")).to_contain_text("space plays the forward pass")
    page.keyboard.press("Space")
    page.wait_for_function("() => window.tensorview.state().wave > 0.6")
    page.keyboard.press("Space")
    wave = moving_tab.state()["wave"]
    moving_tab.settle()
    assert moving_tab.state()["wave"] == wave
    expect(page.get_by_role("slider", name="Place in the forward pass")).to_have_attribute("aria-valuetext", "digit")
    page.get_by_role("button", name="Go on with the forward pass (space)").click()
    page.wait_for_function(f"() => window.tensorview.state().wave > {wave + 0.3}")
    page.get_by_role("button", name=PAUSE).click()
    # From the focused button too.
    page.keyboard.press("Space")
    page.wait_for_function("() => window.tensorview.state().playing")
    page.evaluate("() => window.tensorview.select('conv_1')")
    assert (moving_tab.state()["wave"], moving_tab.state()["playing"]) == (None, False)


def test_the_wave_reveals_layers_in_the_order_of_the_pass(moving_tab: Tab) -> None:
    page = moving_tab.page
    scrub(moving_tab, 2.99)
    assert page.locator(".scene-label.ahead .text").all_inner_texts()[:2] == ["conv_2", "pool_2"]
    expect(page.locator(".scene-board")).to_be_hidden()
    seen = {id: light(moving_tab, id) for id in ("conv_1", "conv_2")}
    scrub(moving_tab, 3.7)
    left, right = light(moving_tab, "conv_2", slice(1)), light(moving_tab, "conv_2", slice(1, 2))
    page.get_by_role("slider", name="Place in the forward pass").press("End")
    assert moving_tab.state()["wave"] is None
    moving_tab.settle()
    whole = {id: light(moving_tab, id) for id in ("conv_1", "conv_2")}
    assert seen["conv_1"] == pytest.approx(whole["conv_1"], rel=0.01)
    assert seen["conv_2"] < 0.2 * whole["conv_2"]
    assert right < 0.2 * whole["conv_2"] < 0.8 * whole["conv_2"] < left


def test_less_motion_goes_in_steps(tab: Tab, lenet_page: Exported) -> None:
    page = tab.open(lenet_page.path).page
    page.get_by_role("button", name=PLAY).click()
    seen = set()
    for step in (1, 2, 3):
        page.wait_for_function(f"() => window.tensorview.state().wave === {step}")
        seen.add(tab.state()["wave"])
    frames = page.evaluate("() => window.tensorview.stats().frames")
    page.wait_for_function("() => window.tensorview.state().wave === 5")
    assert page.evaluate("() => window.tensorview.stats().frames") - frames <= 4
    assert seen == {1, 2, 3}


def test_a_phone_has_it_beside_the_samples(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True).open(lenet_page.path)
    tab.page.get_by_role("button", name=PLAY).tap()
    tab.page.wait_for_function("() => window.tensorview.state().wave === 1")
    box = tab.page.get_by_role("button", name=PAUSE).bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40


def test_without_a_scene_there_is_nothing_to_play(flat_browser, lenet_page: Exported) -> None:  # type: ignore[no-untyped-def]
    page = flat_browser.new_page()
    page.goto(lenet_page.path.as_uri())
    page.wait_for_function("() => window.tensorview")
    expect(page.locator(".dock .transport")).to_be_hidden()
    page.keyboard.press("Space")
    assert page.evaluate("() => window.tensorview.state().wave") is None
    page.close()
