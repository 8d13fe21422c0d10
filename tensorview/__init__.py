"""What is my Keras model doing? Traces one run of a model and shows everything that happened in one 3D page.

    import tensorview as tv

    model = tv.load_model("model.keras")
    trace = tv.trace(model, images)
    tv.attribute(model, images, method="grad_cam").values
    tv.visualize(model, "logit:3").images
    tv.export(model, images, "model.html")

Nothing here imports TensorFlow before it is called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tensorview.attribution import attribute, methods
    from tensorview.attribution.channels import ChannelAttribution, channel_attribution
    from tensorview.attribution.projection import deconvolve
    from tensorview.attribution.result import Attribution
    from tensorview.bundle import Bundle
    from tensorview.comparison.compare import Comparison, compare
    from tensorview.errors import TensorviewError
    from tensorview.exporting import export
    from tensorview.formats import open_bundle
    from tensorview.inputs import read_inputs
    from tensorview.loading import load_model
    from tensorview.localisation import Localisation, localise, pointing_game
    from tensorview.tracing import Trace, trace
    from tensorview.visualization.atlas import ActivationAtlas, activation_atlas
    from tensorview.visualization.grid import ActivationGrid, NeuronGroups, activation_grid, neuron_groups
    from tensorview.visualization.make import visualize
    from tensorview.visualization.patches import TopPatches, top_patches
    from tensorview.visualization.result import Visualization

_HOMES = {
    "ActivationAtlas": "visualization.atlas",
    "ActivationGrid": "visualization.grid",
    "Attribution": "attribution.result",
    "Bundle": "bundle",
    "ChannelAttribution": "attribution.channels",
    "Comparison": "comparison.compare",
    "Localisation": "localisation",
    "NeuronGroups": "visualization.grid",
    "TensorviewError": "errors",
    "TopPatches": "visualization.patches",
    "Trace": "tracing",
    "Visualization": "visualization.result",
    "activation_atlas": "visualization.atlas",
    "activation_grid": "visualization.grid",
    "attribute": "attribution",
    "channel_attribution": "attribution.channels",
    "deconvolve": "attribution.projection",
    "compare": "comparison.compare",
    "export": "exporting",
    "load_model": "loading",
    "localise": "localisation",
    "methods": "attribution",
    "neuron_groups": "visualization.grid",
    "open_bundle": "formats",
    "pointing_game": "localisation",
    "read_inputs": "inputs",
    "top_patches": "visualization.patches",
    "trace": "tracing",
    "visualize": "visualization.make",
}

_RUNS = {
    "Comparison", "activation_atlas", "activation_grid", "attribute", "channel_attribution", "compare", "deconvolve",
    "export", "neuron_groups", "top_patches", "trace", "visualize",
}  # fmt: skip
"""What imports Keras, and so needs it on TensorFlow."""

__all__ = [
    "ActivationAtlas",
    "ActivationGrid",
    "Attribution",
    "Bundle",
    "ChannelAttribution",
    "Comparison",
    "Localisation",
    "NeuronGroups",
    "TensorviewError",
    "TopPatches",
    "Trace",
    "Visualization",
    "__version__",
    "activation_atlas",
    "activation_grid",
    "attribute",
    "channel_attribution",
    "compare",
    "deconvolve",
    "export",
    "load_model",
    "localise",
    "methods",
    "neuron_groups",
    "open_bundle",
    "pointing_game",
    "read_inputs",
    "top_patches",
    "trace",
    "visualize",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tensorview' has no attribute {name!r}")
    if name in _RUNS:
        from tensorview.backend import require_keras

        require_keras()
    value = getattr(importlib.import_module(f"tensorview.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
