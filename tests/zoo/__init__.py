"""The zoo: small models built in code, each with its graph written by hand. One family a file.

`docs/supported-models.md` lists them; `scripts/supported_models.py` writes it.
"""

from __future__ import annotations

import importlib

from zoo.case import Case, collected

FAMILIES = {
    "sequential": "Sequential",
    "functional": "Functional",
    "nested": "Nested models",
    "shared": "Shared layers",
    "multi_io": "Several inputs and outputs",
    "operations": "Operations between layers",
    "subclassed": "Subclassed models and layers",
    "deep_wide": "Deep and wide",
    "recurrent": "Recurrent layers and wrappers",
    "attention": "Attention",
    "conv": "Convolution, pooling and resampling",
    "normalisation": "Normalisation and activations",
    "preprocessing": "Preprocessing",
    "augmentation": "Augmentation and regularisation",
    "numbers": "Kinds of numbers",
    "quantised": "Quantised layers and LoRA",
    "backbones": "Backbones",
}
"""Module of each family and its title."""


def cases(*families: str) -> list[Case]:
    """The models of these families, or of all."""
    for family in families or FAMILIES:
        importlib.import_module(f"zoo.{family}")
    return [case for case in collected if case.family in (families or FAMILIES)]
