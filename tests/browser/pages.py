"""A tab of the browser as the tests use it, and what they know of an exported page."""

from __future__ import annotations

import base64
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from conftest import Example
from PIL import Image
from playwright.sync_api import BrowserContext, Page
from serving import Server

from tensorview.bundle import Bundle

SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
QUIET = ("--no-sandbox", "--disable-background-networking")
# A webcam that films a test picture; pages still have to be allowed to see it.
FILMED = ("--use-fake-device-for-media-stream",)
DESKTOP = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
# Loading software GL and a large page may take long on a busy machine; a test that passes never waits so long.
PATIENCE_MS = 30_000


def chromium() -> str:
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    assert found, "the browser tests need Chromium or Chrome: install it, or set CHROMIUM to its path"
    return found


@dataclass
class Tab:
    """A page in the browser, and everything that it said or asked for."""

    page: Page
    context: BrowserContext
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    """Addresses that it was sent to."""
    site: str | None = None
    """The server that its pages came from, whatever they ask of it."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def visit(self, path: Path, hash: str = "") -> None:
        self.files.add(path.as_uri() + hash)
        self.page.goto(path.as_uri() + hash)

    def open(self, path: Path, hash: str = "") -> Tab:
        self.visit(path, hash)
        self.page.wait_for_function("() => window.tensorview")
        self.page.evaluate("() => window.tensorview.ready")
        self.settle()
        return self

    def enter(self, server: Server, path: str = "") -> Tab:
        """Go to a server with its token, and on to one of its pages."""
        self.site = server.url
        self.page.goto(server.visit)
        if path:
            self.page.goto(server.url + path)
        return self

    def live(self, server: Server, item: str) -> Tab:
        """An item's page, once it shows what it is and takes inputs."""
        self.enter(server, f"items/{item}/")
        self.page.wait_for_function("() => window.tensorview")
        self.page.evaluate("() => window.tensorview.ready")
        self.page.locator(".live").wait_for()
        return self

    def give(self, kind: str, *files: tuple[str, bytes], at: str = "html") -> None:
        """Drops files on the page, or pastes them ("drop", "paste")."""
        self.page.evaluate(
            """([kind, at, files]) => {
                const given = new DataTransfer();
                for (const [name, text] of files) {
                    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
                    const type = name.endsWith(".png") ? "image/png" : "";
                    given.items.add(new File([bytes], name, {type}));
                }
                const target = document.querySelector(at);
                const options = {bubbles: true, cancelable: true};
                if (kind === "paste") {
                    target.dispatchEvent(new ClipboardEvent("paste", {...options, clipboardData: given}));
                    return;
                }
                for (const name of ["dragenter", "dragover", "drop"])
                    target.dispatchEvent(new DragEvent(name, {...options, dataTransfer: given}));
            }""",
            [kind, at, [[name, base64.b64encode(data).decode()] for name, data in files]],
        )

    def settle(self) -> None:
        """Until nothing moves any more: the scene draws only while something changes."""
        self.page.wait_for_function(
            """() => new Promise((resolve) => {
                const frames = () => window.tensorview.stats()?.frames;
                const before = frames();
                let calls = 0;
                const next = () => (++calls < 6 ? requestAnimationFrame(next) : resolve(frames() === before));
                requestAnimationFrame(next);
            })"""
        )

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("() => ({...window.tensorview.state(), open: [...window.tensorview.state().open]})")

    def place(self, id: str, **index: int) -> tuple[float, float]:
        found = self.page.evaluate("([id, index]) => window.tensorview.screenOf(id, index)", [id, index])
        assert found, f"{id} is not to be seen"
        return found["x"], found["y"]

    def cell(self, x: float, y: float) -> dict[str, Any] | None:
        return self.page.evaluate("([x, y]) => window.tensorview.cell(x, y)", [x, y])

    def pixels(self) -> np.ndarray:
        """The window as (H, W, 3), without what stands over the scene."""
        self.page.add_style_tag(
            content=".scene-labels, .scene-axes, .scene-predictions, .hint, .tooltip { display: none }"
        )
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()


@dataclass(frozen=True)
class Exported:
    """A page, the bundle in it, and the model that it was made from."""

    path: Path
    bundle: Bundle
    example: Example


NewTab = Callable[..., Tab]
Export = Callable[..., Exported]
