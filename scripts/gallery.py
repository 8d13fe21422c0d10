"""Makes the pictures of docs/gallery.md from real exports, in a real browser: `make gallery`.

Models and inputs are looked for in ../shared, or in the folders that TENSORVIEW_MODELS and TENSORVIEW_INPUTS name; a
model that is not there keeps the picture that it has.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tensorview.cli import main

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MODELS = Path(os.environ.get("TENSORVIEW_MODELS", ROOT.parent / "shared" / "models"))
INPUTS = Path(os.environ.get("TENSORVIEW_INPUTS", ROOT.parent / "shared" / "inputs"))
ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SIZE = {"width": 1280, "height": 800}
STILL = """() => new Promise((resolve) => {
    let [last, quiet] = [window.tensorview.stats().frames, 0];
    const look = () => {
        const now = window.tensorview.stats().frames;
        [last, quiet] = [now, now === last ? quiet + 1 : 0];
        if (quiet > 20) resolve(); else requestAnimationFrame(look);
    };
    look();
})"""
"""Resolves when the scene has stood still for twenty frames."""


@dataclass(frozen=True)
class Shot:
    """One picture: `name` of its file, the model, what it is given, what the export is told, and the view."""

    name: str
    model: str
    input: Path
    options: tuple[str, ...] = ()
    view: str = ""
    theme: str = "dark"


def own(model: str, ending: str = "npy") -> Path:
    return MODELS / f"{model}_input.{ending}"


SHOTS = (
    Shot("lenet", "lenet_mnist", own("lenet_mnist"), ("--title", "LeNet-5"), "#node=conv_2&open=1&sample=2"),
    Shot(
        "efficientnet", "efficientnet_lite0", INPUTS / "coffee.png",
        ("--labels", "imagenet", "--title", "EfficientNet-Lite0"), "#method=grad_cam",
    ),
    Shot("unet", "unet_digit", own("unet_digit"), ("--title", "U-Net")),
    Shot(
        "vit", "vit_mnist", own("vit_mnist"),
        ("--title", "Vision transformer", "--methods", "attention_rollout,saliency"),
        "#method=attention_rollout", "light",
    ),
    Shot("lstm", "lstm_japanese_vowels", own("lstm_japanese_vowels"), ("--title", "BiLSTM, Japanese vowels")),
    Shot("audio", "basic_pitch_cnn", own("basic_pitch_cnn"), ("--title", "Basic Pitch"), theme="light"),
    Shot("decoder", "cvae_mnist_decoder", own("cvae_mnist_decoder", "npz"), ("--title", "Decoder of a VAE")),
)  # fmt: skip


def shoot(page: Page, source: Path, shot: Shot) -> None:
    page.emulate_media(color_scheme="light" if shot.theme == "light" else "dark", reduced_motion="reduce")
    page.goto("about:blank")
    page.goto(source.as_uri() + shot.view)
    page.wait_for_function("() => window.tensorview")
    page.evaluate("() => window.tensorview.ready")
    page.evaluate(STILL)
    target = IMAGES / f"gallery-{shot.name}.jpg"
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").save(target, quality=82, optimize=True, progressive=True)
    print(f"{target.relative_to(ROOT)}  {target.stat().st_size // 1024} KB")


def make() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium was found; set CHROMIUM to its path")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        for shot in SHOTS:
            model = MODELS / f"{shot.model}.keras"
            if not model.is_file() or not shot.input.is_file():
                print(f"{shot.name} is left as it is: {model} or {shot.input} is not there")
                continue
            made = Path(folder) / f"{shot.name}.html"
            code = main(["export", str(model), "-i", str(shot.input), *shot.options, "-q", "-o", str(made)])
            if code:
                sys.exit(code)
            shoot(page, made, shot)
        browser.close()


if __name__ == "__main__":
    make()
