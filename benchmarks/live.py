"""Measures a live model in headless Chromium: answers a second while one draws, a layer's way to the screen."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import COFFEE, ROOT, model, report
from server import API, DIGITS, LENET, digit, opened, put

sys.path.append(str(ROOT / "tests"))
from browser.pages import FILMED, QUIET, SOFTWARE_GL, Tab, chromium
from serving import BYTES, Server, servers

TOOL = (ROOT / "benchmarks" / "tools" / "live.js").read_text()


def measure(server: Server, browser: Any, path: Path, seconds: float) -> dict[str, Any]:
    drawn = path == LENET
    item = put(server, path, path.name)
    opened(server, item)
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, reduced_motion="reduce", permissions=["camera"]
    )
    tab = Tab(context.new_page(), context).live(server, item)
    page = tab.page
    page.locator(".live input[type=file]").set_input_files(str(DIGITS if drawn else COFFEE))
    page.locator(".dock .sample").wait_for()
    tab.settle()
    convs = [one["id"] for one in server.ask(f"{API}/items/{item}/manifest").json["nodes"] if one["kind"] == "conv"]
    looks = {one: page.evaluate(f"(node) => {TOOL}.look(node)", one) for one in {convs[0], convs[-1]}}
    if not drawn:
        page.get_by_role("button", name="Webcam").click()
        page.wait_for_timeout(1000)
    rates = page.evaluate(f"(seconds) => {TOOL}.{'pen' if drawn else 'film'}(seconds)", seconds)
    context.close()
    body = digit(3) if drawn else COFFEE.read_bytes()
    begun = time.perf_counter()
    for _ in range(20):
        assert server.ask(f"{API}/items/{item}/runs", "POST", body, BYTES).status == 201
    return {
        "answers_a_second": round(rates["answers"], 1),
        "frames_a_second": round(rates["frames"], 1),
        "layer_ms": {
            layer: {key: value and round(value) for key, value in one.items()} for layer, one in looks.items()
        },
        "run_over_http_ms": round((time.perf_counter() - begun) * 50, 1),
    }


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of drawing or filming (default: 5)")
    options = parser.parse_args()
    large = model("efficientnet_lite0")
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as start, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=[*QUIET, *SOFTWARE_GL, *FILMED])
        server = start("--library", Path(name) / "library")
        paths = [LENET, *([large] if large else [])]
        report(**{path.stem: measure(server, browser, path, options.seconds) for path in paths})
        browser.close()


if __name__ == "__main__":
    main()
