"""describe(): from a Keras layer to what the page says about it, by the nearest known class along its ancestry."""

from __future__ import annotations

from typing import Any

from tensorview.layers import (
    activation,
    attention,
    conv,
    core,
    dense,
    embedding,
    merge,
    norm,
    operation,
    pool,
    preprocessing,
    recurrent,
    regularization,
    reshape,
)
from tensorview.layers.description import Description, Entry, Layout, Shape
from tensorview.layers.layout import by_rank, model_input
from tensorview.layers.stored import count, first_shape
from tensorview.manifest import Fact, Role

LAYERS: dict[str, Entry] = {
    **activation.ENTRIES,
    **attention.ENTRIES,
    **conv.ENTRIES,
    **core.ENTRIES,
    **dense.ENTRIES,
    **embedding.ENTRIES,
    **merge.ENTRIES,
    **norm.ENTRIES,
    **pool.ENTRIES,
    **preprocessing.ENTRIES,
    **recurrent.ENTRIES,
    **regularization.ENTRIES,
    **reshape.ENTRIES,
}
OPERATIONS: dict[str, Entry] = operation.ENTRIES
INPUT = Entry(kind="input", role="input", layout=model_input)
UNKNOWN = Entry(kind="other")


def entry(layer: Any, class_name: str) -> tuple[Entry, bool]:
    """The entry of a layer's nearest known ancestor, and whether it is one of its own (not the last resort).

    Only Keras's own classes count, so that a user's class that happens to be called "Dense" is not taken for one.
    Without a layer object the class name must do.
    """
    if layer is None:
        if class_name == "InputLayer":
            return INPUT, True
        found = LAYERS.get(class_name) or OPERATIONS.get(class_name)
        return (found, True) if found else (UNKNOWN, False)
    for ancestor in type(layer).__mro__:
        package = ancestor.__module__.partition(".")[0]
        if package not in ("keras", "keras_hub", "keras_cv", "keras_nlp"):
            continue
        table = LAYERS if _is_layer(ancestor) else OPERATIONS
        if ancestor.__name__ in table:
            return table[ancestor.__name__], True
    return UNKNOWN, False


def _layout(known: Entry, layer: Any, shape: Shape, inputs: tuple[Layout, ...]) -> Layout:
    inner = getattr(layer, "layer", None) if known.wraps else None
    if inner is not None:
        return _layout(entry(inner, type(inner).__name__)[0], inner, shape, inputs)
    return (known.layout or by_rank)(layer, shape, inputs)


def _facts(known: Entry, layer: Any) -> tuple[Fact, ...]:
    if known.facts is None or layer is None:
        return ()
    try:
        return known.facts(layer)
    except Exception:  # a subclass need not have what its Keras ancestor has; that is no reason to show nothing
        return ()


def _is_layer(ancestor: type) -> bool:
    return any(base.__name__ == "Layer" and base.__module__.startswith("keras.") for base in ancestor.__mro__)


def describe(
    layer: Any, class_name: str, shape: Any, inputs: tuple[Description, ...] = (), *, scores: bool = False
) -> Description:
    """What to say about one call of a layer.

    `layer` is the Keras Layer or Operation, None for an input of the model. `shape` is this run's output shape, batch
    included, or a structure of such. `inputs` describes the calls whose outputs this one takes, where they are known:
    layers that work value by value take the names of the axes from there (channels_first, attention heads).
    `scores`: the output is the scores of an attention.
    A class that is not known is described by the rank of its output; nothing here raises for an odd layer.
    """
    known = attention.SCORES if scores else entry(layer, class_name)[0]
    whole = first_shape(shape)
    if whole is None:
        layout = Layout(form="generic", axes=(), channel_axis=None)
        return Description(
            kind=known.kind, role=known.role, layout=layout, facts=(), note="this call returns no tensor"
        )
    rest = whole[1:]
    layout = _layout(known, layer, rest, tuple(item.layout for item in inputs))
    role: Role = known.role
    if role == "merge" and len(inputs) == 1 and known is OPERATIONS.get(class_name):
        role = "stub"  # x * 2: one line in, one line out, nothing meets here
    facts = _facts(known, layer)
    several = count(shape)
    note = f"returns {several} tensors; the first is shown" if several > 1 else known.note
    return Description(kind=known.kind, role=role, layout=layout, facts=facts, note=note)
