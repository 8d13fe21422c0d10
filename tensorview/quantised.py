"""The weights that quantised and LoRA layers really use, which may be stored packed, scaled or in parts."""

from __future__ import annotations

from typing import Any

import numpy as np

NAMES = {"kernel": ("kernel", "_kernel"), "embeddings": ("embeddings", "_embeddings")}


def true_weights(layer: Any, name: str) -> np.ndarray | None:
    """The effective float32 values of a layer's `kernel` or `embeddings`; None where the variable is what it says.

    int8: codes over their scale, int4: unpacked, then per channel or per group of inputs; with LoRA its two factors
    are added. float8 layers keep full-precision kernels and need nothing.
    """
    if name not in NAMES:
        return None
    mode = getattr(layer, "quantization_mode", None)
    lora = bool(getattr(layer, "lora_enabled", False))
    if mode not in ("int8", "int4") and not lora:
        return None
    values = _numbers(getattr(layer, NAMES[name][1]))
    if mode == "int4":
        values = _unpacked(values, _columns(layer, name))
    if mode in ("int8", "int4"):
        values = _scaled(layer, name, values.astype(np.float32))
    shape = getattr(layer, "original_kernel_shape", None)
    if mode == "int4" and shape is not None:
        values = values.reshape(shape)
    if lora:
        first, second = (_numbers(getattr(layer, f"lora_{name}_{part}")) for part in "ab")
        values = values + float(layer.lora_alpha / layer.lora_rank) * (first @ second)
    return np.asarray(values, np.float32)


def _numbers(variable: Any) -> np.ndarray:
    return np.asarray(variable.numpy())


def _columns(layer: Any, name: str) -> int:
    if hasattr(layer, "_int4_unpacked_column_size"):
        return int(layer._int4_unpacked_column_size)
    return int(layer._orig_output_dim)


def _unpacked(packed: np.ndarray, columns: int) -> np.ndarray:
    """Two values of four bits a byte, low half first, along the last axis; `columns` drops a filler at the end."""
    low, high = packed.astype(np.int8) << 4 >> 4, packed.astype(np.int8) >> 4
    both = np.stack([low, high], axis=-1).reshape(*packed.shape[:-1], -1)
    return both[..., :columns]


def _scaled(layer: Any, name: str, codes: np.ndarray) -> np.ndarray:
    scale = _numbers(getattr(layer, f"{name}_scale")).astype(np.float32)
    zero = getattr(layer, f"{name}_zero", None)
    groups = getattr(layer, "g_idx", None)
    if zero is not None and groups is not None:  # a scale and a zero for each group of inputs
        place, axis = _numbers(groups).astype(int), -1 if name == "embeddings" else 0
        return np.asarray((codes - np.take(_numbers(zero), place, axis)) * np.take(scale, place, axis))
    if name == "embeddings":
        scale = scale[..., None]
    elif hasattr(layer, "_adjust_scale_for_dequant") and scale.ndim > 1 and layer.quantization_mode == "int8":
        scale = np.asarray(layer._adjust_scale_for_dequant(layer.kernel_scale.value))  # aligned with the equation
    return np.asarray(codes / scale)
