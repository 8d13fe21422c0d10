"""A live model in the browser against a real server: what the page shows is what the model itself says."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example
from PIL import Image
from playwright.sync_api import Page, expect
from serving import BYTES, Server, Start

from browser.pages import PHONE, NewTab, Tab
from browser.test_browser_accessibility import serious

PAD = "canvas.pad"


@pytest.fixture(scope="module")
def server(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return start_server("--library", tmp_path_factory.mktemp("live") / "library")


@pytest.fixture(scope="module")
def model(server: Server, lenet: Example) -> str:
    """LeNet in the library, opened, its process warm."""
    item = server.ask("/api/v1/items?name=LeNet.keras", "POST", lenet.path.read_bytes(), BYTES).json["id"]
    digit = npy(lenet.inputs[:1])
    assert server.ask(f"/api/v1/items/{item}/runs", "POST", digit, BYTES).status == 201
    while not server.ask(f"/api/v1/items/{item}/open", "POST").json["opened"]:
        time.sleep(0.1)
    return str(item)


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def png(digit: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.round(np.asarray(digit)[..., 0] * 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def shows(page: Page, name: str, scores: np.ndarray) -> None:
    """The top bar and the list beside the output tell of this input and of the model's own scores."""
    best = int(scores.argmax())
    expect(page.locator(".topbar")).to_contain_text(f"input {name} → {best} {scores[best] * 100:.1f} %")
    row = page.locator(".board-row").nth(best)
    expect(row).to_contain_text(f"{scores[best] * 100:.1f}%")


def draw(page: Page, points: list[tuple[float, float]], *, lift: bool = True) -> None:
    page.locator(PAD).scroll_into_view_if_needed()
    box = page.locator(PAD).bounding_box()
    assert box
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place, steps=4)
    if lift:
        page.mouse.up()


ONE = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]


def wait_for_answer(page: Page, name: str) -> None:
    expect(page.locator(".topbar")).to_contain_text(f"input {name} →")


def test_a_file_a_drop_and_a_paste_are_run(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    expect(page.locator(".dock")).to_contain_text("Give the model an input")
    page.locator(".live input[type=file]").set_input_files(
        {"name": "seven.npy", "mimeType": "application/octet-stream", "buffer": npy(lenet.inputs[7:8])}
    )
    shows(page, "seven.npy", lenet.model(lenet.inputs[7:8]).numpy()[0])
    for kind, index, name in (("drop", 3, "three.png"), ("paste", 5, "five.png")):
        tab.give(kind, (name, png(lenet.inputs[index])))
        pixels = np.round(lenet.inputs[index : index + 1] * 255) / 255
        shows(page, "pasted" if kind == "paste" else name, lenet.model(pixels.astype(np.float32)).numpy()[0])
        expect(page.locator(".live .said").first).to_contain_text("guessed")


def test_what_can_not_be_run_is_told_and_the_last_answer_stays(
    server: Server, model: str, new_tab: NewTab, lenet: Example
) -> None:
    tab = new_tab(quiet=False)
    page = tab.live(server, model).page
    tab.give("drop", ("four.npy", npy(lenet.inputs[4:5])))
    wait_for_answer(page, "four.npy")
    tab.give("drop", ("song.mp3", b"ID3 no picture"))
    expect(page.locator(".live .said").first).to_contain_text("the input")
    tab.give("drop", ("wide.npy", npy(np.zeros((1, 9, 9, 1), np.float32))))
    expect(page.locator(".live .said").first).to_contain_text("28")
    shows(page, "four.npy", lenet.model(lenet.inputs[4:5]).numpy()[0])


def test_the_pad_is_answered_while_one_draws(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    before = page.locator(PAD).bounding_box()
    draw(page, [(0.3, 0.25), (0.5, 0.2), (0.65, 0.3)], lift=False)
    wait_for_answer(page, "drawing")  # the pen is still down
    answers: list[Any] = []
    page.on("response", lambda response: answers.append(response) if "/runs?" in response.url else None)
    box = page.locator(PAD).bounding_box()
    assert box and box == before, "nothing moves under the pen"
    for step in range(12):
        page.mouse.move(box["x"] + (0.65 - step / 40) * box["width"], box["y"] + (0.3 + step / 24) * box["height"])
    while len(answers) < 2:  # and goes on being answered
        page.wait_for_timeout(20)
    page.mouse.up()
    assert page.locator(PAD).bounding_box() == before
    tab.settle()

    # What is shown is what the model says to the very pixels that were sent.
    draw(page, [(0.35, 0.8), (0.7, 0.8)])
    drawn = page.evaluate(
        """() => { const small = document.createElement('canvas'); [small.width, small.height] = [28, 28];
            const context = small.getContext('2d', {willReadFrequently: true}); context.imageSmoothingQuality = 'high';
            context.drawImage(document.querySelector('canvas.pad'), 0, 0, 28, 28); return small.toDataURL(); }"""
    )
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2]))).convert("L"))
    shows(page, "drawing", lenet.model(pixels[None, :, :, None].astype(np.float32) / 255).numpy()[0])
    page.get_by_role("button", name="Clear").click()
    shows(page, "drawing", lenet.model(np.zeros((1, 28, 28, 1), np.float32)).numpy()[0])


def test_layers_are_fetched_when_they_are_looked_at(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    tab.give("drop", ("two.npy", npy(lenet.inputs[2:3])))
    wait_for_answer(page, "two.npy")
    tab.settle()
    fetched = [url for url in tab.asked if "/runs/" in url and "/blobs/" in url]
    assert fetched == [], "a run is drawn from what came with it"
    with page.expect_response(lambda response: "/blobs/a3.0" in response.url):
        page.evaluate("() => window.tensorview.select('conv_2')")
    tab.settle()
    assert len([url for url in tab.asked if "/runs/" in url and "/blobs/" in url]) == 1
    x, y = tab.place("conv_2", channel=5, y=4, x=6)
    value = tab.cell(x, y)
    assert value is not None
    from tensorview.tracing import trace

    wanted = trace(lenet.model, lenet.inputs[2:3]).activation("conv_2")[0]
    assert value["value"] == pytest.approx(float(wanted[4, 6, 5]), abs=float(np.ptp(wanted)) / 250)


def explain(page: Page, method: str, **parameters: str) -> None:
    if not page.get_by_role("combobox", name="Method").is_visible():
        page.get_by_text("Explain what it says").click()
    page.get_by_role("combobox", name="Method").select_option(method)
    for name, value in parameters.items():
        page.locator(".live .field").filter(has_text=re.compile(f"^{name}")).locator("input").fill(value)
    page.get_by_role("button", name="Explain", exact=True).click()


def test_any_method_class_and_layer_on_demand(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    tab.give("drop", ("nine.npy", npy(lenet.inputs[9:10])))
    wait_for_answer(page, "nine.npy")
    page.get_by_text("Explain what it says").click()
    page.get_by_role("combobox", name="Target class").fill("4")
    explain(page, "smoothgrad", samples="3")
    heat = page.get_by_role("tabpanel", name="Heat map").or_(page.locator(".side"))
    expect(heat.first).to_contain_text("SmoothGrad")
    expect(heat.first).to_contain_text("4")
    state = tab.state()
    assert (state["mode"], state["method"], state["target"]) == ("attribution", "smoothgrad", 4)
    page.get_by_role("combobox", name="Target class").fill("")
    page.get_by_role("combobox", name="Method").select_option("grad_cam")
    page.get_by_role("combobox", name="Layer").last.select_option("conv_1")
    page.get_by_role("button", name="Explain", exact=True).click()
    page.wait_for_function("() => window.tensorview.state().method === 'grad_cam'")
    assert tab.state()["target"] == int(lenet.model(lenet.inputs[9:10]).numpy().argmax())

    # A quick method follows what is drawn.
    draw(page, ONE)
    wait_for_answer(page, "drawing")
    assert (tab.state()["mode"], tab.state()["method"]) == ("attribution", "grad_cam")


def test_a_job_tells_how_far_it_is_and_can_be_stopped(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    tab.give("drop", ("one.npy", npy(lenet.inputs[1:2])))
    wait_for_answer(page, "one.npy")
    explain(page, "rise", masks="100000")
    bar = page.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
    draw(page, ONE)
    wait_for_answer(page, "drawing")  # who is at the page goes first
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_label("Explain", exact=True).locator(".said")).to_have_text("Stopped.")
    expect(bar).to_be_hidden()
    states = {job["state"] for job in server.ask(f"/api/v1/jobs?item={model}").json}
    assert "running" not in states and "cancelled" in states


def test_a_reload_in_the_middle_loses_nothing(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    tab.give("drop", ("six.npy", npy(lenet.inputs[6:7])))
    wait_for_answer(page, "six.npy")
    explain(page, "rise", masks="20000")
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
    page.reload()
    shows(page, "six.npy", lenet.model(lenet.inputs[6:7]).numpy()[0])
    page.wait_for_function("() => window.tensorview.state().method === 'rise'", timeout=60_000)
    expect(page.locator(".side")).to_contain_text("RISE")


def test_two_tabs_keep_apart(server: Server, model: str, new_tab: NewTab, lenet: Example) -> None:
    tabs = [new_tab(), new_tab()]
    for tab, index in zip(tabs, (0, 8), strict=True):
        tab.live(server, model)
        tab.give("drop", (f"{index}.npy", npy(lenet.inputs[index : index + 1])))
    for tab, index in zip(tabs, (0, 8), strict=True):
        shows(tab.page, f"{index}.npy", lenet.model(lenet.inputs[index : index + 1]).numpy()[0])
    explain(tabs[0].page, "occlusion", patch="7", stride="7")
    tabs[0].page.wait_for_function("() => window.tensorview.state().method === 'occlusion'")
    assert tabs[1].state()["mode"] == "activations"
    tabs[1].page.reload()
    shows(tabs[1].page, "8.npy", lenet.model(lenet.inputs[8:9]).numpy()[0])
    assert tabs[1].page.get_by_role("progressbar", name="Progress").count() == 0


def test_what_a_channel_looks_for(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    page.evaluate("() => window.tensorview.select('conv_2')")
    page.get_by_text("What a channel looks for").click()
    expect(page.get_by_role("combobox", name="Layer to look into")).to_have_value("conv_2")
    page.get_by_role("spinbutton", name="Channel or class").fill("3")
    page.get_by_role("combobox", name="Steps").select_option("32")
    page.get_by_role("button", name="Make", exact=True).click()
    picture = page.get_by_role("img", name="What channel 3 of conv_2 answers to most")
    expect(picture).to_be_visible(timeout=90_000)
    assert page.evaluate("(one) => one.decode().then(() => one.naturalWidth)", picture.element_handle()) == 28
    expect(page.locator(".live")).to_contain_text(re.compile(r"Channel 3 of conv_2: from \S+ to \S+"))


def test_weights_that_are_not_in_the_file_are_fetched_for_the_sum(
    start_server: Start, new_tab: NewTab, tmp_path: Path
) -> None:
    """A dense layer with more weights than a page keeps: each unit's sum is told all the same."""
    import keras

    keras.utils.set_random_seed(1)
    wide = keras.Sequential([keras.Input((2200,)), keras.layers.Dense(2000, name="wide"), keras.layers.Dense(4)])
    wide.save(tmp_path / "wide.keras")
    server = start_server("--library", tmp_path / "library")
    item = server.ask("/api/v1/items?name=wide", "POST", (tmp_path / "wide.keras").read_bytes(), BYTES).json["id"]
    tab = new_tab()
    page = tab.live(server, item).page
    [kernel, _] = next(
        node["weights"] for node in server.ask(f"/api/v1/items/{item}/manifest").json["nodes"] if node["id"] == "wide"
    )
    unit = next(unit for unit in range(2000) if unit not in (kernel["kept"] or ()))
    assert kernel["tensor"] is None or kernel["tensor"]["source"] is not None, "not all of it is in the page"
    x = np.random.default_rng(0).normal(size=(1, 2200)).astype(np.float32)
    tab.give("drop", ("x.npy", npy(x)))
    wait_for_answer_of(page, "x.npy")
    [part] = page.evaluate("(unit) => window.tensorview.origin('wide', [unit])", unit)
    wanted = float(wide.layers[0](x)[0, unit])
    assert part["why"] is None
    assert part["sum"] == pytest.approx(wanted, abs=part["allowed"])
    assert abs(part["sum"] - wanted) < 0.05
    assert any("/weights?node=wide" in url for url in tab.asked)
    tab.give("drop", ("other.npy", npy(-x)))
    wait_for_answer_of(page, "other.npy")
    [part] = page.evaluate("(unit) => window.tensorview.origin('wide', [unit])", unit)
    assert abs(part["sum"] - float(wide.layers[0](-x)[0, unit])) < 0.05, "of this run, not of the one before"


def wait_for_answer_of(page: Page, name: str) -> None:
    expect(page.locator(".topbar")).to_contain_text(f"input {name}")


def test_a_run_is_kept_as_a_report(server: Server, model: str, tab: Tab, lenet: Example) -> None:
    page = tab.live(server, model).page
    tab.give("drop", ("kept.npy", npy(lenet.inputs[4:5])))
    wait_for_answer(page, "kept.npy")
    page.get_by_role("button", name="Keep in the library").click()
    expect(page.get_by_text("Kept in the library")).to_be_visible()
    page.get_by_role("link", name="Back to the library").click()
    page.get_by_role("link", name="LeNet: kept.npy").click()
    expect(page.locator(".topbar")).to_contain_text("→ 4")


def test_a_webcam_is_answered_frame_by_frame(server: Server, model: str, new_tab: NewTab) -> None:
    tab = new_tab(permissions=["camera"])
    page = tab.live(server, model).page
    page.get_by_role("button", name="Webcam").click()
    wait_for_answer(page, "webcam")
    expect(page.locator(".live video")).to_be_visible()
    for _ in range(3):
        with page.expect_response(lambda response: "/runs?" in response.url and response.status == 201):
            pass
    page.get_by_role("button", name="Webcam").click()
    expect(page.locator(".live video")).to_be_hidden()


def test_the_page_says_when_the_server_is_gone_and_goes_on_when_it_is_back(
    start_server: Start, new_tab: NewTab, tmp_path: Path, lenet: Example
) -> None:
    server = start_server("--library", tmp_path / "library")
    item = server.ask("/api/v1/items?name=LeNet.keras", "POST", lenet.path.read_bytes(), BYTES).json["id"]
    tab, shelf = new_tab(quiet=False), new_tab(quiet=False)
    page = tab.live(server, item).page
    shelf.enter(server)
    tab.give("drop", ("two.npy", npy(lenet.inputs[2:3])))
    wait_for_answer(page, "two.npy")
    explain(page, "rise", masks="100000")
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
    assert server.stop() == 0
    offline = page.locator(".offline")
    expect(offline).to_have_text("The server does not answer. Trying again…")
    shows(page, "two.npy", lenet.model(lenet.inputs[2:3]).numpy()[0])
    shelf.page.get_by_role("searchbox").fill("LeNet")
    expect(shelf.page.locator(".offline")).to_be_visible()

    again = start_server("--library", tmp_path / "library", port=server.address[1])
    expect(offline).to_be_hidden()
    expect(page.locator(".live .said").first).to_have_text("The server was started anew: give the input again.")
    expect(page.get_by_role("progressbar", name="Progress")).to_be_hidden()
    expect(shelf.page.locator(".offline")).to_be_hidden()
    expect(shelf.page.locator(".card")).to_have_count(1)
    draw(page, ONE)
    wait_for_answer(page, "drawing")
    assert again.stop() == 0

    other = start_server("--library", tmp_path / "library", port=server.address[1], token="another-token")
    expect(offline).to_have_text("The server was started with another token: open the address that it printed.")
    assert other.stop() == 0


def test_a_model_that_can_not_be_opened_says_why(server: Server, new_tab: NewTab, lenet: Example) -> None:
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(lenet.path) as source, zipfile.ZipFile(buffer, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "config.json":
                config = json.loads(data)
                config["config"]["layers"][1]["class_name"] = "<b>Warp"
                data = json.dumps(config).encode()
            target.writestr(info, data)
    item = server.ask("/api/v1/items?name=warped", "POST", buffer.getvalue(), BYTES).json["id"]
    page = new_tab(quiet=False).enter(server, f"items/{item}/").page
    expect(page.get_by_role("alert")).to_contain_text("<b>Warp")
    page.get_by_role("link", name="Back to the library").click()
    expect(page.locator(f".card[data-id='{item}'] .facts")).to_contain_text("<b>Warp")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(theme: str, server: Server, model: str, new_tab: NewTab, lenet: Example) -> None:
    tab = new_tab(color_scheme=theme)
    page = tab.live(server, model).page
    tab.give("drop", ("two.npy", npy(lenet.inputs[2:3])))
    wait_for_answer(page, "two.npy")
    page.get_by_text("Explain what it says").click()
    tab.settle()
    assert serious(page) == []


def test_on_a_phone_the_pad_and_its_answer_are_seen_together(server: Server, model: str, new_tab: NewTab) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True)
    page = tab.live(server, model).page
    page.get_by_role("button", name="New input").click()
    box = page.locator(".live").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] and box["y"] >= 0
    expect(page.locator(".result")).to_contain_text("Give the model an input")
    draw(page, ONE)
    expect(page.locator(".result")).to_contain_text("%")
    sheet = page.locator(".sheet").bounding_box()
    assert sheet and box["y"] + box["height"] <= sheet["y"] + 1
