"""Makes the pictures of the README from real exports, in a real browser: `make screenshots`.

EfficientNet-Lite0 is looked for in ../shared/models, or in the folder that TENSORVIEW_MODELS names; without it only
LeNet's picture is made.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tensorview.cli import main

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def shoot(page: Page, source: Path, name: str, *clicks: str) -> None:
    """One picture of an exported file, after choosing these modes."""
    page.goto(source.as_uri())
    page.evaluate("() => window.tensorview.ready")
    for click in clicks:
        page.get_by_role("radio", name=click, exact=True).click()
    page.wait_for_timeout(2500)  # the camera's flight; nobody waits for this but the person who makes the pictures
    target = IMAGES / name
    page.screenshot(path=target)
    with Image.open(target) as image:
        small = image.convert("RGB")
    small.save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}  {target.stat().st_size // 1024} KB")


def exported(folder: Path) -> dict[str, Path]:
    made = {"lenet": folder / "lenet.html"}
    main(["demo", "-q", "-o", str(made["lenet"])])
    models = Path(os.environ.get("TENSORVIEW_MODELS", ROOT.parent / "shared" / "models"))
    model = models / "efficientnet_lite0.keras"
    if model.is_file():
        made["efficientnet"] = folder / "efficientnet.html"
        photo = ROOT / "tests" / "data" / "images" / "coffee.png"
        out = str(made["efficientnet"])
        main(
            [
                "export",
                str(model),
                "-i",
                str(photo),
                "--labels",
                "imagenet",
                "--title",
                "EfficientNet-Lite0",
                "-q",
                "-o",
                out,
            ]
        )
    return made


def make() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium was found; set CHROMIUM to its path")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        files = exported(Path(folder))
        browser = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        shoot(page, files["lenet"], "lenet.png")
        if "efficientnet" in files:
            shoot(page, files["efficientnet"], "efficientnet.png")
            shoot(page, files["efficientnet"], "grad-cam.png", "Grad-CAM")
        browser.close()


if __name__ == "__main__":
    make()
