"""What the benchmarks share: where models and photos lie, and how a page is exported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
COFFEE = DATA / "images" / "coffee.png"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


def model(name: str) -> Path | None:
    """A model of the test data; the larger ones may be elsewhere, or nowhere (None)."""
    named = os.environ.get("TENSORVIEW_MODELS")
    folders = [DATA / "models", *([Path(named)] if named else []), ROOT.parent / "shared" / "models"]
    return next((path for folder in folders if (path := folder / f"{name}.keras").is_file()), None)


def python(*arguments: str) -> None:
    """Run Python in a fresh process; what it prints is shown only where it fails."""
    environment = {**os.environ, **QUIET, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def export(model: str, source: Path, output: Path, *options: str) -> None:
    """Export as a user does, with default settings."""
    python("-m", "tensorview", "export", model, "-i", str(source), "-o", str(output), "--force", "--quiet", *options)


def pages() -> dict[str, tuple[str, Path]]:
    """The pages that are measured: name -> (model, input)."""
    lenet = DATA / "models" / "lenet_mnist.keras"
    found = {"lenet": (str(lenet), lenet.with_name("lenet_mnist_input.npy"))}
    large = model("efficientnet_lite0")
    if large is None:
        print("efficientnet_lite0.keras was not found; set TENSORVIEW_MODELS to its folder", file=sys.stderr)
    else:
        found["efficientnet_lite0"] = (str(large), COFFEE)
    return found


def report(**facts: Any) -> None:
    """Print one JSON object, with the load of the machine."""
    print(
        json.dumps(
            {**facts, "load": [round(number, 2) for number in os.getloadavg()], "cpus": os.cpu_count()}, indent=1
        )
    )
