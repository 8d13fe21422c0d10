"""What an export found, in a few lines for the shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorview.manifest import Manifest, Prediction

MOST = 10


def told(manifest: Manifest) -> Iterator[str]:
    """What the model said of each sample, what was reduced, and what a reader must know."""
    for sample in manifest.samples[:MOST]:
        for prediction in sample.predictions:
            said = _said(prediction)
            if said:
                output = f" ({prediction.name})" if len(sample.predictions) > 1 else ""
                yield f"{sample.name}{output}: {said}"
    if len(manifest.samples) > MOST:
        yield f"and {len(manifest.samples) - MOST} more samples"
    reduced = manifest.budget.reductions
    if reduced and manifest.budget.limit is not None:
        yield (
            f"{len(reduced)} of {manifest.model.layers} layers have smaller maps here, down to "
            f"{manifest.budget.smallest_map} px, for the limit of {manifest.budget.limit / 2**20:g} MB; "
            "--full keeps all"
        )
    for note in manifest.notes:
        if not note.startswith("Preprocessing of"):  # said already, with each input
            yield note


def _said(prediction: Prediction) -> str:
    if prediction.kind not in ("classes", "binary") or not prediction.top:
        return ""
    top = prediction.top[0]
    chance = prediction.activation in ("softmax", "sigmoid")
    return f"{top.label}, {top.value:.1%}" if chance else f"{top.label}, {top.value:.4g}"
