"""Writes the graphs of real models, without numbers, for the golden tests of the layout: layout/golden/*.model.json.

Run it after the manifest has changed; then `npx vitest run -u src/layout/golden.test.ts` in web_static writes the
golden layouts anew, to be looked at before they are kept.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "web_static" / "src" / "layout" / "golden"
MODELS = {
    "lenet": "lenet_mnist.keras",
    "unet": "unet_digit.keras",
    "vit": "vit_mnist.keras",
    "two_inputs": "cvae_mnist_decoder.keras",
    "resnet50": "keras:ResNet50",
    "inception_v3": "keras:InceptionV3",
    "densenet121": "keras:DenseNet121",
    "efficientnet_b0": "keras:EfficientNetB0",
}


def graph(manifest: Any) -> dict[str, Any]:
    """What the layout reads of a manifest, as short as can be."""
    place = {node.id: i for i, node in enumerate(manifest.nodes)}
    return {
        "nodes": [
            [n.id, n.label, n.kind, n.form, n.role, n.class_name, n.group, list(n.shape), n.channel_axis]
            for n in manifest.nodes
        ],
        "edges": [[place[edge.source], place[edge.target]] for edge in manifest.edges],
        "groups": [[group.id, group.label, group.class_name, group.group] for group in manifest.groups],
    }


def main() -> None:
    from tensorview import export, load_model

    for name, source in MODELS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        path = source if source.startswith("keras:") else str(ROOT / "tests" / "data" / "models" / source)
        with tempfile.TemporaryDirectory() as folder:
            model = load_model(path, weights="none")
            bundle = export(model, None, Path(folder) / "model.tview", format="tview", weights=0)
        rows = json.dumps(graph(bundle.manifest), separators=(",", ":")).replace("],[", "],\n[")
        (FOLDER / f"{name}.model.json").write_text(rows + "\n")
        print(name, len(bundle.manifest.nodes), "nodes")


if __name__ == "__main__":
    main()
