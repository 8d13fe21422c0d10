"""The calls inside Keras's attention layers, as a run makes them."""

from __future__ import annotations

from typing import Any

from tensorview.errors import ModelError
from tensorview.fast.network import Layer
from tensorview.fast.run import Call, Run, Value, begin, end, values_in


def projected(run: Run, around: Call, args: list[Any], kwargs: dict[str, Any], rank: int | None) -> Value:
    """MultiHeadAttention and GroupQueryAttention: projections, scores and the output's projection."""
    names = ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    query, value = given.get("query"), given.get("value")
    if not isinstance(query, Value) or not isinstance(value, Value):
        raise ModelError(f"its attention {around.layer.name[:80]!r} is called without query or value")
    key = given.get("key")
    key = key if isinstance(key, Value) else value
    hidden = [given[name].sources for name in names[3:] if isinstance(given.get(name), Value)]
    hidden += [part.mask for part in (query, value, key) if part.mask]
    kept = query.mask
    if around.layer.class_name == "MultiHeadAttention":
        query.mask = value.mask = key.mask = None  # the layer takes them off its inputs
    config = around.layer.config
    gate = []
    if config.get("use_gate"):
        gate = [end(run, _part(run, around, "gate", "EinsumDense"), [query])]
    asked = end(run, _part(run, around, "query", "EinsumDense"), [query])
    found = end(run, _part(run, around, "key", "EinsumDense"), [key])
    content = end(run, _part(run, around, "value", "EinsumDense"), [value])
    dropout = isinstance(config.get("dropout"), int | float) and config["dropout"] > 0
    if dropout or kwargs.get("return_attention_scores") is True or (rank is not None and rank != 3):
        call = _part(run, around, "softmax", "Softmax")
        call.scores = True
        scores = end(run, call, [asked, found, *hidden])
        if dropout:
            scores = end(run, _part(run, around, "dropout", "Dropout"), [scores])
    else:
        call = _scores(run, around, around.id)
        scores = end(run, call, [asked, found, *hidden])
    result = end(run, _part(run, around, "attention_output", "EinsumDense"), [scores, content, *gate])
    result.mask = kept
    return result


def dotted(run: Run, call: Call, filled: tuple[list[Any], dict[str, Any]], previous: list[Any], shape: Any) -> Value:
    """Attention and AdditiveAttention: the scores lie beside the layer."""
    args, kwargs = filled
    parts = list(values_in(args[:1])) or list(values_in(kwargs.get("inputs")))
    if len(parts) < 2:
        raise ModelError(f"its attention {call.layer.name[:80]!r} is called without query or value")
    hidden = [mask for mask in previous[1:2] if mask]
    scores = end(run, _scores(run, call, call.group), [parts[0], parts[2] if len(parts) > 2 else parts[1], *hidden])
    result = end(run, call, [scores, parts[1], *[mask for mask in previous[:1] if mask]], shape)
    result.mask = previous[0] if previous else None
    return result


def _part(run: Run, around: Call, name: str, class_name: str) -> Call:
    key = (id(around.layer), name)
    if key not in run.inner:
        run.inner[key] = Layer(name, class_name, "keras.layers", None, {})
    return begin(run, run.inner[key], around.id)


def _scores(run: Run, around: Call, group: str | None) -> Call:
    name = f"{around.id}/scores"
    layer = Layer(f"{around.layer.name}/scores", "AttentionScores", None, None, {})
    return Call(run.names.unique(name), layer, around.call, group, scores=True)
