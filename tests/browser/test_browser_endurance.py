"""What must hold for long and everywhere: memory that returns, labels that never overlap, fingers."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from conftest import found_models

from browser.pages import PHONE, Export, Exported, NewTab, Tab

SHOWN = """() => [...document.querySelectorAll('.scene-label, .scene-port, .scene-bracket, .board-row')]
    .filter((item) => item.checkVisibility()).map((item) => {
        const box = item.getBoundingClientRect();
        return [item.textContent, box.left, box.top, box.right, box.bottom];
    })"""


def held(tab: Tab) -> dict[str, Any]:
    stats = tab.page.evaluate("() => window.tensorview.stats()")
    return {key: stats[key] for key in ("geometries", "textures")}


def heap(tab: Tab) -> float:
    session = tab.context.new_cdp_session(tab.page)
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return float(found)


def test_memory_returns_after_opening_all_and_hovering(tab: Tab, lenet_page: Exported) -> None:
    page = tab.open(lenet_page.path).page

    def round_trip() -> None:
        page.evaluate("async () => { await window.tensorview.openAll(); window.tensorview.closeAll(); }")
        page.evaluate("async () => { window.tensorview.select('conv_2'); window.tensorview.select(null); }")

    for _ in range(2):
        round_trip()
    # Outlines have their buffers from the first thing that was pointed at.
    page.mouse.move(*tab.place("conv_2", channel=3, y=2, x=2))
    tab.settle()
    page.mouse.move(5, 5)
    tab.settle()
    before, bytes_before = held(tab), heap(tab)
    for _ in range(20):
        round_trip()
    for i in range(300):
        page.mouse.move(330 + (i * 37) % 900, 120 + (i * 53) % 480)
    page.mouse.move(5, 5)
    tab.settle()
    after = held(tab)
    assert after["textures"] <= before["textures"]
    assert after["geometries"] <= before["geometries"]
    assert heap(tab) < bytes_before + 1.5e6


def overlapping(tab: Tab) -> list[str]:
    found = []
    for (a, al, at, ar, ab), (b, bl, bt, br, bb) in combinations(tab.page.evaluate(SHOWN), 2):
        if min(ar, br) - max(al, bl) > 1 and min(ab, bb) - max(at, bt) > 1:
            found.append(f"{a} / {b}")
    return found


@pytest.mark.parametrize("name", found_models())
def test_no_label_stands_over_another(name: str, new_tab: NewTab, exported: Export) -> None:
    path = exported(name).path
    for viewport in ({"width": 1440, "height": 900}, PHONE):
        tab = new_tab(viewport=viewport).open(path)
        assert overlapping(tab) == [], viewport
        tab.page.keyboard.press("ArrowRight")
        tab.page.keyboard.press("ArrowRight")
        tab.settle()
        assert overlapping(tab) == [], f"{viewport}, with a layer open"


def test_two_fingers_zoom_and_move(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True).open(lenet_page.path)
    session = tab.context.new_cdp_session(tab.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    def apart() -> float:
        (ax, ay), (bx, by) = tab.place("conv_1"), tab.place("pool_1")
        return float(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5)

    before = apart()
    touch("touchStart", (150, 250), (240, 250))
    for i in range(1, 7):
        touch("touchMove", (150 - 8 * i, 250), (240 + 8 * i, 250))
    touch("touchEnd")
    tab.settle()
    wide = apart()
    assert 1.5 < wide / before < 2.8, "twice as far apart"
    x, y = tab.place("conv_1")
    touch("touchStart", (150, 250), (240, 250))
    for i in range(1, 6):
        touch("touchMove", (150, 250 + 8 * i), (240, 250 + 8 * i))
    touch("touchEnd")
    tab.settle()
    moved = tab.place("conv_1")
    assert 20 < moved[1] - y < 60
    assert abs(moved[0] - x) < 12
    assert tab.state()["selected"] is None, "no tap"
