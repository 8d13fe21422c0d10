"""axe-core finds no serious fault in any panel, on light and dark pages, large and small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.pages import DESKTOP, PHONE, Exported, NewTab, Tab

AXE = Path(__file__).parents[2] / "web_static" / "node_modules" / "axe-core" / "axe.min.js"


def faults(tab: Tab) -> list[str]:
    tab.settle()
    return serious(tab.page)


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, a line each with the first element that has it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    done: dict[str, list[dict[str, Any]]] = page.evaluate("async () => await axe.run(document)")
    assert len(done["passes"]) > 15, "axe-core looked at the page"
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for one in done["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:2]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_panel(theme: str, new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(color_scheme=theme, viewport=DESKTOP)
    page = tab.open(lenet_page.path).page
    assert faults(tab) == []
    page.get_by_role("button", name="Export").click()
    assert faults(tab) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(tab) == []
    page.keyboard.press("Escape")
    tab.page.evaluate("() => window.tensorview.select('conv_2')")
    expect(page.locator(".tiles.channels .tile").first).to_be_visible()
    assert faults(tab) == []
    page.get_by_role("button", name="Show channels as a table").click()
    assert faults(tab) == []
    tab.page.evaluate("() => window.tensorview.select('digits')")
    expect(page.locator(".units .unit").first).to_be_visible()
    assert faults(tab) == []
    page.keyboard.press("Escape")
    page.locator(".dock .sample").nth(2).click()
    page.get_by_role("radio", name="Grad-CAM").click()
    for step in ("Weights", "Sum"):
        page.get_by_role("button", name=step).click()
        assert faults(tab) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_phone(theme: str, new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(color_scheme=theme, viewport=PHONE, has_touch=True)
    page = tab.open(lenet_page.path, "#node=conv_1&open=1").page
    for name in ("Result", "Layers", "Layer", "Heat map"):
        page.get_by_role("tab", name=name, exact=True).click()
        assert faults(tab) == []


def test_all_panels_are_reached_by_tab_and_show_where_one_is(tab: Tab, lenet_page: Exported) -> None:
    tab.open(lenet_page.path, "#node=conv_1&open=1")
    seen: set[str] = set()
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        place = tab.page.evaluate(
            """() => {
                const at = document.activeElement;
                const style = getComputedStyle(at);
                const panels = {topbar: ".topbar", layers: ".layers", side: ".side", dock: ".dock"};
                const name = Object.keys(panels).find((key) => at.closest(panels[key]));
                const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
                return {name, outline, what: at.outerHTML.slice(0, 80)};
            }"""
        )
        if place["name"]:
            assert place["outline"], place["what"]
            seen.add(place["name"])
        if len(seen) == 4:
            break
    assert seen == {"topbar", "layers", "side", "dock"}
