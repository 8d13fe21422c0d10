"""A layer's variables: names, shapes, statistics, and as many of their values as a page can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorview.manifest import Summary
from tensorview.quantised import true_weights
from tensorview.statistics import as_numbers, summarize

WHOLE = 65_536
"""Variables up to this many values are kept whole, if nothing else is said."""
PART = 8_192
"""Values that are kept of larger kernels, in whole filters or units; more only where one alone is larger."""
LARGEST = 65_536
"""Of a kernel whose one filter is larger than this nothing is kept."""
FLAT = 4_096
"""Values that are kept of other large variables: their first rows and columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One variable of a layer.

    `shape` and `dtype` are the variable's own; of a quantised layer the shape and values are those of the weights that
    it stands for. `stored` is float32, conv kernels as (out, in, kh, kw), or None where nothing is worth keeping;
    `source` is the full stored shape where it was cut, `kept` the filters or units that it was cut to, where those are
    whole. `rgb`: its input channels are red, green and blue.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    summary: Summary
    stored: np.ndarray | None
    source: tuple[int, ...] | None
    rgb: bool
    kept: tuple[int, ...] | None = None


def kernels(
    layer: Any, first: bool = False, skip: Set[int] = frozenset(), *, whole: float = WHOLE, wanted: Sequence[int] = ()
) -> tuple[Kernel, ...]:
    """All weights of a layer, in its own order.

    `first`: the layer reads a colour picture. `skip`: ids of variables to leave out. `whole`: variables up to so many
    values are kept whole. `wanted`: channels whose filters are to be kept first of a larger kernel. Stored order:
    convolutions (out, in, kh, kw) or (out, in, kd, kh, kw), 1-D ones (out, in, 1, k); depthwise ones
    (channels × multiplier, 1, kh, kw) in the order of the channels that they make; all others as the layer has them.
    """
    found: list[Kernel] = []
    used: set[str] = set()
    for owner, name, variable in _variables(layer):
        if id(variable) in skip:
            continue
        unique = name
        while unique in used:
            unique += "'"
        used.add(unique)
        found.append(_kernel(owner, unique, variable, first=first, whole=whole, wanted=wanted))
    return tuple(found)


def filters(layer: Any) -> np.ndarray | None:
    """The filters of a convolution or the units of a dense layer, float32 (filters, values of one); None for others."""
    variable = getattr(layer, "kernel", None) if getattr(layer, "built", False) else None
    if variable is None or len(getattr(variable, "shape", ())) < 2:
        return None
    values = true_weights(layer, "kernel")
    numbers = as_numbers(np.asarray(variable.numpy()) if values is None else values)
    order = _order(layer, "kernel")
    dense = any(base.__name__ == "Dense" and base.__module__.startswith("keras.") for base in type(layer).__mro__)
    if numbers is None or (order is None and not (dense and numbers.ndim == 2)):
        return None
    rows = numbers.T if order is None else in_stored_order(numbers, order)
    return np.ascontiguousarray(rows.reshape(len(rows), -1), dtype=np.float32)


def _kernel(owner: Any, name: str, variable: Any, *, first: bool, whole: float, wanted: Sequence[int]) -> Kernel:
    last = name.rpartition("/")[2]
    values = true_weights(owner, last)
    if values is None:
        values = np.asarray(variable.numpy())
    numbers = as_numbers(values)
    stored, source, kept, order = None, None, None, _order(owner, last)
    if numbers is not None and numbers.size:
        every = numbers if order is None else in_stored_order(numbers, order)
        # Filters come first, units last; of other variables one can't tell.
        axis = 0 if order is not None else every.ndim - 1 if last == "kernel" and every.ndim == 2 else None
        stored, kept = cut(every, axis, whole, wanted)
        if stored is not None:
            source = every.shape if stored.shape != every.shape else None
            stored = np.ascontiguousarray(stored, dtype=np.float32)
    rgb = first and order == "conv" and stored is not None and stored.ndim == 4 and stored.shape[1] == 3
    return Kernel(
        name=name,
        shape=tuple(values.shape),
        dtype=_dtype(variable),
        trainable=bool(variable.trainable),
        summary=summarize(values),
        stored=stored,
        source=source,
        rgb=rgb,
        kept=kept,
    )


def _variables(layer: Any) -> Iterator[tuple[Any, str, Any]]:
    """(owner, name, variable) of each weight. The name of an inner layer's weight begins with that layer's name."""
    owners: dict[int, tuple[Any, str]] = {}

    def walk(inner: Any, prefix: str, depth: int) -> None:
        own = [*getattr(inner, "_trainable_variables", ()), *getattr(inner, "_non_trainable_variables", ())]
        for variable in own:
            owners.setdefault(id(variable), (inner, prefix))
        if depth < 50:
            for child in getattr(inner, "_layers", ()):
                walk(child, f"{prefix}{getattr(child, 'name', type(child).__name__)}/", depth + 1)

    walk(layer, "", 0)
    for variable in getattr(layer, "weights", ()):
        owner, prefix = owners.get(id(variable), (None, ""))
        yield owner, prefix + str(variable.name).partition(":")[0], variable


ORDERS = {
    ("BaseConv", "kernel"): "conv",
    ("BaseConvTranspose", "kernel"): "transposed",
    ("BaseDepthwiseConv", "kernel"): "depthwise",
    ("BaseDepthwiseConv", "depthwise_kernel"): "depthwise",
    ("BaseSeparableConv", "depthwise_kernel"): "depthwise",
    ("BaseSeparableConv", "pointwise_kernel"): "conv",
    ("ConvLSTMCell", "kernel"): "conv",
    ("ConvLSTMCell", "recurrent_kernel"): "conv",
}


def _order(owner: Any, name: str) -> str | None:
    """How Keras keeps a convolution's kernel; None for what is no convolution's."""
    for ancestor in type(owner).__mro__:
        if ancestor.__module__.startswith("keras.") and (ancestor.__name__, name) in ORDERS:
            return ORDERS[ancestor.__name__, name]
    return None


def in_stored_order(values: np.ndarray, order: str) -> np.ndarray:
    """A kernel (window..., in, out) as (out, in, window...), a window of one axis as (1, k).

    order: "conv" as above; "transposed" comes as (window..., out, in); "depthwise" as (window..., in, multiplier) and
    goes to (in × multiplier, 1, window...).
    """
    window = values.ndim - 2
    places = tuple(range(window))
    if order == "depthwise":
        moved = values.transpose(window, window + 1, *places).reshape(-1, 1, *values.shape[:window])
    elif order == "transposed":
        moved = values.transpose(window, window + 1, *places)
    else:
        moved = values.transpose(window + 1, window, *places)
    return moved[:, :, None, :] if window == 1 else moved


def cut(
    values: np.ndarray, axis: int | None, whole: float = WHOLE, wanted: Sequence[int] = ()
) -> tuple[np.ndarray | None, tuple[int, ...] | None]:
    """As much of a variable in stored order as is kept, and the entries along `axis` that it was cut to.

    All of a small one; whole entries along `axis` (filters, units), the wanted ones first, of a large one, or None
    where one alone would be too large; without an axis the first entries of each.
    """
    if values.size <= max(1, whole):
        return values, None
    if axis is not None:
        count = values.shape[axis]
        one = values.size // count
        if one > LARGEST:
            return None, None
        asked = [place for place in dict.fromkeys(wanted) if place < count]
        order = [*asked, *(place for place in range(count) if place not in set(asked))]
        kept = tuple(sorted(order[: max(1, PART // one)]))
        return np.take(values, kept, axis=axis), kept
    long = [place for place, size in enumerate(values.shape) if size > 1]
    side = max(1, int(FLAT ** (1 / len(long))))
    return values[tuple(slice(side) for _ in values.shape)], None


def _dtype(variable: Any) -> str:
    return str(getattr(variable.dtype, "name", variable.dtype))
