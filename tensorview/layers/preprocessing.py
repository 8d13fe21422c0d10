"""Layers that prepare inputs, and augmentation, which rests in a forward pass."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, named, text
from tensorview.layers.layout import like_input, spatial, spectrum
from tensorview.manifest import Fact


def _vocabulary(layer: Any) -> Facts:
    size = getattr(layer, "vocabulary_size", None)
    facts = [Fact(name="vocabulary", value=text(size()))] if callable(size) else []
    return (*facts, *named(output="output_mode", max_tokens="max_tokens")(layer))


def _edges(layer: Any) -> Facts:
    edges = getattr(layer, "bin_boundaries", None)
    return () if edges is None else (Fact(name="bins", value=str(len(edges) + 1)),)


_AUGMENTATION = Entry(
    kind="other",
    role="stub",
    layout=like_input,
    facts=named(mode="mode", rate="rate", factor="factor", height_factor="height_factor", width_factor="width_factor"),
    note="acts in training only: here it hands on what it is given",
)
_PICTURE = Entry(kind="other", layout=spatial, facts=named(height="height", width="width"))
_CHANGED = Entry(kind="other", layout=like_input)
_LOOKUP = Entry(kind="other", layout=like_input, facts=_vocabulary)
_HASH = Entry(kind="other", layout=like_input, facts=named(bins="num_bins", output="output_mode"))

_RESTING = (
    "AugMix CutMix Equalization MaxNumBoundingBoxes MixUp RandAugment RandomBrightness RandomColorDegeneration "
    "RandomColorJitter RandomContrast RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur "
    "RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation "
    "RandomSharpness RandomShear RandomTranslation RandomZoom Solarization"
)
"""Layers that act in training only."""

ENTRIES = {
    "Rescaling": Entry(kind="other", role="stub", layout=like_input, facts=named(scale="scale", offset="offset")),
    "Normalization": Entry(
        kind="norm", role="stub", layout=like_input, facts=named(axis="axis", mean="mean", variance="variance")
    ),
    "Resizing": Entry(
        kind="other", layout=spatial, facts=named(height="height", width="width", interpolation="interpolation")
    ),
    "CenterCrop": _PICTURE,
    "RandomCrop": _PICTURE,
    "AutoContrast": _CHANGED,
    "ContrastLimitedAdaptiveHistogramEqualization": Entry(
        kind="other", layout=like_input, facts=named(clip_limit="clip_limit", tiles="tile_grid_size")
    ),
    "CategoryEncoding": Entry(kind="other", facts=named(tokens="num_tokens", output="output_mode")),
    "Discretization": Entry(kind="other", layout=like_input, facts=_edges),
    "Hashing": _HASH,
    "HashedCrossing": _HASH,
    "IntegerLookup": _LOOKUP,
    "StringLookup": _LOOKUP,
    "TextVectorization": Entry(kind="other", facts=_vocabulary),
    "MelSpectrogram": Entry(
        kind="other",
        layout=spectrum,
        facts=named(
            bands="num_mel_bins", window="sequence_length", stride="sequence_stride", sampling_rate="sampling_rate"
        ),
    ),
    "STFTSpectrogram": Entry(
        kind="conv",
        facts=named(mode="mode", window="frame_length", stride="frame_step", fft="fft_length"),
    ),
    "Pipeline": Entry(kind="other", layout=like_input),
    **dict.fromkeys(_RESTING.split(), _AUGMENTATION),
}
