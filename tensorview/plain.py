"""A bundle as one JSON document of plain numbers, for programs in any language. Documented in docs/json.md."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tensorview.bundle import Bundle, own_order
from tensorview.manifest import HeatMap, TensorRef

FORMAT = "tensorview-json-1"


def render(bundle: Bundle) -> Iterator[bytes]:
    """The document in chunks of UTF-8."""
    manifest = bundle.manifest
    data = manifest.to_json()
    head = {
        key: data[key]
        for key in ("generator", "created", "title", "model", "inputs", "edges", "groups", "methods", "notes", "labels")
    }
    yield b'{"format":' + _dump(FORMAT) + b"," + _dump(head)[1:-1] + b',"nodes":['
    for index, (node, raw) in enumerate(zip(manifest.nodes, data["nodes"], strict=True)):
        weights = [
            {**_strip(w, "tensor"), **_values(bundle, weight.tensor)}
            for w, weight in zip(raw["weights"], node.weights, strict=True)
        ]
        yield _comma(index) + _dump({**raw, "weights": weights})
    yield b'],"samples":['
    for index, (sample, raw) in enumerate(zip(manifest.samples, data["samples"], strict=True)):
        yield _comma(index) + b'{"name":' + _dump(sample.name) + b',"predictions":' + _dump(raw["predictions"])
        yield b',"pictures":[' + b",".join(
            _dump({"node": picture.node, **_values(bundle, picture.tensor)}) for picture in sample.pictures
        )
        yield b'],"activations":['
        for place, activation in enumerate(sample.activations):
            node = bundle.node(activation.node)
            entry = {"node": node.id, "summary": raw["activations"][place]["summary"]}
            if activation.tensor is not None:
                values = own_order(node, bundle.tensor(activation.tensor), activation.tensor)
                entry |= {
                    "shape": list(values.shape),
                    "reduced_from": list(node.shape) if activation.tensor.source is not None else None,
                    "precision": _precision(bundle, activation.tensor),
                    "values": numbers(values, _digits(activation.tensor)),
                }
            if activation.mask is not None:
                entry["mask"] = bundle.tensor(activation.mask).tolist()
            yield _comma(place) + _dump(entry)
        yield b"]}"
    yield b'],"attributions":['
    for index, (item, raw) in enumerate(zip(manifest.attributions, data["attributions"], strict=True)):
        maps = {kind: [_heat(bundle, heat) for heat in getattr(item, kind)] for kind in ("inputs", "layers")}
        weights = [{"node": w.node, **_values(bundle, w.tensor)} for w in item.weights]
        made = item.gradients
        slopes = made and {"node": made.node, "channels": made.channels, **_values(bundle, made.tensor)}
        yield _comma(index) + _dump({**raw, **maps, "weights": weights, "gradients": slopes})
    yield b'],"projections":['
    for index, (shown, raw) in enumerate(zip(manifest.projections, data["projections"], strict=True)):
        inputs = [{"node": one.node, **_values(bundle, one.tensor)} for one in shown.inputs]
        pools = [
            {**part, **{name: _values(bundle, getattr(pool, name)) for name in ("switches", "pooled", "unpooled")}}
            for part, pool in zip(raw["pools"], shown.pools, strict=True)
        ]
        yield _comma(index) + _dump({**raw, "inputs": inputs, "pools": pools})
    yield b"]}\n"


def numbers(values: np.ndarray, digits: int = 7) -> Any:
    """Nested lists of numbers with so many significant digits; "NaN", "Infinity", "-Infinity" as text."""
    if values.dtype.kind in "iu":
        return values.tolist()
    finite = np.isfinite(values)
    wide = np.where(finite, values, 0).astype(np.float64)
    first = np.floor(np.log10(np.abs(wide), where=wide != 0, out=np.zeros_like(wide)))
    unit = 10.0 ** np.clip(digits - 1 - first, -300, 300)
    rounded = np.round(wide * unit) / unit
    if finite.all():
        return rounded.tolist()
    named = rounded.astype(object)
    named[~finite] = [_name(value) for value in values[~finite].tolist()]
    return named.tolist()


def _name(value: float) -> Any:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _digits(ref: TensorRef) -> int:
    """Of values read from codes fewer are worth writing."""
    return 7 if ref.quant is None else 6


def _precision(bundle: Bundle, ref: TensorRef) -> list[float]:
    """Half a quantisation step for each channel: how far a value may be from the model's own; [0] for exact ones."""
    if ref.quant is None:
        return [0.0]
    scale = np.frombuffer(bundle.blob(ref.blob), "<f4", ref.shape[0], ref.quant)
    return [float(f"{abs(step) / 2:.7g}") for step in scale.tolist()]


def _values(bundle: Bundle, ref: TensorRef | None) -> dict[str, Any]:
    if ref is None:
        return {"values": None}
    values = bundle.tensor(ref)
    return {
        "stored_shape": list(ref.shape),
        "cut_from": None if ref.source is None else list(ref.source),
        "precision": _precision(bundle, ref),
        "values": numbers(values, _digits(ref)),
    }


def _heat(bundle: Bundle, heat: HeatMap) -> dict[str, Any]:
    raw = None if heat.raw is None else numbers(bundle.tensor(heat.raw))
    return {
        "node": heat.node, "blank": heat.blank, "peak": heat.peak, "signed": heat.signed,
        **_values(bundle, heat.tensor), "raw": raw,
    }  # fmt: skip


def _strip(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in names}


def _comma(index: int) -> bytes:
    return b"," if index else b""


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
