"""What a reader of a trace must know to trust it, in words."""

from __future__ import annotations

from tensorview.decisions import Decider
from tensorview.transcript import Reading


def decided(decider: Decider) -> str:
    note = "This model decides in Python by its values; shown is the path that this input took."
    if decider.through_numpy:
        note += " Where it hands values to Python or NumPy as numbers, no edge and no gradient follows them."
    return note


def transcribed(reading: Reading) -> str:
    note = (
        "This model could not be traced, so it was run eagerly and its operations were written down: where it hands "
        "values to Python or NumPy, edges may be missing and gradients stop. Gradients are those of its operations; "
        "custom ones are not seen."
    )
    if reading.unknown:
        note += f" No gradient goes through {_listed(list(reading.unknown))}."
    return note


def unseen(layers: list[str]) -> str:
    """layers: those of which no call was recorded."""
    return (
        f"Not seen to run: {_listed(layers)}. Either this input passes them by, or they run inside a tf.function, a "
        "branch or a loop, where calls can't be told apart."
    )


def no_scores(attentions: list[str]) -> str:
    return (
        f"No attention scores were seen of {_listed(attentions)}: they don't come out of one softmax on their own, as "
        "where a fused operation computes them with the result."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
