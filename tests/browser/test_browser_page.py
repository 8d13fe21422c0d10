"""Exported pages as a person uses them, in a real browser."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from conftest import found_models
from PIL import Image
from playwright.sync_api import expect

import tensorview as tv
from browser.pages import PHONE, Export, Exported, NewTab, Tab


@pytest.mark.parametrize("name", found_models())
def test_opens_from_disk_in_silence_and_draws_nothing_when_idle(name: str, tab: Tab, exported: Export) -> None:
    page = exported(name)
    tab.open(page.path)
    stats = tab.page.evaluate("() => window.tensorview.stats()")
    assert stats["visible"] > 1
    assert stats["draws"] <= 26
    expect(tab.page.locator(".topbar h1")).to_have_text(page.bundle.manifest.title)
    assert tab.page.locator(".tree [role=treeitem]").count() > 1
    drawn = tab.page.evaluate(
        """() => new Promise((resolve) => {
            const frames = () => window.tensorview.stats().frames;
            const before = frames();
            let calls = 0;
            const next = () => (++calls < 30 ? requestAnimationFrame(next) : resolve(frames() - before));
            next();
        })"""
    )
    assert drawn == 0


def test_says_what_it_shows(lenet_tab: Tab, lenet_page: Exported, lenet_values: dict[str, np.ndarray]) -> None:
    for sample in (0, 3):
        lenet_tab.page.locator(".dock .sample").nth(sample).click()
        lenet_tab.settle()
        digit = int(lenet_values["digits"][sample].argmax())
        name = lenet_page.bundle.manifest.samples[sample].name
        expect(lenet_tab.page.locator(".sentence")).to_have_text(
            re.compile(rf"^61\.7 k parameters · 9 layers · input {re.escape(name)} → {digit} [\d.]+ %$")
        )
        assert lenet_tab.page.locator(".scene-board .best .board-class").inner_text() == str(digit)


def test_hover_tells_name_shape_and_the_models_own_value(lenet_tab: Tab, lenet_values: dict[str, np.ndarray]) -> None:
    x, y = lenet_tab.place("conv_1", channel=2, y=14, x=12)
    lenet_tab.page.mouse.move(x, y)
    tooltip = lenet_tab.page.locator(".tooltip")
    expect(tooltip.locator(".name")).to_have_text("conv_1")
    expect(tooltip).to_contain_text("28×28×6")
    expect(tooltip).to_contain_text("channel 2 · y 14 · x 12")
    values = lenet_values["conv_1"][0]
    step = np.ptp(values[..., 2]) / 252
    assert float(tooltip.locator(".value").inner_text()) == pytest.approx(values[14, 12, 2], abs=float(step) / 2 + 5e-4)
    lenet_tab.page.mouse.move(300, 700)
    expect(tooltip).to_be_hidden()
    lenet_tab.page.evaluate("() => window.tensorview.select('conv_2')")
    lenet_tab.settle()
    lenet_tab.page.mouse.move(*lenet_tab.place("conv_2", channel=3, y=6, x=3))
    expect(tooltip.locator(".line").first).to_have_text("channel 3 · y 6 · x 3")
    expect(tooltip).to_contain_text("5×5×6 patch of pool_1")


def test_click_opens_a_layer_and_the_inspector_tells_about_it(
    lenet_tab: Tab, lenet_values: dict[str, np.ndarray]
) -> None:
    lenet_tab.page.mouse.click(*lenet_tab.place("conv_2"))
    lenet_tab.settle()
    assert lenet_tab.state()["selected"] == "conv_2"
    expect(lenet_tab.page.locator(".inspector h2")).to_have_text("conv_2")
    facts = lenet_tab.page.locator(".facts div").all_inner_texts()
    zeros = round(100 * np.mean(lenet_values["conv_2"][0] == 0))
    assert [fact.split("\n") for fact in facts] == [
        ["Output", "10×10×16"],
        ["Parameters", "2,416"],
        ["Multiply–adds", "240.0 k"],
        ["Zeros", f"{zeros} %"],
    ]
    expect(lenet_tab.page.locator(".inspector")).to_contain_text("14×14, step 2")
    expect(lenet_tab.page.locator(".inspector")).to_contain_text("6.3 KB")
    expect(lenet_tab.page.locator(".inspector")).to_contain_text("of the forward pass")
    expect(lenet_tab.page.locator(".inspector .tiles.kernels canvas")).to_have_count(16)
    best = int(lenet_values["conv_2"][0].mean((0, 1)).argmax())
    expect(lenet_tab.page.locator(".tiles.channels .tile .number").first).to_have_text(f"#{best}")
    lenet_tab.page.get_by_label("Sort channels by").select_option("index")
    expect(lenet_tab.page.locator(".tiles.channels .tile .number").first).to_have_text("#0")
    lenet_tab.page.get_by_label("Goes to: pool_2").click()
    expect(lenet_tab.page.locator(".inspector h2")).to_have_text("pool_2")


def test_search_and_kinds_find_layers(lenet_tab: Tab) -> None:
    page = lenet_tab.page
    page.keyboard.press("/")
    page.keyboard.type("pool")
    assert page.locator(".tree .label").all_inner_texts() == ["pool_1", "pool_2"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert lenet_tab.state()["selected"] == "pool_2"
    # Step by step: the layer first, then the search, wherever the focus is.
    page.keyboard.press("Escape")
    assert page.locator(".tree .row").count() == 2
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find a layer")).to_have_value("")
    page.get_by_label("Find a layer").fill("no such layer")
    expect(page.get_by_text("No layer is called so.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="dense 3").click()
    assert page.locator(".tree .label").all_inner_texts() == ["dense_1", "dense_2", "digits"]


def test_everything_by_keys(lenet_tab: Tab) -> None:
    press = lenet_tab.page.keyboard.press
    press("ArrowRight")
    press("ArrowRight")
    assert lenet_tab.state()["selected"] == "conv_1"
    press("ArrowLeft")
    assert lenet_tab.state()["selected"] == "digit"
    press("4")
    assert lenet_tab.state()["sample"] == 3
    press("Escape")
    assert lenet_tab.state()["selected"] is None
    theme = lenet_tab.state()["theme"]
    press("t")
    assert lenet_tab.state()["theme"] != theme
    press("o")
    lenet_tab.page.wait_for_function("() => window.tensorview.state().open.size > 5")
    press("o")
    lenet_tab.page.wait_for_function("() => window.tensorview.state().open.size === 0")
    press("?")
    expect(lenet_tab.page.get_by_role("dialog")).to_be_visible()
    press("Escape")
    expect(lenet_tab.page.get_by_role("dialog")).to_be_hidden()


def test_heat_map_by_method_class_and_opacity(lenet_tab: Tab, lenet_page: Exported) -> None:
    page = lenet_tab.page
    page.locator(".dock .sample").nth(2).click()
    page.get_by_role("radio", name="Grad-CAM").click()
    expect(page.locator(".heat h2")).to_have_text("Grad-CAM")
    heat = page.get_by_label("heat map over input")
    expect(heat).to_be_visible()
    explained = [
        item for item in lenet_page.bundle.manifest.attributions if item.method == "grad_cam" and item.sample == 2
    ]
    options = page.get_by_label("Class").locator("option").all_inner_texts()
    assert [text.split(" · ")[0] for text in options] == [item.target_label for item in explained]

    def warmth() -> float:
        png = base64.b64decode(heat.evaluate("(canvas) => canvas.toDataURL()").split(",")[1])
        data = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        return float(np.clip(data[..., 0] - data[..., 2], 0, None).mean())

    page.wait_for_function("() => document.querySelectorAll('.pair canvas')[1].width > 300")
    strong = warmth()
    assert strong > 5
    page.get_by_label("Opacity of the heat map").fill("10")
    assert lenet_tab.state()["opacity"] == pytest.approx(0.1)
    assert warmth() < strong / 3
    page.get_by_label("Class").select_option(index=1)
    assert lenet_tab.state()["target"] == explained[1].target
    expect(page.locator(".heat")).to_contain_text(f"of “{explained[1].target_label}”: before the last softmax.")
    blank = next(
        item
        for item in lenet_page.bundle.manifest.attributions
        if item.method == "grad_cam" and all(map.blank for map in item.inputs)
    )
    page.locator(".dock .sample").nth(blank.sample).click()
    page.get_by_label("Class").select_option(str(blank.target))
    expect(page.locator(".heat .blank")).to_contain_text(f"Nothing here speaks for “{blank.target_label}”")
    page.get_by_role("radio", name="Saliency").click()
    expect(page.locator(".heat h2")).to_have_text("Saliency")
    page.get_by_role("radio", name="Activations").click()
    expect(page.locator(".heat")).to_be_hidden()


def test_themes_follow_the_system_and_can_be_switched(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(color_scheme="light").open(lenet_page.path)
    background = "() => getComputedStyle(document.querySelector('.topbar')).backgroundColor"
    assert tab.page.evaluate(background) == "rgb(255, 255, 255)"
    tab.page.emulate_media(color_scheme="dark")
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")
    tab.page.get_by_label("Light theme (t)").click()
    assert tab.page.evaluate(background) == "rgb(255, 255, 255)"


def test_the_hint_fits_a_narrow_window_with_a_mouse(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport=PHONE).open(lenet_page.path)
    inside = "hint => hint.scrollWidth <= hint.clientWidth && hint.getBoundingClientRect().right <= innerWidth"
    assert tab.page.locator(".hint").evaluate(inside)
    expect(tab.page.locator(".hint")).to_contain_text("Tap")
    wide = new_tab(viewport={"width": 1440, "height": 900}).open(lenet_page.path)
    assert wide.page.locator(".hint").evaluate("hint => hint.clientHeight < 40"), "one line"
    assert wide.page.locator(".hint kbd").evaluate("key => key.clientWidth < 60")


def test_modes_have_their_whole_names_beside_an_open_inspector(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport={"width": 1440, "height": 900}).open(lenet_page.path, "#node=conv_1&sample=0")
    short = """one => {
      const text = document.createRange();
      text.selectNodeContents(one);
      const {paddingLeft, paddingRight, borderLeftWidth, borderRightWidth} = getComputedStyle(one);
      const sides = [paddingLeft, paddingRight, borderLeftWidth, borderRightWidth];
      const frame = sides.reduce((sum, side) => sum + parseFloat(side), 0);
      return text.getBoundingClientRect().width - (one.getBoundingClientRect().width - frame);
    }"""
    buttons = tab.page.locator(".modes button").all()
    assert [button.inner_text() for button in buttons] == ["Activations", "Kernels", "Grad-CAM", "Saliency"]
    assert max(button.evaluate(short) for button in buttons) < 0.01


def test_phone_has_one_sheet_with_four_tabs(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True).open(lenet_page.path)
    page = tab.page
    assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    assert page.get_by_role("tab").all_inner_texts() == ["Result", "Layers", "Layer", "Heat map"]
    expect(page.locator(".hint")).to_contain_text("Tap")
    named = page.locator(".scene-label:not(.stub):visible .text").all_inner_texts()
    assert sorted(named) == ["conv_1", "conv_2", "dense_1", "dense_2", "digit", "digits", "pool_1", "pool_2"]
    play = page.get_by_label("Place in the forward pass").filter(visible=True).bounding_box()
    assert play is not None
    assert play["x"] + play["width"] <= PHONE["width"]
    expect(page.locator(".result .bars li").first).to_have_class("best")
    page.touchscreen.tap(*tab.place("conv_1"))
    tab.settle()
    expect(page.locator(".inspector h2")).to_have_text("conv_1")
    page.get_by_role("tab", name="Layers").click()
    page.get_by_role("treeitem", name="pool_2").click()
    expect(page.locator(".inspector h2")).to_have_text("pool_2")
    page.get_by_role("tab", name="Heat map").click()
    expect(page.get_by_label("heat map over input")).to_be_visible()
    for target in page.locator("button:visible, [role=treeitem]:visible").all():
        box = target.bounding_box()
        assert box is None or min(box["width"], box["height"]) >= 16


def test_links_and_history_lead_to_views(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab().open(lenet_page.path)
    tab.page.evaluate("() => window.tensorview.select('conv_1')")
    tab.page.get_by_role("treeitem", name="pool_2").click()
    tab.page.locator(".dock .sample").nth(2).click()
    address = tab.page.url
    tab.page.go_back()
    assert (tab.state()["selected"], tab.state()["sample"]) == ("pool_2", 0)
    tab.page.go_back()
    assert tab.state()["selected"] == "conv_1"
    tab.page.go_back()
    assert tab.state()["selected"] is None
    tab.page.go_forward()
    assert tab.state()["selected"] == "conv_1"
    other = new_tab().open(lenet_page.path, "#" + address.split("#")[1])
    assert (other.state()["selected"], other.state()["sample"], other.state()["open"]) == ("pool_2", 2, ["pool_2"])


def test_what_is_exported_is_the_models_own(
    lenet_tab: Tab, lenet_values: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = lenet_tab.page
    folder = tmp_path_factory.mktemp("saved")
    lenet_tab.page.evaluate("() => window.tensorview.select('conv_2')")

    def save(item: str) -> bytes:
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as waiting:
            page.get_by_role("menuitem", name=item).click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path.read_bytes()

    save("Values of the layer")
    saved = np.load(next(folder.glob("*.npy")))
    own = lenet_values["conv_2"][0]
    assert saved.dtype == np.float32
    assert saved.shape == own.shape
    assert np.abs(saved - own).max() <= np.ptp(own, (0, 1)).max() / 252 / 2 + 1e-6
    facts = {row["name"]: row["value"] for row in json.loads(save("Facts of the layer (JSON)"))}
    assert facts["parameters"] == 2416
    assert facts["mean"] == pytest.approx(float(own.mean()), rel=1e-5)
    assert b"multiply-adds,240000\r\n" in save("Facts of the layer (CSV)")
    assert save("Picture of the view").startswith(b"\x89PNG")


def test_names_roles_and_focus(lenet_tab: Tab) -> None:
    page = lenet_tab.page
    page.evaluate("() => window.tensorview.select('conv_1')")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, canvas[role], [role=treeitem]')]
            .filter((item) => item.checkVisibility() && !(item.getAttribute('aria-label') || item.textContent.trim()
                || item.labels?.length)).map((item) => item.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    for role in ("banner", "navigation", "main", "complementary", "contentinfo", "tree"):
        assert page.get_by_role(role).count() >= 1, role
    page.keyboard.press("Tab")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"


CONTRASTS = """() => {
    const numbers = (colour) => {
        const found = colour.match(/[\\d.]+/g).map(Number);
        return colour.startsWith('color(') ? found.slice(0, 4).map((v, i) => (i < 3 ? v * 255 : v)) : found;
    };
    const luminance = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = numbers(getComputedStyle(at).backgroundColor);
            if (colour[3] !== 0) return colour;
        }
    };
    const faint = [];
    for (const element of document.querySelectorAll('.tv *')) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || element.closest('.view') || !element.checkVisibility()) continue;
        const [a, b] = [luminance(numbers(getComputedStyle(element).color)), luminance(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) faint.push(`${element.className}: ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    return faint;
}"""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_text_of_the_panels_can_be_read(theme: str, new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(color_scheme=theme).open(lenet_page.path, "#node=conv_2&open=1")
    expect(tab.page.locator(".tiles.channels .tile").first).to_be_visible()
    assert tab.page.evaluate(CONTRASTS) == []
    tab.page.get_by_role("radio", name="Grad-CAM").click()
    steps = tab.page.locator(".walkthrough")
    expect(steps.locator(".bignumber")).to_be_visible()
    assert tab.page.evaluate(CONTRASTS) == []
    steps.get_by_role("button", name="Weights").click()
    expect(steps.locator(".alphas li").first).to_be_visible()
    assert tab.page.evaluate(CONTRASTS) == []


def test_many_methods_have_one_button_and_stand_side_by_side(
    tab: Tab, lenet_page: Exported, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("many") / "many.html"
    names = ("grad_cam", "saliency", "guided_backprop", "layer_cam")
    tv.export(lenet_page.example.model, lenet_page.example.inputs[:2], path, methods=names)
    page = tab.open(path).page
    expect(page.locator(".modes button")).to_have_text(["Activations", "Kernels", "Grad-CAM"])
    page.locator(".modes button").nth(2).click()
    page.locator(".heat .field select").first.select_option("layer_cam")
    expect(page.locator(".modes button[aria-checked=true]")).to_have_text("Layer-CAM")
    page.get_by_label("Beside").select_option("saliency")
    figures = page.locator(".heat .pair figcaption")
    expect(figures).to_have_text(["Layer-CAM", "Saliency"])
    drawn = "() => [...document.querySelectorAll('.heat .pair canvas')].map((one) => one.toDataURL().length)"
    page.wait_for_function(f"() => ({drawn})().every((size) => size > 1500)")
    pixels = page.evaluate("() => [...document.querySelectorAll('.heat .pair canvas')].map((one) => one.toDataURL())")
    assert pixels[0] != pixels[1]
    page.get_by_label("Beside").select_option("")
    expect(figures).to_have_text(["input", "heat map over input"])
