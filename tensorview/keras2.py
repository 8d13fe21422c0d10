"""Model configurations as Keras 2 wrote them, in the terms of Keras 3.

Keras 3 reads most of them itself, but refuses what it no longer has (`time_major`, `groups` of a depthwise convolution,
the classes of TensorFlow operations), looks for modules that are gone, counts the calls of a nested Sequential from
another number, and reads `hard_sigmoid` and some lists as something else. All of it is mended in the configuration; the
file stays as it is.
"""

from __future__ import annotations

import inspect
from typing import Any

from tensorview.backend import require_keras
from tensorview.errors import ModelError

_HOMES = ("layers", "initializers", "regularizers", "constraints")
_MODELS = {"Functional": "keras.src.models.functional", "Sequential": "keras", "Model": "keras.src.models.functional"}
_ELSEWHERE = {"LayerScale": "keras.src.applications.convnext"}
_RECURRENT = ("RNN", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_OURS = ("TFOpLambda", "SlicingOpLambda", "ThresholdedReLU")
_GONE = ("LocallyConnected1D", "LocallyConnected2D", "TensorFlowOpLayer")
_IDLE = {
    "batch_input_shape", "dtype", "implementation", "input_dtype", "input_length", "key_shape", "partition_function",
    "query_shape", "rng_type", "softmax_robust_masking", "value_shape", "vocabulary_size",
    "kernel_constraint", "kernel_initializer", "kernel_regularizer",
}  # fmt: skip
"""Settings that say nothing about what a loaded layer computes."""
_RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}}
_SPELLINGS = {"softmax_v2": "softmax", "relu_v2": "relu", "swish": "silu", "leaky_relu_v2": "leaky_relu"}
_ACTIVATIONS = ("activation", "recurrent_activation")


def is_old(version: str | None, kind: str) -> bool:
    """Whether a file is of before Keras 3; the oldest HDF5 files do not say."""
    return kind == "h5" if version is None else version.split(".")[0] in ("0", "1", "2")


def mended(file: str, config: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A configuration that Keras 3 reads as Keras 2 meant it, and the settings that were left out of it.

    Raises ModelError for a layer that Keras 3 no longer has, and for a setting that it lacks and that matters.
    """
    mender = _Mender(file)
    return mender.item(config), tuple(sorted(mender.dropped))


class _Mender:
    def __init__(self, file: str) -> None:
        self.file = file
        self.dropped: set[str] = set()

    def item(self, old: dict[str, Any]) -> dict[str, Any]:
        """A serialised object: a layer, a model, an initialiser."""
        name, inner = str(old["class_name"]), old.get("config")
        if name in _GONE:
            raise ModelError(f"{self.file} uses {name}, which Keras 3 no longer has; rebuild the model without it")
        if name in _MODELS:
            if isinstance(inner, list):  # a Sequential of before Keras 2.2
                inner = {"name": "sequential", "layers": inner}
            if isinstance(inner, dict) and isinstance(inner.get("layers"), list):
                inner = self.sequential(inner) if name == "Sequential" else self.functional(inner)
            return self._kept(old, "Functional" if name == "Model" else name, _MODELS[name], inner)
        kind = next((home for home in _HOMES if hasattr(getattr(require_keras(), home), name)), None)
        if isinstance(inner, dict) and name in _ELSEWHERE and _is_plain(old):
            return self._kept(old, name, _ELSEWHERE[name], self.value(inner))
        if not isinstance(inner, dict) or (kind is None and name not in _OURS):
            return {**old, "module": old.get("module"), "config": self.value(inner)}
        inner = dict(inner)
        if name == "InputLayer" and "batch_input_shape" in inner:
            inner["batch_shape"] = inner.pop("batch_input_shape")
        if name == "BatchNormalization" and isinstance(inner.get("axis"), list) and len(inner["axis"]) == 1:
            inner["axis"] = inner["axis"][0]
        for before, after in _RENAMED.get(name, {}).items():
            if before in inner:
                inner[after] = inner.pop(before)
        if isinstance(inner.get("name"), str):
            inner["name"] = _name(inner["name"])
        if name == "Lambda" and isinstance(inner.get("function"), list):
            code, defaults, closure = [*inner["function"], None, None][:3]
            made = {"code": code, "defaults": defaults, "closure": closure}
            inner["function"] = {"class_name": "__lambda__", "config": made}
            inner = {key: inner[key] for key in ("name", "trainable", "function", "arguments") if key in inner}
        for key in _ACTIVATIONS:
            if isinstance(inner.get(key), str):
                inner[key] = _activation(inner[key])
        if kind is not None:
            inner = self._known(name, getattr(getattr(require_keras(), kind), name), inner)
        inner = {key: self.value(value) for key, value in inner.items()}
        module = f"keras.{kind}" if kind else "tensorview.keras2layers"
        return self._kept(old, name, module, inner, None if kind else name)

    def value(self, old: Any) -> Any:
        """Any value of a configuration."""
        if isinstance(old, list):
            return [self.value(item) for item in old]
        if not isinstance(old, dict):
            return old
        if isinstance(old.get("class_name"), str) and "config" in old:
            if old["class_name"] in ("Policy", "DTypePolicy", "PolicyV1") and isinstance(old["config"], dict):
                return old["config"].get("name")
            if old["class_name"] == "__tuple__" or old["class_name"] == "__lambda__":
                return old
            return self.item(old)
        if old.get("class_name") == "TensorShape" or old.get("class_name") == "__tuple__":
            return self.value(old.get("items"))
        return {key: self.value(value) for key, value in old.items()}

    def sequential(self, config: dict[str, Any]) -> dict[str, Any]:
        layers = [layer for layer in config["layers"] if isinstance(layer, dict) and "class_name" in layer]
        first = layers[0].get("config") if layers else None
        if isinstance(first, dict) and layers[0]["class_name"] != "InputLayer" and "batch_input_shape" in first:
            shape = {"batch_shape": first["batch_input_shape"], "dtype": first.get("dtype", "float32")}
            if not isinstance(shape["dtype"], str) or layers[0]["class_name"] == "Embedding":
                shape["dtype"] = "float32"
            layers = [{"class_name": "InputLayer", "config": shape}, *layers]
        return {**config, "layers": [self.item(layer) for layer in layers]}

    def functional(self, config: dict[str, Any]) -> dict[str, Any]:
        layers = [layer for layer in config["layers"] if isinstance(layer, dict) and "name" in layer]
        names = {str(layer["name"]) for layer in layers}
        calls = {str(layer["name"]): len(layer.get("inbound_nodes") or ()) for layer in layers}
        chains = {str(layer["name"]) for layer in layers if layer.get("class_name") == "Sequential"}
        seen: dict[str, set[int]] = {}
        outer = (config.get("input_layers"), config.get("output_layers"))
        for ref in _references([[layer.get("inbound_nodes") for layer in layers], outer], names):
            seen.setdefault(ref[0], set()).add(ref[1])
        # Keras 2 counted the making of a nested Sequential as its first call. (That of a Functional still counts.)
        shift = {name: 1 for name, found in seen.items() if name in chains and calls[name] and 0 not in found}
        made = []
        for layer in layers:
            nodes = [_node(node, names, shift) for node in layer.get("inbound_nodes") or ()]
            if layer.get("class_name") in _RECURRENT:
                nodes = [_with_states(node) for node in nodes]
            made.append({**self.item(layer), "name": _name(str(layer["name"])), "inbound_nodes": nodes})
        ends: dict[str, Any] = {
            key: _shifted(config[key], names, shift) for key in ("input_layers", "output_layers") if key in config
        }
        for key, found in ends.items():  # Keras 2 made a list of a single one
            if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
                ends[key] = found[0]
        return {**config, "layers": made, **ends}

    def _known(self, name: str, made: type, config: dict[str, Any]) -> dict[str, Any]:
        """The settings that a class of Keras 3 takes."""
        takes = _takes(made)
        kept = {}
        for key, value in config.items():
            if key in takes:
                kept[key] = value
            elif key in _IDLE or value is None or value is False or value == 1:
                self.dropped.add(key)
            else:
                raise ModelError(
                    f"{self.file} has a {name} with {key}={str(value)[:60]}, which Keras 3 no longer has; "
                    "load it where it was made"
                )
        return kept

    def _kept(
        self, old: dict[str, Any], name: str, module: str, config: Any, registered: str | None = None
    ) -> dict[str, Any]:
        made = {"module": module, "class_name": name, "config": config, "registered_name": registered}
        if name in _MODELS and isinstance(old.get("build_config"), dict):
            made["build_config"] = self.value(old["build_config"])
        return made


def _name(name: str) -> str:
    """A layer's name as Keras 3 allows it."""
    return name.replace("/", "_")


def _is_plain(old: dict[str, Any]) -> bool:
    """Whether an object was registered under no name of a user's own."""
    return old.get("registered_name") in (None, old["class_name"])


def _activation(name: str) -> Any:
    name = name.removeprefix("tf.nn.").removeprefix("tf.keras.activations.")
    if name == "hard_sigmoid":  # Keras 3 means another function by this name
        return {
            "module": "builtins", "class_name": "function", "config": "keras2_hard_sigmoid",
            "registered_name": "keras2_hard_sigmoid",
        }  # fmt: skip
    return _SPELLINGS.get(name, name)


def _takes(made: type) -> set[str]:
    """The names of all settings that a class takes, its parents' included where it hands them on."""
    found: set[str] = {"name", "trainable", "dtype", "activity_regularizer"} if _is_layer(made) else set()
    for parent in made.__mro__:
        own = vars(parent).get("__init__")
        if own is None:
            continue
        parameters = inspect.signature(own).parameters
        found.update(parameters)
        if not any(item.kind is item.VAR_KEYWORD for item in parameters.values()):
            break
    return found - {"self", "args", "kwargs"}


def _is_layer(made: type) -> bool:
    return bool(issubclass(made, require_keras().layers.Layer))


def _is_reference(value: Any, names: set[str]) -> bool:
    """[layer, call, tensor] or [layer, call, tensor, keywords]."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and value[0] in names
        and isinstance(value[1], int)
        and isinstance(value[2], int)
    )


def _references(value: Any, names: set[str]) -> list[Any]:
    if _is_reference(value, names):
        return [value, *(_references(value[3], names) if len(value) == 4 else ())]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [ref for item in items for ref in _references(item, names)]


def _shifted(value: Any, names: set[str], shift: dict[str, int]) -> Any:
    if _is_reference(value, names):
        return [_name(value[0]), value[1] - shift.get(value[0], 0), *value[2:]]
    if isinstance(value, dict):
        return {key: _shifted(item, names, shift) for key, item in value.items()}
    return [_shifted(item, names, shift) for item in value] if isinstance(value, list) else value


def _node(node: Any, names: set[str], shift: dict[str, int]) -> dict[str, Any]:
    """One call of a layer: what it was given, in order and by keyword."""
    keywords: dict[str, Any] = {}

    def argument(value: Any) -> Any:
        if _is_reference(value, names):
            if len(value) == 4 and isinstance(value[3], dict):
                keywords.update(value[3])
            history = [_name(value[0]), value[1] - shift.get(value[0], 0), value[2]]
            shape = {"shape": [None], "dtype": "float32", "keras_history": history}  # looked up, never used
            return {"class_name": "__keras_tensor__", "config": shape}
        if isinstance(value, list) and len(value) == 4 and value[0] == "_CONSTANT_VALUE":
            keywords.update(value[3] if isinstance(value[3], dict) else {})
            return value[2]
        if isinstance(value, list):
            return [argument(item) for item in value]
        return {key: argument(item) for key, item in value.items()} if isinstance(value, dict) else value

    first = argument(node)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    given = {key: argument(value) for key, value in list(keywords.items()) if key != "training"}
    return {"args": [first], "kwargs": given}


def _with_states(node: dict[str, Any]) -> dict[str, Any]:
    """A recurrent layer's call: Keras 2 put the initial states behind the sequence, in one list."""
    first = node["args"][0]
    if not isinstance(first, list) or len(first) < 2:
        return node
    return {"args": [first[0]], "kwargs": {**node["kwargs"], "initial_state": first[1:]}}
