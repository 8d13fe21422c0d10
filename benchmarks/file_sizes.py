"""How large the exported pages are with default settings, and what was made smaller for it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from common import ROOT, export, pages, report

sys.path.insert(0, str(ROOT))

LIMITS = {"lenet": 1.2e6, "efficientnet_lite0": 12e6}


def measured(name: str, model: str, source: Path, folder: Path) -> dict[str, Any]:
    from tensorview.formats import open_bundle

    path = folder / f"{name}.html"
    export(model, source, path)
    bundle = open_bundle(path)
    stored: Counter[str] = Counter()
    kinds = {"t": "thumbnails", "a": "activations", "w": "weights", "m": "heat maps"}
    for blob in bundle.manifest.blobs:
        stored[kinds.get(blob.id[0], "other")] += blob.stored
    return {
        "bytes": path.stat().st_size,
        "limit": LIMITS[name],
        "samples": len(bundle.manifest.samples),
        "deflated_bytes": dict(stored),
        "manifest_bytes": len(bundle.manifest_json().encode()),
        "reduced_layers": len(bundle.manifest.budget.reductions),
        "smallest_reduced_map": bundle.manifest.budget.smallest_map,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report(**{name: measured(name, *parts, Path(folder)) for name, parts in pages().items()})


if __name__ == "__main__":
    main()
