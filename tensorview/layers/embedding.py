"""Embeddings: a vector for each token."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import flags, named, together

_TOKENS = named(vocabulary="input_dim", size="output_dim")

ENTRIES = {
    "Embedding": Entry(kind="embedding", facts=together(_TOKENS, flags(masks_zero="mask_zero"))),
    "ReversibleEmbedding": Entry(kind="embedding", facts=together(_TOKENS, flags(tied="tie_weights"))),
}
