"""The manifest's schema: what a bundle says about a run. TypeScript types are generated from these classes.

A tensor's values are `zero[c] + scale[c] * code` for uint8 codes 0..252; 253 is NaN, 254 +Inf and 255 -Inf.
`float32` tensors hold their values as they are. Shapes are stored channel first, without the batch.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal

from tensorview.errors import BundleError

FORMAT = 1

Kind = Literal[
    "input", "conv", "depthwise", "pool", "norm", "activation", "dense", "merge", "attention", "recurrent",
    "embedding", "reshape", "other", "block",
]  # fmt: skip
Form = Literal["image", "planes", "volume", "row", "sequence", "matrix", "scalar", "generic"]
Role = Literal["input", "layer", "merge", "stub"]
"""`merge`: a glyph where lines meet. `stub`: changes no value that one could look at (Dropout, Flatten, Rescaling)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRef:
    """Where a tensor's bytes lie in an inflated blob and how they become values.

    Stored shapes: planes (C, H, W), volume (C, D, H, W), sequence (C, T), row (N,), matrix (heads, Q, K), picture
    (H, W, 1|3). `quant` is the offset of float32 scale[C] followed by float32 zero[C] (C = shape[0]) in the same blob;
    null for float32 values and for pictures. `source` is the stored-order shape that the model itself computed where
    the tensor was reduced to the area mean of it (spatial axes) or cut to its first entries (other axes), else null.
    `clamp` cuts values off after decoding: a ReLU shares the codes of the layer before it.
    """

    blob: str
    offset: int
    dtype: Literal["uint8", "float32"]
    shape: tuple[int, ...]
    quant: int | None = None
    source: tuple[int, ...] | None = None
    clamp: tuple[float, ...] | None = None
    """Lowest and highest value; one of them may be +-3.4e38, which cuts nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Statistics of the model's own values, before any reduction, over finite values; null where there is none.

    Where the output has a mask, of the steps that it keeps: padding is no activation.
    """

    count: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    zeros: float
    """Share of values that are exactly zero, 0..1."""
    nan: int
    inf: int
    histogram: tuple[int, ...]
    """Counts in equal bins from min to max."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line worth showing about a layer, such as ("kernel", "5×5")."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One variable of a layer. `tensor` is stored (out, in, kh, kw) for conv kernels, else in the layer's own order."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    summary: Summary
    tensor: TensorRef | None
    rgb: bool
    """A first conv's kernel over three colour channels, to be shown in true colour."""
    kept: tuple[int, ...] | None = None
    """The filters (first axis of `tensor`) or units (its last axis) that a large kernel was cut to, each whole. Null
    where it wasn't cut, or to its first entries along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Something wrong with a layer, over all samples of the bundle."""

    kind: Literal["nan", "inf", "exploding", "vanishing", "dead", "constant", "saturated", "duplicate"]
    share: float
    """Share of the layer's channels (units; values for nan and inf; filters for duplicate) that it concerns, 0..1."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptiveField:
    """What one position of a layer's output sees of the model's input `input`, along each of its axes in space.

    `size`: input positions, null where every output position sees all of them. `step`: from one output position to the
    next, in input positions. `offset`: the centre of what the first output position sees; below zero it is padding.
    """

    input: str
    size: tuple[int | None, ...]
    step: tuple[float, ...]
    offset: tuple[float, ...]
    gated: bool = False
    """Its values are also weighed by something that sees the whole input, as by a squeeze-and-excitation block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonlinearity:
    """An activation function. `numbers`: its parameters; `axes`: those that a softmax goes along, without the batch."""

    name: str
    numbers: tuple[float, ...] = ()
    axes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a value of a node's output is worked out from values of the nodes `inputs`, in this order, and its weights.

    Axes are those of the model's own order, without the batch. Windows have one number for each axis but the channel's:
    tap k of the window at position p lies at `p * stride - before + k * dilation` of the input (for "transposed" input
    position i goes to `i * stride - before + k * dilation`); outside of the input there is nothing. `axes[0]` is the
    input's channel axis then.

    conv, depthwise, separable, transposed: sums over a window, with kernel and bias. max, mean: of a window, channel
    by channel. dense: the sum that `equation` says, of an input and the kernel, plus bias. add, subtract, multiply,
    average, maximum, minimum: value by value, axes of size 1 repeated. concatenate: along `axes[0]`. same, reshape: the
    same values in the same order. permute: the input's axis j runs with the output's axis `axes[j]`. repeat: position p
    is `p // stride` of the input, a number for each axis. shift: position p is `p - before` of the input, 0 outside.
    scale: with moving mean and variance along `axes`; normalise, rms: over `axes`; group: over space and each of
    `groups` of channels; `numbers[0]` is epsilon. rescale: times numbers[0] plus numbers[1]. activation, prelu: value
    by value. embedding: the row that the input names. scores: softmax of query times key times numbers[0]. attend:
    values by scores, through the kernel and bias of the output. divide: the first by the second. stack: the input is
    the place along `axes[0]`. mean_over, sum_over, max_over, min_over: over the input's `axes`. slice: position p of
    axis `axes[j]` is `before + p * stride` of the input's axis j; it is `before` where that is -1. product: the sum
    that `equation` says, of two inputs. bilinear: between the nearest values along `axes`, pixels half a step in. unit:
    by its length over `axes`. glu: the first half along `axes[0]` times the sigmoid of the second.
    standardise: less a mean, by a deviation, of each place along `axes`: `numbers` has all means, then all deviations.
    recurrent: nothing but which steps it is given: that of `axes`, or all.
    """

    name: Literal[
        "conv", "depthwise", "separable", "transposed", "max", "mean", "dense", "add", "subtract", "multiply",
        "average", "maximum", "minimum", "concatenate", "same", "reshape", "permute", "repeat", "shift", "scale",
        "normalise", "rms", "group", "rescale", "activation", "prelu", "embedding", "scores", "attend", "recurrent",
        "divide", "stack", "mean_over", "sum_over", "max_over", "min_over", "slice", "product", "bilinear", "unit",
        "glu", "standardise",
    ]  # fmt: skip
    inputs: tuple[str, ...] = ()
    window: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    groups: int = 1
    axes: tuple[int, ...] = ()
    equation: str | None = None
    numbers: tuple[float, ...] = ()
    activation: Nonlinearity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """One layer call. `shape` is the model's own, in its own order, without the batch; `axes` names each of it."""

    id: str
    label: str
    layer: str
    class_name: str
    call: int
    group: str | None
    kind: Kind
    form: Form
    role: Role
    axes: tuple[str, ...]
    channel_axis: int | None
    """Place of the channel (unit, head) in `shape`: stored tensors have it first. Null where there is none."""
    shape: tuple[int, ...]
    dtype: str
    params: int
    trainable_params: int
    macs: int | None
    facts: tuple[Fact, ...]
    weights: tuple[Weight, ...]
    health: tuple[Health, ...]
    note: str | None
    """Why there is nothing to show here, or what is special, in one sentence."""
    field: ReceptiveField | None = None
    bytes: int | None = None
    """Of the output of one sample, all tensors of it, as the model holds them. Null for text."""
    time_share: float | None = None
    """Of the time of all calls, in a plain eager call of the model, 0..1. Null without an input."""
    rule: Rule | None = None
    """How its values come about; null where that can't be told for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInfo:
    """A call that contains other calls. Its output is that of its node `output`, where one node owns it."""

    id: str
    label: str
    layer: str
    class_name: str
    call: int
    group: str | None
    shape: tuple[int, ...]
    params: int
    facts: tuple[Fact, ...]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """What one node computed for one sample.

    `thumb` (K, h, w) is for the first frame: all channels where K equals the channel count, else one map, the mean of
    |activation| over channels. `side` (S, h) and `top` (S, w) are row and column means of |activation| of S runs of
    channels as codes 0..252 of the strongest (quant null). `tensor` is null where `note` of the node says why.
    `mask` is Keras's mask of this output, bytes 1 and 0 over the first axes of the node's `shape` (the steps of a
    sequence): 0 is padding, which later layers pass over. An input has that of the Masking or Embedding layer that it
    feeds. Null where there is none.
    """

    node: str
    tensor: TensorRef | None
    thumb: TensorRef | None
    side: TensorRef | None
    top: TensorRef | None
    summary: Summary
    mask: TensorRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    index: int
    label: str
    value: float
    """What the model returned, exactly."""
    score: float | None
    """Before the last softmax or sigmoid, where it could be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What one output said for one sample: its best classes in falling order, or its values."""

    name: str
    node: str
    kind: Literal["classes", "binary", "values", "map"]
    activation: Literal["softmax", "log_softmax", "sigmoid", "none"]
    total: int
    """How many classes or values there are; `top` may hold fewer."""
    top: tuple[ClassScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a person recognises of an input: raw 8-bit pixels (H, W, 1|3)."""

    node: str
    tensor: TensorRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    name: str
    pictures: tuple[Picture, ...]
    predictions: tuple[Prediction, ...]
    activations: tuple[Activation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What channels of one layer look for. K channels; pictures are raw 8-bit pixels, as are those of inputs.

    `pictures` (K, h, w, 1|3): made to maximise each channel. `scores`: the channel's mean in them. `patches` (K, n, h,
    w, 1|3): the parts of `seen` example images that fired most, each in one size, blank where there were fewer.
    `projections`, as `patches`: what of them it was, by DeconvNet; mid grey is zero. `values` (K, n): the activation at
    each patch, and `names` of its images.
    """

    node: str
    channels: tuple[int, ...]
    pictures: TensorRef
    scores: tuple[float, ...]
    how: str
    patches: TensorRef | None = None
    projections: TensorRef | None = None
    values: tuple[tuple[float, ...], ...] = ()
    names: tuple[tuple[str, ...], ...] = ()
    seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """What a layer knows, as a map of `cells` rows and columns over `seen` inputs, of which some cells have pictures.

    `pictures` (M, h, w, 1|3): raw 8-bit pixels, one for each of `places` (row and column, from the top left). `counts`:
    how many inputs lie there. `labels`: the class that they speak for.
    """

    node: str
    cells: int
    places: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]
    labels: tuple[str, ...]
    pictures: TensorRef
    seen: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentNode:
    """What a layer was like at one moment of a training, where it differs from `NodeInfo`, which tells of the last."""

    node: str
    weights: tuple[Weight, ...]
    health: tuple[Health, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number that the training told at that moment: loss, accuracy, those of validation."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The model as it was after `epoch` epochs, 0 before the first. `first`: its first sample in `Manifest.samples`,
    which hold all inputs once for each moment."""

    epoch: int
    first: int
    measures: tuple[Measure, ...]
    nodes: tuple[MomentNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """An attribution over one node's output: (1, H, W), (1, T) for signals, 0..1, or -1..1 where it is `signed`. `raw`
    is signed, before ReLU."""

    node: str
    tensor: TensorRef
    peak: float
    """The method's own value where `tensor` is 1: a CAM is 0..1 already, saliency is in score per unit of input."""
    raw: TensorRef | None
    blank: bool
    """Nothing speaks for the target, nor against it in a signed map: the map is zero everywhere."""
    signed: bool = False
    """Values below zero speak against the target. The codes of `tensor` then span -1 to 1, and 126 is zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWeights:
    """The weight of each channel of a layer in the attribution (Grad-CAM's alpha), float32 (C,)."""

    node: str
    tensor: TensorRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelGradients:
    """The gradient of the score over channels of a layer, (K, H, W) or (K, T): those that add most to the map (largest
    weight times mean of |activation|), that first. `channels` names them."""

    node: str
    channels: tuple[int, ...]
    tensor: TensorRef


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionInfo:
    """One method, for one sample and one target."""

    method: str
    sample: int
    output: str
    target: int
    target_label: str
    score: float | None
    """The score that was explained, before softmax or sigmoid; null where it is NaN or infinite."""
    score_note: str
    layer: str | None
    """The node that the method looks at by default, where it looks at one."""
    inputs: tuple[HeatMap, ...]
    layers: tuple[HeatMap, ...]
    weights: tuple[ChannelWeights, ...]
    gradients: ChannelGradients | None = None
    """Of `layer`, where the method weights its channels by the mean of their gradient (Grad-CAM)."""
    bias: float | None = None
    """Where nothing but an average over all positions and one dense layer lie between `layer` and the score: that dense
    layer's bias. The raw map of `layer`, summed up, plus this is the score: the map is a CAM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpooling:
    """A max-pooling on the way down of a projection, for the `channels` through which most comes down, that first.

    `switches` (K, H, W): bytes, 1 at the places of the maxima. `pooled` (K, h, w): what comes down to the pooling's
    output. `unpooled` (K, H, W): that at the switches, zero elsewhere. 1-D poolings have H = 1.
    """

    node: str
    channels: tuple[int, ...]
    total: int
    """Channels that the pooling has."""
    switches: TensorRef
    pooled: TensorRef
    unpooled: TensorRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """DeconvNet: one channel of a layer projected down to the inputs, its strongest activation alone being kept.

    `inputs`: what comes down, signed, (C, H, W) of each input it reaches. `pools`: as the way down meets them.
    """

    sample: int
    node: str
    channel: int
    kept: float
    """The activation that was kept; its place in the layer's map is `place`, along the axes in space."""
    place: tuple[int, ...]
    inputs: tuple[Picture, ...]
    pools: tuple[Unpooling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodInfo:
    name: str
    title: str
    question: str
    """What it answers, in one short sentence."""
    paper: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputInfo:
    """One input of the model and how files became it."""

    node: str
    name: str
    shape: tuple[int | None, ...]
    dtype: str
    preprocessing: str
    guessed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    name: str
    class_name: str
    file: str | None
    digest: str | None
    """SHA-256 of the model file."""
    params: int
    trainable_params: int
    macs: int | None
    layers: int
    """Layer calls, inputs left out."""
    keras: str
    tensorflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """A layer whose maps are smaller here than in the model: area means, sides in pixels."""

    node: str
    source: tuple[int, ...]
    stored: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    limit: int | None
    """Bytes that the file was to stay within; null for no limit."""
    smallest_map: int | None
    """Side in pixels of the smallest map that was made by reduction; null where nothing was reduced."""
    reductions: tuple[Reduction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes of their own: raw deflate, `size` bytes after inflation, `stored` before."""

    id: str
    size: int
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    format: int
    generator: str
    created: str
    title: str
    model: ModelInfo
    inputs: tuple[InputInfo, ...]
    nodes: tuple[NodeInfo, ...]
    groups: tuple[GroupInfo, ...]
    edges: tuple[Edge, ...]
    samples: tuple[Sample, ...]
    methods: tuple[MethodInfo, ...]
    attributions: tuple[AttributionInfo, ...]
    labels: tuple[str, ...] | None
    notes: tuple[str, ...]
    """What a reader must know to trust this: guessed preprocessing, missing edges."""
    budget: Budget
    blobs: tuple[Blob, ...]
    moments: tuple[Moment, ...] = ()
    """Of a training that was recorded, in order; the nodes above are those of the last. Empty for a single run."""
    projections: tuple[Projection, ...] = ()
    features: tuple[Feature, ...] = ()
    """What layers look for, for those that it was asked of."""
    atlases: tuple[Atlas, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def fields_of(instance: Any) -> dict[str, Any]:
    """One dataclass as a dict, its values as they are: for `json.dumps(default=...)`, several times faster than
    `dataclasses.asdict`."""
    return {name: getattr(instance, name) for name in instance.__dataclass_fields__}


def from_json(data: Any) -> Manifest:
    """A manifest from parsed JSON. Raises BundleError that names the first field that doesn't fit the schema."""
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise BundleError(f"this bundle has format {found!r}; this tensorview reads format {FORMAT}")
    return typing.cast(Manifest, _parse(Manifest, data, "manifest"))


def _parse(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if origin is Literal:
        if data in typing.get_args(kind):
            return data
    elif origin in (typing.Union, types.UnionType):
        if data is None and type(None) in typing.get_args(kind):
            return None
        [inner] = [arg for arg in typing.get_args(kind) if arg is not type(None)]
        return _parse(inner, data, where)
    elif origin is tuple:
        if isinstance(data, list | tuple):
            item = typing.get_args(kind)[0]
            return tuple(_parse(item, value, f"{where}[{i}]") for i, value in enumerate(data))
    elif dataclasses.is_dataclass(kind):
        if isinstance(data, dict):
            hints = _hints(kind)
            optional = {field.name for field in dataclasses.fields(kind) if field.default is not dataclasses.MISSING}
            missing = hints.keys() - data.keys() - optional
            if missing:
                raise BundleError(f"{where}.{min(missing)} is missing in the bundle's manifest")
            values = {name: _parse(hint, data[name], f"{where}.{name}") for name, hint in hints.items() if name in data}
            return typing.cast(Any, kind)(**values)
    elif kind is float:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return float(data)
    elif isinstance(data, kind) and (kind is bool or not isinstance(data, bool)):
        return data
    raise BundleError(f"{where} of the bundle's manifest should be {kind}, but it is {str(data)[:60]!r}")


_cache: dict[Any, dict[str, Any]] = {}


def _hints(kind: Any) -> dict[str, Any]:
    if kind not in _cache:
        _cache[kind] = typing.get_type_hints(kind)
    return _cache[kind]
