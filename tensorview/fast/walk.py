"""A configuration -> the graph that a run of the model would make: calls, edges, nesting, ids as in a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorview import modelfile
from tensorview.errors import ModelError
from tensorview.fast import attention, masks
from tensorview.fast.network import Layer, Network, Place, Tensor, read_layer, read_network, tensors_in
from tensorview.fast.run import Call, Run, Value, begin, end, values_in
from tensorview.graph import Group, Node
from tensorview.naming import input_name

_DEEPEST = 200
"""Models within models."""
_HIDDEN = ("StackedRNNCells",)
"""Keras's own layers that make calls of others, which are not told from the file."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The graph of a model that was not run.

    nodes, groups, edges, output_ids: as in a Trace, but shapes are those of the file (None for an open size; None as a
    whole where it says nothing). unknown: nodes of which the file doesn't say what is inside: classes of their own.
    """

    name: str
    class_name: str
    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    edges: tuple[tuple[str, str], ...]
    output_ids: tuple[str | None, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a call stands: its group, how deep, its result's shape and dtype, its arguments as the file has them."""

    group: str | None
    depth: int
    shape: tuple[Any, str | None] = (None, None)
    arguments: tuple[list[Any], dict[str, Any]] = ([], {})


def read(path: Path) -> Outline:
    """The graph of the model in a .keras file or folder, a .h5 or a .json file.

    Raises ModelError for a file that is damaged, foreign or hostile, or whose configuration doesn't fit together.
    """
    try:
        return outline(modelfile.read_configuration(path))
    except ModelError as error:
        text = str(error)
        raise ModelError(text if str(path) in text else f"{path} describes no model: {text}") from error
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, RecursionError) as error:
        raise ModelError(f"{path} describes no model that can be read ({type(error).__name__})") from error


def outline(config: dict[str, Any]) -> Outline:
    """The graph of the model that `config` describes. Raises ModelError where it doesn't fit together."""
    model = read_layer(config)
    if not model.is_network:
        if model.is_keras_network:
            raise ModelError(f"the configuration of its {model.class_name} lists no layers")
        note = (
            f"{model.class_name[:80]} is a class of its own: what it does is written in its code, not in the file, so "
            "nothing is known of it without running it; leave --fast out."
        )
        return Outline(model.name, model.class_name, (), (), (), (), (), (note,))
    run = Run()
    outputs = _whole(run, model)
    nodes = tuple(
        Node(
            id=call.id, layer=call.layer.name, class_name=call.class_name or call.layer.class_name, call=call.call,
            group=call.group, shape=call.shape, dtype=call.dtype, scores=call.scores,
        )
        for call in run.calls
    )  # fmt: skip
    groups = tuple(
        Group(
            id=call.id, layer=call.layer.name, class_name=call.layer.class_name, call=call.call, group=call.group,
            shape=call.shape, dtype=call.dtype,
        )
        for call in run.groups.values()
    )  # fmt: skip
    place = {call.id: index for index, call in enumerate(run.calls)}
    last = tuple(max(value.sources, key=place.__getitem__, default=None) for value in outputs)
    return Outline(
        model.name, model.class_name, nodes, groups, tuple(run.edges), last, tuple(run.unknown), _notes(run, model)
    )


def _notes(run: Run, model: Layer) -> tuple[str, ...]:
    notes = []
    if not model.is_keras:
        notes.append(
            f"The model's class, {model.class_name[:80]}, is one of its own: its code may call the layers otherwise."
        )
    if run.unknown:
        listed = ", ".join(repr(name[:80]) for name in run.unknown[:5])
        more = f" and {len(run.unknown) - 5} more" if len(run.unknown) > 5 else ""
        notes.append(
            f"Not known without running the model: what is inside {listed}{more}, classes of their own, and which of "
            "their inputs they use."
        )
    return tuple(notes)


def _whole(run: Run, model: Layer) -> list[Value]:
    network = _network(run, model)
    given = []
    for index, (name, _, _) in enumerate(network.inputs):
        layer = network.layers.get(name)
        if layer is None:
            raise ModelError(f"it has an input {name[:80]!r} that is none of its layers")
        shown = input_name(name, index, len(network.inputs))
        shape = layer.config.get("batch_shape", layer.config.get("batch_input_shape"))
        call = Call(run.names.unique(shown), layer, 0, None, class_name="InputLayer")
        call.layer = Layer(shown, "InputLayer", layer.module, None, layer.config)
        call.shape = tuple(shape) if isinstance(shape, list) else None
        dtype = layer.config.get("dtype")
        call.dtype = dtype if isinstance(dtype, str) else None
        run.calls.append(call)
        given.append(Value((call.id,)))
    return _through(run, network, given, None, 0)


def _network(run: Run, layer: Layer) -> Network:
    if id(layer) not in run.networks:
        run.networks[id(layer)] = read_network(layer.config)
    return run.networks[id(layer)]


def _through(run: Run, network: Network, given: list[Value], group: str | None, depth: int) -> list[Value]:
    """The outputs of a network that is called with `given`."""
    if depth > _DEEPEST:
        raise ModelError(f"it has models within models more than {_DEEPEST} deep")
    if len(given) != len(network.inputs):
        raise ModelError(f"a model in it that takes {len(network.inputs)} inputs is called with {len(given)}")
    known: dict[tuple[str, int, int], Value] = dict(zip(network.inputs, given, strict=True))
    results: dict[tuple[str, int], list[Value]] = {}

    def value(place: Place) -> Value:
        if place in known:
            return known[place]
        made = results.get(place[:2])
        if not made:
            raise ModelError(f"a call in it takes a result of {place[0][:80]!r} that there is not")
        return made[min(place[2], len(made) - 1)]

    shapes = _shapes(network)
    for name, index in network.order:
        layer = network.layers[name]
        if not layer.calls:
            continue
        args, kwargs = layer.calls[index]
        filled = (_filled(args, value), _filled(kwargs, value))
        site = _Site(group, depth, shapes.get((name, index), (None, None)), layer.calls[index])
        results[name, index] = _call(run, layer, filled, site)
    return [value(place) for place in network.outputs]


def _filled(structure: Any, value: Callable[[Any], Value]) -> Any:
    """Arguments with the values of a run in the place of tensors."""
    if isinstance(structure, list):
        return [_filled(part, value) for part in structure]
    if isinstance(structure, dict):
        return {key: _filled(part, value) for key, part in structure.items()}
    if isinstance(structure, Tensor):
        return value(structure.place)
    return structure


def _shapes(network: Network) -> dict[tuple[str, int], tuple[Any, str | None]]:
    """Shape and dtype of each call's first result, as those say that take it."""
    found: dict[tuple[str, int], tuple[Any, str | None]] = {}
    for layer in network.layers.values():
        for call in layer.calls:
            for tensor in tensors_in([call[0], call[1]]):
                if isinstance(tensor, Tensor) and tensor.place[2] == 0 and tensor.shape is not None:
                    found[tensor.place[:2]] = (tensor.shape, tensor.dtype)
    return found


# Calls ------------------------------------------------------------------------------------------------------------


def _call(run: Run, layer: Layer, filled: tuple[list[Any], dict[str, Any]], site: _Site) -> list[Value]:
    """The results of one call of a layer or operation."""
    args, kwargs = filled
    passed_by = layer.is_keras and not masks.matters(layer.class_name, layer.config)
    used = {key: value for key, value in kwargs.items() if key != "mask" or not passed_by}
    values = list(values_in([args, used]))
    before = len(run.calls)
    call = begin(run, layer, site.group)
    first = list(values_in(args[:1] or list(kwargs.values())[:1]))
    explicit = list(values_in(kwargs.get("mask")))
    previous = [item.sources for item in explicit] if explicit else [item.mask for item in first]
    if layer.is_network:
        for item, mask in zip(first, explicit, strict=False):
            item.mask = mask.sources
        made = _through(run, _network(run, layer), first, call.id, site.depth + 1)
    elif layer.is_keras and layer.class_name in ("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention"):
        made = [attention.projected(run, call, args, kwargs, _rank(site.arguments))]
        if kwargs.get("return_attention_scores") is True:
            softmax = next(c.id for c in run.calls[before:] if c.id.startswith(f"{call.id}/softmax"))
            made.append(Value((softmax,)))
    elif layer.is_keras and (inner := _inner(run, layer)):
        made = first
        for one in inner:
            made = _call(run, one, (list(made), {}), _Site(call.id, site.depth + 1))
    else:
        made = []
    if made and len(run.calls) > before:
        run.groups[call.id] = call
        call.shape, call.dtype = site.shape
        _mask(layer, made, previous, values)
        return made
    if layer.is_keras and layer.class_name in ("Attention", "AdditiveAttention"):
        return [attention.dotted(run, call, filled, previous, site.shape)]
    # Keras hands a layer the mask of its input where that is the only argument with tensors.
    alone = sum(any(values_in(part)) for part in (*args, *(v for k, v in kwargs.items() if k != "mask"))) == 1
    unseen = [mask for mask in previous if mask] if alone and not explicit and not passed_by else []
    result = end(run, call, [*values, *unseen], site.shape)
    if not layer.is_keras or layer.class_name in _HIDDEN:
        run.unknown.append(call.id)
    _mask(layer, [result], previous, values)
    return _several(layer, result)


def _several(layer: Layer, result: Value) -> list[Value]:
    """The results of a call; only the first of a recurrent layer's has the mask."""
    if layer.class_name in masks.RECURRENT and result.mask:
        return [result, Value(result.sources)]
    return [result]


def _mask(layer: Layer, made: list[Value], previous: list[Any], values: list[Value]) -> None:
    """Give the results of a call the mask that Keras gives them."""
    if any(value.mask is not None for value in made):
        return
    name = layer.class_name
    mask: tuple[str, ...] | None = None
    if (name == "Embedding" and layer.config.get("mask_zero")) or name == "Masking":
        mask = values[0].sources if values else None
    elif name in masks.MERGES and previous:
        if name == "Concatenate" and any(item is not None for item in previous):
            mask = _union(previous) + _union([value.sources for value in values])
        elif all(item is not None for item in previous):
            mask = _union(previous)
    elif name in ("Attention", "AdditiveAttention") or masks.hands_on(name, layer.config):
        mask = previous[0] if previous else None
    made[0].mask = mask


def _union(parts: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for part in parts if part for source in part))


# Inside Keras's own layers ----------------------------------------------------------------------------------------


def _inner(run: Run, layer: Layer) -> list[Layer]:
    """The layers that a wrapper of Keras calls one after the other."""
    if layer.class_name == "SpectralNormalization":
        given = [layer.config.get("layer")]
    elif layer.class_name == "Pipeline":
        given = layer.config.get("layers") or []
    else:
        return []
    found = []
    for index, one in enumerate(given):
        key = (id(layer), str(index))
        if key not in run.inner:
            run.inner[key] = read_layer(one)
        found.append(run.inner[key])
    return found


def _rank(arguments: tuple[list[Any], dict[str, Any]]) -> int | None:
    """The number of axes of an attention's query."""
    first = next(tensors_in([arguments[0], arguments[1].get("query")]), None)
    return len(first.shape) if isinstance(first, Tensor) and first.shape is not None else None
