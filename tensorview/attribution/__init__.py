"""Attribution: which part of an input speaks for what a model says. TensorFlow is imported when a method runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorview.attribution.registry import find, methods
from tensorview.attribution.result import Attribution
from tensorview.errors import OptionError

__all__ = ["Attribution", "attribute", "methods"]


def attribute(
    model: Any,
    inputs: Any,
    method: str = "grad_cam",
    target: Any = None,
    layer: Any = None,
    *,
    at: Any = None,
    labels: Sequence[str] | None = None,
    **parameters: Any,
) -> Attribution:
    """Explain what `model` says about `inputs`.

    inputs: an array (N, ...), or a list or dict of arrays as the model takes them. method: one of `methods()`.
    target: None or "top" for the top class of the first output; a class index; a label (where `labels` names the
    classes in order); a list of one of these a sample; (output name or position, one of these); or a callable that
    maps the score tensor of an output to one value a sample. at: where in an output with positions, such as a
    segmentation's: (row, column) or one a sample, or a mask (H, W) or (N, H, W) of booleans or weights; None for the
    class's sum over all of them. With a class it is a unit, with None the class that is highest there.

    layer: a layer's name or a node id, for methods that look at a layer; "last-conv" for the last convolution; "all"
    for each convolution in one backward pass, see Attribution.layers; None for the method's own choice: the last
    convolution, or in a transformer the tokens that its last attention takes. Other keywords are the method's
    parameters.

    The model is left as it was. Raises OptionError for an unknown method, target, layer or parameter, InputError for
    inputs that don't fit the model, TraceError for a model that can't be run.
    """
    chosen = find(method, parameters)
    from tensorview.attribution.engine import layer_name
    from tensorview.attribution.target import parse
    from tensorview.preparing import Prepared, prepare

    if layer is not None and not chosen.looks_at_layer:
        came = getattr(layer, "name", layer)
        raise OptionError(f"{method} looks at the input only; it takes no layer, but {came!r} came")
    given = Prepared(*prepare(model, inputs))
    name = layer_name(layer, model)
    return chosen.explain(model, given, parse(target, given.samples, labels, at), name)
