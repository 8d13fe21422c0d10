"""Attention."""

from __future__ import annotations

from tensorview.layers.description import Entry
from tensorview.layers.facts import flags, named, together, unless_zero
from tensorview.layers.layout import queries, scores

_SCALED = together(named(score="score_mode"), unless_zero(dropout="dropout"), flags(scaled="use_scale"))

SCORES = Entry(kind="attention", layout=scores, note="how much of each key's value goes to each query, head by head")

ENTRIES = {
    "AttentionScores": SCORES,
    "Attention": Entry(kind="attention", layout=queries, facts=_SCALED),
    "AdditiveAttention": Entry(kind="attention", layout=queries, facts=_SCALED),
    "MultiHeadAttention": Entry(
        kind="attention",
        layout=queries,
        facts=together(
            named(heads="num_heads", key_size="key_dim", value_size="value_dim"), unless_zero(dropout="dropout")
        ),
    ),
    "GroupedQueryAttention": Entry(
        kind="attention",
        layout=queries,
        facts=named(query_heads="num_query_heads", key_value_heads="num_key_value_heads", head_size="head_dim"),
    ),
}
