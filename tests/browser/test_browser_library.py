"""The start page against a real server: what is put in, found, changed, deleted, put back and taken out again."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Example
from playwright.sync_api import Locator, Page, expect
from serving import BYTES, Server, Start

from browser.pages import PHONE, NewTab, Tab
from browser.test_browser_accessibility import serious
from tensorview.formats import open_bundle

HOSTILE = "<img src=x onerror='window.hurt=1'>\"'`${1}"


@pytest.fixture
def server(start_server: Start, tmp_path: Path) -> Server:
    return start_server("--library", tmp_path / "library")


def upload(server: Server, path: Path, name: str) -> str:
    answer = server.ask(f"/api/v1/items?name={quote(name)}", "POST", path.read_bytes(), BYTES)
    assert answer.status == 201
    return str(answer.json["id"])


def cards(page: Page) -> Locator:
    return page.locator(".card h2")


def do(page: Page, name: str, what: str) -> None:
    """Choose from the menu of a card."""
    page.get_by_role("button", name=f"What to do with {name}").click()
    page.get_by_role("menuitem", name=what, exact=True).click()


def test_a_model_that_is_dropped_is_opened_and_shown(server: Server, tab: Tab, lenet: Example) -> None:
    page = tab.enter(server).page
    assert "token" not in page.url
    expect(page.get_by_role("heading", name="Drop a model here")).to_be_visible()
    tab.give("drop", ("LeNet.keras", lenet.path.read_bytes()))
    card = page.locator(".card")
    expect(card.locator(".facts")).to_have_text("61.7 k parameters · 9 layers · 28×28×1")
    expect(page.locator(".uploads li")).to_have_count(0)
    expect(page.locator(".drop")).to_be_hidden()
    page.get_by_role("link", name="LeNet").click()
    expect(page.get_by_role("treeitem", name="conv_1")).to_be_visible()
    page.get_by_role("link", name="Back to the library").click()
    expect(cards(page)).to_have_text(["LeNet"])


def test_what_is_no_model_is_told_beside_those_that_are(new_tab: NewTab, server: Server, tview: Path) -> None:
    tab = new_tab(quiet=False)
    page = tab.enter(server).page
    expect(page.locator(".empty")).to_be_visible()
    tab.give("drop", ("holiday.png", b"\x89PNG"), ("digits.tview", tview.read_bytes()))
    expect(page.locator(".uploads .failed")).to_contain_text("holiday.png")
    expect(page.locator(".uploads .failed")).to_contain_text("neither a model")
    expect(cards(page)).to_have_text(["digits"])
    page.get_by_role("button", name="Hide holiday.png").click()
    expect(page.locator(".uploads li")).to_have_count(0)


def test_find_rename_tag_delete_and_put_back(server: Server, tab: Tab, tview: Path) -> None:
    for name in ("beta", "Alpha"):
        upload(server, tview, name)
    page = tab.enter(server).page
    expect(cards(page)).to_have_text(["Alpha", "beta"])
    expect(page.locator(".card .said").first).to_have_text("0 100%")

    do(page, "Alpha", "Rename")
    page.get_by_role("textbox", name="Rename").fill("gamma ray")
    page.get_by_role("button", name="Save").click()
    expect(cards(page)).to_have_text(["gamma ray", "beta"])
    page.get_by_role("combobox", name="Order").select_option("By name")
    expect(cards(page)).to_have_text(["beta", "gamma ray"])

    do(page, "beta", "Tags")
    page.get_by_role("textbox", name="Tags").fill("digits, first try")
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Tags").get_by_role("button", name="first try").click()
    expect(cards(page)).to_have_text(["beta"])
    page.reload()
    expect(cards(page)).to_have_text(["beta"])
    page.get_by_role("group", name="Tags").get_by_role("button", name="first try").click()
    expect(cards(page)).to_have_count(2)

    page.keyboard.press("/")
    page.keyboard.type("RAY")
    expect(cards(page)).to_have_text(["gamma ray"])
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    page.get_by_role("button", name="Show everything").click()
    expect(cards(page)).to_have_count(2)

    do(page, "beta", "Delete")
    expect(cards(page)).to_have_text(["gamma ray"])
    page.get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_text(["beta", "gamma ray"])
    expect(page.locator(".card .tags").first).to_contain_text("first try")
    do(page, "beta", "Delete")
    expect(cards(page)).to_have_text(["gamma ray"])
    page.get_by_role("button", name="Trash").click()
    expect(cards(page)).to_have_text(["beta"])
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    page.get_by_role("button", name="Back to the library").click()
    expect(cards(page)).to_have_text(["beta", "gamma ray"])


def test_downloads_are_what_was_uploaded(server: Server, tab: Tab, tview: Path, tmp_path: Path) -> None:
    upload(server, tview, "my digits")
    page = tab.enter(server).page
    for what, ending in (("Download as one HTML file", "html"), ("Download as .tview", "tview")):
        with page.expect_download() as waiting:
            do(page, "my digits", what)
        assert waiting.value.suggested_filename == f"my digits.{ending}"
        waiting.value.save_as(tmp_path / f"got.{ending}")
        assert open_bundle(tmp_path / f"got.{ending}").manifest == open_bundle(tview).manifest


def test_hostile_names_stay_text_in_every_view(server: Server, tab: Tab, tview: Path) -> None:
    item = upload(server, tview, HOSTILE)
    body = {"name": HOSTILE, "tags": [HOSTILE]}
    assert server.send(f"/api/v1/items/{item}", "PATCH", body).status == 200
    page = tab.enter(server).page
    expect(cards(page)).to_have_text([HOSTILE])
    expect(page.locator(".card .tag")).to_have_text([HOSTILE[:40].strip()])
    do(page, HOSTILE, "Rename")
    expect(page.get_by_role("textbox", name="Rename")).to_have_value(HOSTILE)
    page.keyboard.press("Escape")
    do(page, HOSTILE, "Delete")
    expect(page.locator(".toast")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_text([HOSTILE])
    assert page.evaluate("() => [document.querySelectorAll('img[src=x]').length, window.hurt]") == [0, None]
    with page.expect_download() as waiting:
        do(page, HOSTILE, "Download as .tview")
    assert "/" not in waiting.value.suggested_filename
    tab.live(server, item)
    assert page.evaluate("() => [document.querySelectorAll('img[src=x]').length, window.hurt]") == [0, None]


def test_two_tabs_see_the_same_library(server: Server, new_tab: NewTab, tview: Path) -> None:
    first, second = new_tab().enter(server).page, new_tab().enter(server).page
    item = upload(server, tview, "shared")
    for page in (first, second):
        page.reload()
        expect(cards(page)).to_have_text(["shared"])
    do(first, "shared", "Delete")
    expect(cards(first)).to_have_count(0)
    second.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(cards(second)).to_have_count(0)
    assert server.ask(f"/api/v1/items/{item}").json["deleted"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_start_page(
    theme: str, server: Server, new_tab: NewTab, tview: Path, lenet: Example
) -> None:
    tab = new_tab(color_scheme=theme)
    page = tab.enter(server).page
    expect(page.locator(".empty")).to_be_visible()
    assert serious(page) == []
    item = upload(server, tview, "digits")
    server.send(f"/api/v1/items/{item}", "PATCH", {"tags": ["a", "b"]})
    upload(server, lenet.path, "LeNet")
    page.reload()
    expect(cards(page)).to_have_count(2)
    page.get_by_role("button", name="What to do with digits").click()
    assert serious(page) == []


def test_a_phone_has_all_of_it_without_scrolling_sideways(server: Server, new_tab: NewTab, tview: Path) -> None:
    item = upload(server, tview, "x" * 120)
    server.send(f"/api/v1/items/{item}", "PATCH", {"tags": [f"tag number {i}" for i in range(12)]})
    page = new_tab(viewport=PHONE, has_touch=True, is_mobile=True).enter(server).page
    expect(cards(page)).to_have_count(1)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input[type=search]')]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 30)
            .map((one) => one.textContent)"""
    )
    assert small == []
