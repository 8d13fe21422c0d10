"""A Functional or Sequential configuration as layers, their calls in the order of a run, inputs and outputs."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tensorview.errors import ModelError
from tensorview.fast import masks

Place = tuple[str, int, int]
"""A tensor of a network: layer, which call of it, which of its results."""
_NETWORKS = ("Functional", "Model", "Sequential")
_OTHERS = (
    "TFDConcat", "TFDIdentity", "ThresholdedReLU", "LocallyConnected1D", "LocallyConnected2D", "TensorFlowOpLayer",
)  # fmt: skip
"""Classes of Keras that are not public, and those of Keras 2 that Keras 3 no longer has."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor among the arguments of a call."""

    place: Place
    shape: tuple[int | None, ...] | None
    dtype: str | None


@dataclass(slots=True, eq=False)
class Layer:
    """One layer or operation of a network, as its configuration has it."""

    name: str
    class_name: str
    module: str | None
    registered: str | None
    config: dict[str, Any]
    calls: list[tuple[list[Any], dict[str, Any]]] = field(default_factory=list)
    """The arguments of each call; tensors in them are `Tensor`s."""

    @property
    def is_operation(self) -> bool:
        if self.module is None:  # as in .h5 files: of a layer Keras says whether it can be trained
            bare = "name" in self.config and not {"trainable", "layers"} & set(self.config)
            other = self.class_name == "InputLayer" or ">" in self.class_name
            return self.registered is None and bare and not other
        return self.module.startswith(("keras.src.ops", "keras.ops"))

    @property
    def is_keras(self) -> bool:
        """Whether the class is Keras's own."""
        if self.module is None:  # .h5 files and those of before Keras 3 name no module
            return self.registered is None and (self.is_operation or _is_known(self.class_name))
        return self.module == "keras" or self.module.startswith("keras.")

    @property
    def is_keras_network(self) -> bool:
        """Whether the class is one of Keras's models, whatever its configuration says."""
        return self.class_name in _NETWORKS and self.is_keras

    @property
    def is_network(self) -> bool:
        """Whether the configuration says what is inside it."""
        return is_network(self.config)


def _is_known(class_name: str) -> bool:
    """Whether Keras, this or an older one, has a layer or model of this name."""
    if class_name in (*_NETWORKS, *_OTHERS) or class_name.endswith("OpLambda"):
        return True
    from tensorview.layers.lookup import LAYERS  # brings NumPy, which files that name modules do without

    return class_name in LAYERS


def is_network(config: dict[str, Any]) -> bool:
    return isinstance(config.get("layers"), list) and ("output_layers" in config or "input_layers" not in config)


@dataclass(frozen=True, slots=True)
class Network:
    """inputs, outputs: flattened in the order of a run. order: (layer, which call of it), as a run makes them."""

    layers: dict[str, Layer]
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]
    order: tuple[tuple[str, int], ...]


def read_layer(given: Any) -> Layer:
    """A layer from its serialised form. Raises ModelError where it is none."""
    if not isinstance(given, dict) or not isinstance(given.get("class_name"), str):
        raise ModelError("a layer in it has no class_name")
    config = given.get("config")
    config = config if isinstance(config, dict) else {}
    named = (given.get("name"), config.get("name"), given["class_name"])
    name = next(one for one in named if one is not None)  # an empty name is one
    module, registered = given.get("module"), given.get("registered_name")
    if registered is not None and registered == given["class_name"] and str(module).startswith("keras."):
        registered = None
    return Layer(str(name), given["class_name"], module if isinstance(module, str) else None, registered, config)


def read_network(config: dict[str, Any]) -> Network:
    """The network that the configuration of a Functional or Sequential model describes.

    Raises ModelError where its layers, calls or ends don't fit together.
    """
    if "output_layers" not in config:
        return _sequential(config)
    layers: dict[str, Layer] = {}
    old = False
    for given in config["layers"]:
        layer = read_layer(given)
        if layer.name in layers:
            raise ModelError(f"two layers in it are named {layer.name[:80]!r}")
        layers[layer.name] = layer
        calls = given.get("inbound_nodes")
        for call in calls if isinstance(calls, list) else []:
            old = old or isinstance(call, list)
            layer.calls.append(_call(call, config["layers"]))
    if old:  # Keras 2 counts the making of a nested model as its first call
        for layer in layers.values():
            layer.calls = [_later(call, layers) for call in layer.calls]

    def ends(key: str) -> tuple[Place, ...]:
        found = tuple(_flat_places(config.get(key)))
        return tuple(_one_less(place, layers) if _shifted(layers, place[0], old) else place for place in found)

    network = Network(layers, ends("input_layers"), ends("output_layers"), ())
    return Network(layers, network.inputs, network.outputs, _order(network))


def _sequential(config: dict[str, Any]) -> Network:
    layers: dict[str, Layer] = {}
    for given in config["layers"]:
        layer = read_layer(given)
        if layer.name in layers:
            raise ModelError(f"two layers in it are named {layer.name[:80]!r}")
        layers[layer.name] = layer
    chain = list(layers.values())
    if not chain or chain[0].class_name != "InputLayer":
        shape = config.get("build_input_shape")
        first = Layer("input_layer", "InputLayer", "keras.layers", None, {"batch_shape": shape})
        chain = [first, *chain]
    layers = {chain[0].name: chain[0]}
    mask: Place | None = None
    for before, layer in itertools.pairwise(chain):
        given = Tensor((before.name, 0, 0), None, None)
        takes = layer.is_network or layer.class_name in masks.TAKE
        layer.calls.append(([given], {"mask": Tensor(mask, None, None)} if mask and takes else {}))
        layers[layer.name] = layer
        mask = _mask_behind(layers, layer, given, mask)
    ends = ((chain[0].name, 0, 0),), ((chain[-1].name, 0, 0),)
    return Network(layers, *ends, _order(Network(layers, *ends, ())))


def _mask_behind(layers: dict[str, Layer], layer: Layer, given: Tensor, mask: Place | None) -> Place | None:
    """The mask of a layer's output. Keras makes masks by operations, which become part of the model."""
    name = layer.class_name

    def operation(name: str, class_name: str, given: Tensor) -> Tensor:
        unique = next(n for i in itertools.count() if (n := f"{name}_{i}" if i else name) not in layers)
        layers[unique] = Layer(unique, class_name, "keras.src.ops.numpy", None, {}, [([given], {})])
        return Tensor((unique, 0, 0), None, None)

    if (name == "Embedding" and layer.config.get("mask_zero")) or name == "Masking":
        made = operation("not_equal", "NotEqual", given)
        return (operation("any", "Any", made) if name == "Masking" else made).place
    return mask if masks.hands_on(name, layer.config) else None


# Calls ------------------------------------------------------------------------------------------------------------


def _call(given: Any, layers: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(given, dict):
        args, kwargs = _revived(given.get("args")), _revived(given.get("kwargs"))
        return args if isinstance(args, list) else [], kwargs if isinstance(kwargs, dict) else {}
    # Keras 2: [[layer, call, tensor, keywords], ...], and tensors among the keywords as [layer, call, tensor].
    names = {item.get("name") for item in layers if isinstance(item, dict)}
    parts = given if given and isinstance(given[0], list) else [given]
    tensors = [Tensor(_place(part[:3]), None, None) for part in parts]
    kwargs = parts[0][3] if len(parts[0]) > 3 and isinstance(parts[0][3], dict) else {}
    return [tensors[0] if len(tensors) == 1 else tensors], {k: _old_value(v, names) for k, v in kwargs.items()}


def _old_value(value: Any, names: set[Any]) -> Any:
    if isinstance(value, list):
        if len(value) in (3, 4) and value[0] in names and all(isinstance(n, int) for n in value[1:3]):
            return Tensor(_place(value[:3]), None, None)
        return [_old_value(part, names) for part in value]
    return {k: _old_value(v, names) for k, v in value.items()} if isinstance(value, dict) else value


def _revived(value: Any) -> Any:
    """Arguments with their tensors as such."""
    if isinstance(value, list):
        return [_revived(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        config = config if isinstance(config, dict) else {}
        shape, dtype = config.get("shape"), config.get("dtype")
        return Tensor(
            _place(config.get("keras_history")),
            tuple(shape) if isinstance(shape, list) else None,
            dtype if isinstance(dtype, str) else None,
        )
    return {key: _revived(part) for key, part in value.items()}


def _place(given: Any) -> Place:
    if isinstance(given, list) and len(given) == 3 and all(isinstance(n, int) for n in given[1:]):
        return str(given[0]), given[1], given[2]
    raise ModelError(f"a tensor in it comes from {str(given)[:80]}, which is no layer's")


def _flat_places(structure: Any) -> Iterator[Place]:
    """Places in the order in which Keras flattens a structure: dicts by sorted key."""
    if isinstance(structure, dict):
        if structure.get("class_name") == "__tuple__" and isinstance(structure.get("items"), list):
            structure = structure["items"]
        else:
            structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, list):
        if len(structure) == 3 and isinstance(structure[0], str):
            yield _place(structure)
            return
        for part in structure:
            yield from _flat_places(part)


def _shifted(layers: dict[str, Layer], name: str, old: bool) -> bool:
    """Whether a call of this layer is counted from 1: the making of a nested model counts as its first."""
    layer = layers.get(name)
    if layer is None or not layer.is_network:
        return False
    return old or (layer.class_name != "Sequential" and "output_layers" in layer.config)


def _one_less(place: Place, layers: dict[str, Layer]) -> Place:
    return (place[0], max(0, place[1] - 1), place[2])


def _later(call: tuple[list[Any], dict[str, Any]], layers: dict[str, Layer]) -> tuple[list[Any], dict[str, Any]]:
    def moved(value: Any) -> Any:
        if isinstance(value, Tensor):
            inner = _shifted(layers, value.place[0], old=True)
            return Tensor(_one_less(value.place, layers), value.shape, value.dtype) if inner else value
        if isinstance(value, list):
            return [moved(part) for part in value]
        return {k: moved(v) for k, v in value.items()} if isinstance(value, dict) else value

    return moved(call[0]), moved(call[1])


def tensors_in(structure: Any) -> Iterator[Any]:
    """The tensors (or what stands for them) in a structure of arguments, in Keras's order."""
    if isinstance(structure, dict):
        for key in sorted(structure):
            yield from tensors_in(structure[key])
    elif isinstance(structure, list | tuple):
        for part in structure:
            yield from tensors_in(part)
    elif structure is not None and not isinstance(structure, str | int | float | bool):
        yield structure


# The order of a run -----------------------------------------------------------------------------------------------


def _order(network: Network) -> tuple[tuple[str, int], ...]:
    """The calls as Keras's Function runs them: the ones with the longest way to an output first."""
    before: dict[tuple[str, int], list[tuple[str, int]]] = {}

    def sources(node: tuple[str, int]) -> list[tuple[str, int]]:
        if node not in before:
            name, index = node
            layer = network.layers.get(name)
            if layer is None or (layer.calls and not 0 <= index < len(layer.calls)):
                raise ModelError(f"a call in it takes a result of {name[:80]!r} that there is not")
            call = layer.calls[index] if layer.calls else ([], {})
            before[node] = [tensor.place[:2] for tensor in tensors_in([call[0], call[1]])]
        return before[node]

    ordered: list[tuple[str, int]] = []
    done: set[tuple[str, int]] = set()
    busy: set[tuple[str, int]] = set()
    for place in network.outputs:
        todo: list[tuple[tuple[str, int], Iterator[tuple[str, int]] | None]] = [(place[:2], None)]
        while todo:
            node, rest = todo.pop()
            if rest is None:
                if node in done:
                    continue
                if node in busy:
                    raise ModelError(f"its layers form a circle ({node[0][:80]!r})")
                busy.add(node)
                rest = iter(sources(node))
            following = next(rest, None)
            if following is None:
                busy.discard(node)
                done.add(node)
                ordered.append(node)
            else:
                todo += [(node, rest), (following, None)]
    depths: dict[tuple[str, int], int] = {}
    of_layer: Counter[str] = Counter()
    for node in reversed(ordered):
        depth = max(depths.setdefault(node, 0), of_layer[node[0]])
        of_layer[node[0]] = depths[node] = depth
        for source in sources(node):
            depths[source] = max(depth + 1, depths.get(source, 0))
    given = {place[:2] for place in network.inputs}
    by_depth: dict[int, list[tuple[str, int]]] = {}
    for node, depth in depths.items():
        by_depth.setdefault(depth, []).append(node)
    return tuple(node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth] if node not in given)
