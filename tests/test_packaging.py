"""sdist, wheel and what is in them: an installed package needs neither Node nor a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT


def without_node() -> str:
    """A PATH on which no program at all is found."""
    return str(ROOT / "docs")


def build(kind: str, source: Path, out: Path, **environ: str) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "-o", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the unpacked sdist, with no Node on the PATH."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [source] = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"), PATH=without_node())


def test_the_sdist_carries_the_built_page_and_no_rubbish(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"web_static/dist/app.js", "web_static/dist/app.css", "templates/page.html.j2", "LICENSE"} <= names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name or name.startswith(".venv")]


def test_the_wheel_holds_the_assets_and_the_demo(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "tensorview/_assets/dist/app.js",
        "tensorview/_assets/dist/app.css",
        "tensorview/_assets/templates/page.html.j2",
        "tensorview/_data/imagenet_labels.json",
        "tensorview/_demo/lenet_mnist.keras",
        "tensorview/py.typed",
    } <= names
    assert not [name for name in names if not name.startswith(("tensorview/", "tensorview-"))]


def test_what_is_installed_works_by_itself(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environ = {**os.environ, "PYTHONPATH": str(site), "PATH": without_node()}
    code = "import sys, tensorview.cli as c; print(c.__file__); sys.exit(c.main(['demo', '-o', 'x.html']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
    app = (ROOT / "web_static" / "dist" / "app.js").read_text("utf-8")[:2000]
    assert app.split("</script")[0][:500] in (tmp_path / "x.html").read_text("utf-8")
