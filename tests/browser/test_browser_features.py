"""What layers look for and what they know, in the page: the mode, the inspector's channel view, the atlas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Example
from playwright.sync_api import expect

import tensorview as tv
from browser.pages import Tab
from tensorview import looking
from tensorview.bundle import Bundle


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, lenet: Example) -> tuple[Path, Bundle]:
    path = tmp_path_factory.mktemp("features") / "lenet.html"
    atlas = tv.activation_atlas(
        lenet.model, lenet.inputs, "conv_2", cells=3, least=1, layout=lambda found: found[:, :2], size=None, steps=2
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "STEPS", 4)
        made = tv.export(
            lenet.model, lenet.inputs[:2], path, features=("conv_2",), examples=lenet.inputs, atlases=[atlas],
            methods=(),
        )  # fmt: skip
    return path, made


def test_a_channels_picture_patches_and_kernel_stand_together(tab: Tab, page: tuple[Path, Bundle]) -> None:
    path, bundle = page
    [feature] = bundle.manifest.features
    shown = tab.open(path, "#node=conv_2&sample=0").page
    channel = feature.channels[2]
    shown.locator(".looking").get_by_role("button", name=f"#{channel}", exact=True).click()
    closer = shown.locator(".closer")
    made = closer.get_by_role("img", name=f"What channel {channel} looks for")
    pixels = made.evaluate("(one) => [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]")
    wanted = bundle.tensor(feature.pictures)[2]
    np.testing.assert_array_equal(np.reshape(pixels, (*wanted.shape[:2], 4))[..., 0], wanted[..., 0])
    expect(closer.locator(".kernel canvas")).to_be_visible()
    patches, projections = closer.locator(".nine").all()
    expect(patches.locator("canvas")).to_have_count(9)
    expect(projections.locator("canvas")).to_have_count(9)
    said = patches.locator("canvas").first.get_attribute("title") or ""
    name, _, value = said.partition(", activation: ")
    assert name == feature.names[2][0]
    assert float(value) == pytest.approx(feature.values[2][0], rel=0.01)


def test_faces_show_what_a_layer_looks_for(tab: Tab, page: tuple[Path, Bundle]) -> None:
    path, _ = page
    shown = tab.open(path).page
    before = tab.pixels()
    shown.get_by_role("radio", name="Looks for").click()
    tab.settle()
    assert tab.state()["mode"] == "features"
    assert (tab.pixels() != before).any()


def test_the_atlas_opens_from_its_layer(tab: Tab, page: tuple[Path, Bundle]) -> None:
    path, bundle = page
    [atlas] = bundle.manifest.atlases
    shown = tab.open(path, "#node=conv_2&sample=0").page
    shown.get_by_role("button", name="Open the activation atlas of conv_2").click()
    dialog = shown.get_by_role("dialog", name="Activation atlas of conv_2")
    expect(dialog).to_contain_text(f"{atlas.seen} inputs")
    canvas = dialog.locator("canvas")
    side = bundle.tensor(atlas.pictures).shape[1]
    row, column = atlas.places[-1]
    tile = canvas.evaluate(
        "(one, [x, y, side]) => [...one.getContext('2d').getImageData(x, y, side, side).data]",
        [column * side, row * side, side],
    )
    wanted = bundle.tensor(atlas.pictures)[-1, ..., 0]
    np.testing.assert_array_equal(np.reshape(tile, (side, side, 4))[..., 0], wanted)
    whole = canvas.bounding_box()
    assert whole
    step = whole["width"] / atlas.cells
    shown.mouse.move(whole["x"] + (column + 0.5) * step, whole["y"] + (row + 0.5) * step)
    expect(dialog.locator(".told")).to_contain_text(f"{atlas.labels[-1]}: {atlas.counts[-1]} input")
    shown.mouse.wheel(0, -400)
    near = canvas.bounding_box()
    assert near and near["width"] > 2 * whole["width"]
    shown.keyboard.press("0")
    assert canvas.bounding_box() == whole
    shown.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(shown.get_by_role("button", name="Open the activation atlas of conv_2")).to_be_visible()
