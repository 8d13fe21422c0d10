"""Where a value comes from: what the card says, against the model's own values."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from browser.pages import PHONE, Export, Exported, NewTab, Tab
from tensorview.manifest import NodeInfo
from tensorview.tracing import trace

ORIGIN = """async ([id, cells]) => Promise.all(cells.map((cell) => window.tensorview.origin(id, cell)))"""
CELLS = 8
SIGMAS = 8
"""Standard deviations of rounding to codes that a sum may be off; an activation's kink makes their estimate coarse."""


def lite0(node: NodeInfo) -> bool:
    """One block, and the way out."""
    return node.id.startswith(("stem", "block0_", "block1_", "block2_", "avg_pool", "head_bn", "predictions"))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("lenet_mnist", {"conv", "max", "reshape", "dense", "same"}),
        ("vit_mnist", {"dense", "scores", "attend", "normalise", "add", "mean"}),
        ("unet_digit", {"conv", "transposed", "concatenate", "scale", "activation", "max"}),
        ("basic_pitch_cnn", {"conv", "scale", "concatenate", "reshape"}),
        pytest.param("crepe_tiny", {"conv", "shift", "max", "dense"}, marks=pytest.mark.needs("crepe_tiny")),
        pytest.param(
            "efficientnet_lite0", {"conv", "depthwise", "add", "mean", "dense", "scale", "rescale"},
            marks=pytest.mark.needs("efficientnet_lite0"),
        ),
    ],
)  # fmt: skip
def test_sums_are_the_models_own_values(
    name: str, kinds: set[str], tab: Tab, exported: Export, rng: np.random.Generator
) -> None:
    page = exported(name)
    own = trace(page.example.model, page.example.inputs)
    tab.open(page.path)
    told: set[str] = set()
    for node in page.bundle.manifest.nodes:
        if node.rule is None or (name == "efficientnet_lite0" and not (lite0(node) or node.rule.name == "rescale")):
            continue
        values = np.asarray(own.activation(node.id), np.float32)[0]
        places = [[int(rng.integers(side)) for side in node.shape] for _ in range(CELLS)]
        # The strongest unit is one whose weights are always there.
        places.append([int(at) for at in np.unravel_index(int(values.argmax()), node.shape)])
        for place, parts in zip(places, tab.page.evaluate(ORIGIN, [node.id, places]), strict=True):
            part = parts[-1]
            if part["sum"] is None:
                assert "weights of channel" in part["why"], (node.id, place, part["why"])
                assert node.id == "predictions", node.id
                continue
            exact = float(values[tuple(place)])
            assert abs(part["shown"] - exact) <= part["allowed"] + 1e-6
            assert abs(part["sum"] - exact) <= part["allowed"] + 1e-6, (node.id, place)
            assert abs(part["sum"] - exact) <= SIGMAS * part["expected"] + 1e-6, (node.id, place)
            told.add(node.rule.name)
    assert kinds <= told


def test_a_click_on_a_cell_shows_the_sum_and_a_click_on_a_term_goes_there(tab: Tab, lenet_page: Exported) -> None:
    page = tab.open(lenet_page.path, "#node=conv_2&open=1").page
    own = trace(lenet_page.example.model, lenet_page.example.inputs)
    before, values = (np.asarray(own.activation(id))[0] for id in ("pool_1", "conv_2"))
    y, x, channel = (int(at) for at in np.unravel_index(int(values.argmax()), values.shape))
    page.mouse.click(*tab.place("conv_2", channel=channel, y=y, x=x))
    card = page.locator(".origin-card")
    expect(card.locator(".place")).to_contain_text(f"y {y} · x {x} · channel {channel}")
    assert f"cell={y}.{x}.{channel}%40conv_2" in page.url
    kernel, bias = (weight.numpy() for weight in lenet_page.example.model.get_layer("conv_2").weights)
    products = before[y : y + 5, x : x + 5] * kernel[..., channel]
    lines = card.locator(".terms li")
    expect(lines).to_have_count(6)
    for input, line in enumerate(lines.all()):
        shown = float(line.locator(".number").inner_text().replace("−", "-"))
        assert shown == pytest.approx(float(products[..., input].sum()), abs=0.05)
    expect(card.locator(".step", has_text="bias")).to_contain_text(re.compile(rf"{bias[channel]:.3f}"))
    worked = float(card.locator(".result .number").inner_text())
    allowed = max(float(number) for number in re.findall(r"\d+\.\d+", card.locator(".check").inner_text()))
    assert worked == pytest.approx(float(values[y, x, channel]), abs=allowed)
    expect(page.locator(".scene-wedges polygon")).to_have_count(6)
    expect(card.locator(".sight")).to_contain_text("of digit")
    strongest = int(np.abs(products.sum((0, 1))).argmax())
    lines.nth(strongest).locator("button").click()
    tab.settle()
    assert tab.state()["selected"] == "pool_1"
    assert tab.state()["channel"] == strongest
    expect(page.locator(".origin-card .how")).to_have_text("the largest value under the window")
    page.go_back()
    expect(page.locator(".origin-card .place")).to_contain_text(f"channel {channel}")


def test_by_keys_from_cell_to_cell(tab: Tab, lenet_page: Exported) -> None:
    page = tab.open(lenet_page.path, "#node=pool_1&open=1").page
    page.keyboard.press("Enter")
    card = page.locator(".origin-card")
    expect(card).to_be_visible()
    y, x, channel = map(int, re.findall(r"\d+", tab.state()["cell"].split("@")[0]))
    page.keyboard.press("ArrowRight" if x < 13 else "ArrowLeft")
    expect(card.locator(".place")).to_contain_text(f"y {y} · x {x + 1 if x < 13 else x - 1} · channel {channel}")
    page.keyboard.press("PageUp" if channel > 0 else "PageDown")
    expect(card.locator(".place")).to_contain_text(f"channel {channel - 1 if channel > 0 else 1}")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.className") == "origin-card"
    expect(page.locator(".origin [role=status]")).to_have_text(
        re.compile(r"^y \d+ · x \d+ · channel \d+ of pool_1 is ")
    )
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert tab.state()["selected"] == "pool_1"


def test_by_touch_on_a_phone(new_tab: NewTab, lenet_page: Exported) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True).open(lenet_page.path, "#node=conv_1&open=1")
    tab.page.touchscreen.tap(*tab.place("conv_1", channel=2, y=14, x=12))
    expect(tab.page.locator(".origin-card .place")).to_contain_text("y 14 · x 12 · channel 2")
    for row in tab.page.locator("button.term").all():
        box = row.bounding_box()
        assert box is not None
        assert box["height"] >= 40


def test_what_is_left_out_is_said(tab: Tab, lenet_page: Exported, tmp_path_factory: pytest.TempPathFactory) -> None:
    import tensorview as tv

    path = tmp_path_factory.mktemp("bare") / "bare.html"
    tv.export(lenet_page.example.model, lenet_page.example.inputs[:1], path, methods=(), weights=0)
    page = tab.open(path, "#node=conv_1&open=1&cell=14.12.2%40conv_1").page
    expect(page.locator(".origin-card .note")).to_have_text(
        "The weights of this layer are not in the file: 624 bytes; export with --weights-in-page all, or --full."
    )
