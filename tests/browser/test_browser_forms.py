"""Sequences: curves where there are few channels, padding hatched, and what no number is seen for what it is."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as k
from playwright.sync_api import expect

import tensorview as tv
from browser.pages import Export, NewTab, Tab

LOUD = np.array([255, 0, 255])


def grey(window: np.ndarray, x: float, y: float) -> bool:
    around = window[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].astype(int)
    return bool((around.max(-1) - around.min(-1)).max() < 25)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_padding_is_hatched_grey_and_does_not_stretch_the_colours(
    theme: str, new_tab: NewTab, exported: Export
) -> None:
    page = exported("lstm_japanese_vowels")
    tab = new_tab(color_scheme=theme).open(page.path)
    for node in ("lpc_frames", "bilstm"):
        kept = page.bundle.mask(node, 0)
        assert kept is not None
        assert not kept.all()
        for open_ in (False, True):
            tab.page.evaluate("(id) => window.tensorview.select(id)", node if open_ else None)
            tab.settle()
            window = tab.pixels()
            for step in (0, len(kept) - 1):
                assert grey(window, *tab.place(node, channel=3, y=step)) == (not kept[step]), (node, open_, step)
    summary = next(item for item in page.bundle.manifest.samples[0].activations if item.node == "lpc_frames").summary
    own = page.example.inputs[0][page.bundle.mask("lpc_frames", 0)]  # type: ignore[index]
    assert (summary.min, summary.max) == (float(own.min()), float(own.max()))


def test_a_signal_is_a_curve_at_the_heights_of_its_values(new_tab: NewTab, tmp_path: Path) -> None:
    wave = (np.sin(np.arange(96) / 9) * np.linspace(0.2, 1, 96)).astype(np.float32)[None, :, None]
    x = keras.Input((96, 1), name="sound")
    model = keras.Model(
        x, k.Dense(2, name="out")(k.GlobalAveragePooling1D(name="mean")(k.Conv1D(6, 9, name="conv")(x)))
    )
    tv.export(model, wave, tmp_path / "wave.html")
    tab = new_tab(color_scheme="dark").open(tmp_path / "wave.html", "#node=sound&open=1")
    page = tab.page
    window = tab.pixels().astype(int)
    for step in (14, 40, 70, 84):
        x_, middle = tab.place("sound", channel=0, y=step)
        found = tab.cell(x_, middle)
        assert found is not None
        assert found["index"] == [0, step]
        assert found["value"] == pytest.approx(float(wave[0, step, 0]), abs=0.005)
        column = window[:, round(x_)].sum(-1)
        height = 2 * abs(middle - next(y for y in range(round(middle), 0, -1) if column[y] > 700))
        expected = middle - 0.46 * height * found["value"] / float(np.abs(wave).max())
        inner = slice(round(middle - height / 2) + 6, round(middle + height / 2) - 6)
        assert abs(inner.start + int(column[inner].argmax()) - expected) < 4, step
    page.mouse.move(*tab.place("sound", channel=0, y=40))
    expect(page.locator(".tooltip")).to_contain_text("channel 0 · time 40")


def test_nan_and_infinity_are_loud_and_striped(tab: Tab, tmp_path: Path) -> None:
    x = keras.Input((8, 8, 2), name="x")
    model = keras.Model(x, k.Conv2D(2, 1, name="conv")(x))
    data = np.ones((1, 8, 8, 2), np.float32)
    data[0, 2, 2, 0], data[0, 5, 5, 1] = np.nan, np.inf
    tv.export(model, data, tmp_path / "odd.html")
    tab.open(tmp_path / "odd.html", "#node=x&open=1")
    window = tab.pixels().astype(int)

    def cell(channel: int, y: int, x: int) -> np.ndarray:
        left, top = tab.place("x", channel=channel, y=y, x=x)
        return window[round(top) - 9 : round(top) + 10, round(left) - 9 : round(left) + 10].reshape(-1, 3)

    for (channel, y, x_), loud in (((0, 2, 2), LOUD), ((1, 5, 5), np.array([0, 255, 0]))):
        pixels = cell(channel, y, x_)
        plain = np.abs(pixels - loud).max(-1) < 4
        assert 0.4 < plain.mean() < 0.95, "loud, with stripes"
        assert np.abs(cell(channel, 0, 0) - loud).max(-1).min() > 60


def test_a_slider_goes_through_the_depth_of_a_volume(tab: Tab, tmp_path: Path) -> None:
    x = keras.Input((4, 6, 5, 1), name="scan")
    model = keras.Model(x, k.Conv3D(3, 1, name="conv")(x))
    scan = np.random.default_rng(0).normal(size=(1, 4, 6, 5, 1)).astype(np.float32)
    values = np.asarray(model(scan))[0]
    tv.export(model, scan, tmp_path / "scan.html")
    page = tab.open(tmp_path / "scan.html", "#node=conv&open=1").page
    seen = tab.cell(*tab.place("conv", channel=4 * 2 + 1, y=2, x=3))
    assert seen is not None
    assert seen["index"] == [2, 1, 2, 3], "all slices of all channels"
    page.get_by_label("Slice", exact=True).fill("3")
    tab.settle()
    for channel, y, x_ in ((0, 0, 0), (2, 5, 4), (1, 3, 2)):
        seen = tab.cell(*tab.place("conv", channel=channel, y=y, x=x_))
        assert seen is not None
        assert seen["index"] == [channel, 3, y, x_]
        assert seen["value"] == pytest.approx(float(values[3, y, x_, channel]), abs=0.02)
        colour = np.array(page.evaluate("(value) => window.tensorview.colourOf(value, 'conv')", seen["value"]))
        left, top = tab.place("conv", channel=channel, y=y, x=x_)
        assert np.abs(tab.pixels()[round(top) + 4, round(left) + 4].astype(int) - colour).max() < 8
    page.mouse.click(*tab.place("conv", channel=1, y=2, x=2))
    expect(page.locator(".origin-card .place")).to_contain_text("z 3 · y 2 · x 2 · channel 1")
    assert "slice=3" in page.url
    page.get_by_role("button", name="Show all slices").click()
    tab.settle()
    assert tab.state()["slice"] is None
    tab.page.evaluate("() => window.tensorview.select('scan')")
    expect(page.get_by_label("Slice", exact=True)).to_have_value("0")
