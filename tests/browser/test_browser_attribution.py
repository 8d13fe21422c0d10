"""Heat maps in an exported page: both signs, two methods beside each other, one scale for all layers."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import load_example
from PIL import Image
from playwright.sync_api import Locator, expect

import tensorview as tv
from browser.pages import Exported, Tab
from tensorview.exporting import export
from tensorview.inputs import read_inputs
from tensorview.tracing import trace

METHODS = ("grad_cam", "gradient_input")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    example = load_example("lenet_mnist")
    path = tmp_path_factory.mktemp("attribution") / "lenet.html"
    bundle = export(example.model, read_inputs(example.model, [example.input_path]), path, methods=METHODS)
    return Exported(path, bundle, example)


def drawn(canvas: Locator) -> np.ndarray:
    """A canvas's pixels, once it has been drawn."""
    expect(canvas).to_be_visible()
    canvas.page.wait_for_function("(c) => c.width > 300", arg=canvas.element_handle())
    png = base64.b64decode(canvas.evaluate("(c) => c.toDataURL()").split(",")[1])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_signed_map_shows_both_sides_or_only_how_much(tab: Tab, page: Exported) -> None:
    tab.open(page.path, "#sample=2&method=gradient_input")
    heat = drawn(tab.page.get_by_label("heat map over input"))
    red_over_blue = heat[..., 0] - heat[..., 2]
    assert red_over_blue.max() > 60, "something speaks for the class"
    assert red_over_blue.min() < -60, "and something against it"
    item = next(one for one in page.bundle.manifest.attributions if one.sample == 2 and one.method == "gradient_input")
    low, high = (float(tab.text(f".legend .ends .number >> nth={i}")) for i in (0, 1))
    assert low == -high and 0 < high <= item.inputs[0].peak * 1.01
    expect(tab.page.locator(".legend .what")).to_have_text("against · for")

    tab.page.get_by_label("Values").select_option("absolute")
    tab.page.wait_for_function("() => document.querySelectorAll('.pair canvas')[1].width > 300")
    heat = drawn(tab.page.get_by_label("heat map over input"))
    assert (heat[..., 0] - heat[..., 2]).min() > -10
    assert float(tab.text(".legend .ends .number >> nth=0")) == 0
    assert "sign=absolute" in tab.page.url


def test_a_blank_map_beside_another_says_so(tab: Tab, page: Exported) -> None:
    blank = next(
        item for item in page.bundle.manifest.attributions if item.method == "grad_cam" and item.inputs[0].blank
    )
    tab.open(page.path, f"#sample={blank.sample}&method=gradient_input&target={blank.target}")
    expect(tab.page.locator(".note.blank")).to_have_count(0)
    tab.page.get_by_label("Beside").select_option("grad_cam")
    expect(tab.page.locator(".note.blank")).to_contain_text(f"Grad-CAM: nothing here speaks for “{blank.target_label}”")


def test_one_scale_for_all_layers_can_be_typed(tab: Tab, page: Exported) -> None:
    tab.open(page.path, "#node=conv_2&open=1")
    tab.page.get_by_label("Colour range", exact=True).select_option("fixed")
    field = tab.page.get_by_label("Where the fixed colour range ends")
    # It starts where the layer ended.
    assert float(field.input_value()) > 0.5
    field.fill("0.5")
    field.press("Enter")
    assert tab.state()["fixed"] == 0.5
    assert "range=0.5" in tab.page.url
    field.fill("-3")
    field.press("Enter")
    expect(field).to_have_value("0.5")
    tab.settle()
    x, y = tab.place("conv_2", channel=3, y=6, x=3)
    value = tab.cell(x, y)["value"]
    wanted = tab.page.evaluate("([v]) => window.tensorview.colourOf(v, 'conv_2')", [value])
    seen = tab.pixels()[round(y), round(x)]
    assert np.abs(seen.astype(int) - wanted).max() <= 2
    tab.open(page.path, "#node=conv_1&open=1&range=0.5")
    assert tab.page.evaluate("() => window.tensorview.colourOf(0.5, 'conv_1')") == tab.page.evaluate(
        "() => window.tensorview.colourOf(9, 'conv_1')"
    )


def test_a_grad_cam_is_made_step_by_step_and_adds_up(tab: Tab, page: Exported) -> None:
    tab.open(page.path, "#sample=2&method=grad_cam")
    steps = tab.page.locator(".walkthrough")
    titles = steps.locator(".step b").all_inner_texts()
    assert titles[0] == "Class score" and titles[-1] == "Lay over the input" and len(titles) == 9
    found = tv.attribute(page.example.model, page.example.inputs[2:3], "grad_cam")
    expect(steps.locator(".bignumber")).to_have_text(f"{found.score[0]:.2f}")
    steps.get_by_label("The next step").click()
    activations = trace(page.example.model, page.example.inputs[2:3]).activation("conv_2")[0]
    order = np.argsort(-np.abs(found.weights[0]) * np.abs(activations).mean((0, 1)), kind="stable")
    assert steps.locator(".tile .number").all_inner_texts() == [f"#{channel}" for channel in order[:12]]
    expect(steps).to_contain_text("The 12 of 16 channels that add most to the map.")
    steps.get_by_role("button", name="Weights").click()
    shown = steps.locator(".alphas .number:last-child").all_inner_texts()
    np.testing.assert_allclose([float(text) for text in shown], found.weights[0][order[: len(shown)]], rtol=0.06)
    steps.get_by_role("button", name="Sum").click()
    raw = found.raw[0]
    label = steps.get_by_role("img").get_attribute("aria-label")
    ends = [float(text) for text in re.findall(r"-?[\d.]+", label.split(",")[1])]
    assert ends == pytest.approx([raw.min(), raw.max()], abs=6e-4)
    # Each stored value is within half a step of the model's own.
    bound = (np.abs(found.weights[0]) * np.ptp(activations, (0, 1)) / 252 / 2).sum()
    text = steps.locator(".note").first.inner_text()
    assert float(re.search(r"at most ([\d.e-]+)\.$", text)[1]) <= bound * 1.1
    for _ in range(5):
        if steps.get_by_label("The next step").is_enabled():
            steps.get_by_label("The next step").click()
    expect(steps.get_by_label("The map over the input")).to_be_visible()
    # Another class starts at the same step.
    tab.page.get_by_label("Class").select_option(index=1)
    expect(steps.locator(".aside").first).to_have_text("step 9 of 9")


def test_where_the_map_is_a_cam_it_says_what_the_score_is_made_of(tab: Tab, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    x = keras.Input((12, 12, 3), name="image")
    y = keras.layers.Conv2D(6, 3, activation="relu", name="maps")(x)
    dense = keras.layers.Dense(4, name="classes", bias_initializer="random_normal")
    model = keras.Model(x, dense(keras.layers.GlobalAveragePooling2D()(y)))
    images = np.random.default_rng(0).uniform(0, 1, (1, 12, 12, 3)).astype("float32")
    path = tmp_path / "cam.html"
    export(model, images, path, methods=("grad_cam",))
    tab.open(path, "#method=grad_cam")
    tab.page.get_by_role("button", name="Sum").click()
    best = int(np.argmax(model(images)[0]))
    expect(tab.page.locator(".note.cam")).to_be_visible()
    numbers = re.findall(r"(?:up to|bias,|score,) (-?[\d.e-]+\d)", tab.text(".note.cam"))
    total, bias, score = (float(number) for number in numbers)
    assert score == pytest.approx(float(model(images)[0][best]), abs=6e-4)
    assert bias == pytest.approx(float(dense.bias[best]), abs=6e-4)
    assert total + bias == pytest.approx(score, abs=2e-3)


def test_a_projection_is_shown_at_its_layer_and_undone_at_each_pooling(tab: Tab, tmp_path: Path) -> None:
    example = load_example("lenet_mnist")
    path = tmp_path / "deconv.html"
    export(example.model, example.inputs[:1], path, methods=(), deconv={"conv_2": [3, 5]})
    tab.open(path, "#node=conv_2&open=1")
    found = tv.deconvolve(example.model, example.inputs[:1], "conv_2", 3)
    kept = found.kept[0, ..., 3]
    y, x = np.unravel_index(kept.argmax(), kept.shape)
    captions = tab.page.locator(".downs figcaption")
    expect(captions).to_have_count(2)
    expect(captions.first).to_have_text(f"#3 · {kept.max():.3f} at ({y}, {x})")
    tab.page.get_by_label("Comes from: pool_1").click()
    table = tab.page.locator(".unpooling")
    expect(table.locator("tbody tr")).to_have_count(6)
    [pool] = found.pools
    strongest = np.argsort(-np.abs(pool.pooled[0]).sum((0, 1)), kind="stable")
    assert table.locator("tbody th").all_inner_texts() == [f"#{channel}" for channel in strongest]
    # A pixel a value: bright where the switch is, or dark on light pages.
    png = table.get_by_label(f"The switches of channel {strongest[0]}").evaluate("(c) => c.toDataURL()")
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(png.split(",")[1]))).convert("L"))
    np.testing.assert_array_equal((seen > 128) == (tab.state()["theme"] == "dark"), pool.switches[0, ..., strongest[0]])
    tab.page.get_by_label("Projection that is undone here").select_option("of conv_2 #5")
    expect(table.locator("tbody th").first).to_have_text(re.compile(r"#\d"))
