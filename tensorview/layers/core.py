"""Layers of no family: inputs, identities, custom code, whole models."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, named
from tensorview.layers.layout import like_input, model_input
from tensorview.manifest import Fact


def _inside(layer: Any) -> Facts:
    inner = getattr(layer, "layer", None)
    return () if inner is None else (Fact(name="wraps", value=type(inner).__name__),)


def _layers(layer: Any) -> Facts:
    return (Fact(name="layers", value=str(len(getattr(layer, "layers", ())))),)


_FOREIGN = "code of another library: what it computes can't be looked into"

ENTRIES = {
    "InputLayer": Entry(kind="input", role="input", layout=model_input),
    "Identity": Entry(kind="other", role="stub", layout=like_input),
    "Masking": Entry(kind="other", role="stub", layout=like_input, facts=named(masks="mask_value")),
    "Lambda": Entry(kind="other", note="custom code of the model's author"),
    "Wrapper": Entry(kind="other", wraps=True, facts=_inside),
    "TFSMLayer": Entry(kind="other", facts=named(endpoint="call_endpoint"), note=_FOREIGN),
    "JaxLayer": Entry(kind="other", note=_FOREIGN),
    "FlaxLayer": Entry(kind="other", note=_FOREIGN),
    "TorchModuleWrapper": Entry(kind="other", note=_FOREIGN),
    "Model": Entry(kind="block", facts=_layers),
    "Layer": Entry(kind="other"),
}
