"""keras.ops in functional models: `x + y`, slicing and the like are calls of Operation objects."""

from __future__ import annotations

from typing import Any

from tensorview.layers.description import Entry
from tensorview.layers.facts import Facts, named, text
from tensorview.layers.layout import like_input
from tensorview.manifest import Fact


def _call(operation: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the operation's first call in the functional graph; nothing where it was never called so."""
    nodes = getattr(operation, "_inbound_nodes", None) or ()
    if not nodes:
        return (), {}
    arguments = nodes[0].arguments
    return tuple(arguments.args), dict(arguments.kwargs)


def _constants(operation: Any) -> Facts:
    """The plain numbers that an operation was called with: x * 0.5 shows "with 0.5"."""
    args, kwargs = _call(operation)
    numbers = [text(value) for value in (*args, *kwargs.values()) if isinstance(value, int | float)]
    return (Fact(name="with", value=", ".join(numbers)),) if numbers else ()


def _slice(operation: Any) -> Facts:
    args, kwargs = _call(operation)
    key = kwargs.get("key", args[1] if len(args) > 1 else None)
    if key is None:
        return ()
    return (Fact(name="slice", value=f"[{', '.join(_index(part) for part in _parts(key))}]"),)


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _index(part: Any) -> str:
    if isinstance(part, slice):
        start, stop = ("" if end is None else str(end) for end in (part.start, part.stop))
        return f"{start}:{stop}" + ("" if part.step is None else f":{part.step}")
    return "…" if part is Ellipsis else text(str(part))


_MEET = Entry(kind="merge", role="merge", layout=like_input, facts=_constants)
_COMPARE = Entry(kind="other", role="merge", layout=like_input, facts=_constants)
_JOIN = Entry(kind="merge", role="merge", layout=like_input, facts=named(axis="axis"))
_PRODUCT = Entry(kind="dense")
_ACTIVATION = Entry(kind="activation", layout=like_input)
_MOVE = Entry(kind="reshape", role="stub", facts=named(axis="axis", axes="axes", target_shape="newshape"))
_WINDOW = named(stride="strides", padding="padding", window="pool_size")
_POOL = Entry(kind="pool", facts=_WINDOW)
_CONV = Entry(kind="conv", facts=_WINDOW)
_NORM = Entry(kind="norm", layout=like_input, facts=named(axis="axis"))
_REDUCE = Entry(kind="pool", facts=named(axis="axis"))
_SAME = Entry(kind="other", role="stub", layout=like_input)


def _all(entry: Entry, names: str) -> dict[str, Entry]:
    return dict.fromkeys(names.split(), entry)


ENTRIES = {
    "Operation": Entry(kind="other"),
    **_all(
        _MEET,
        "Add Subtract Multiply Divide DivideNoNan TrueDivide FloorDivide Maximum Minimum Fmax Fmin Power Mod Fmod "
        "Arctan2 Hypot Logaddexp Logaddexp2 LogicalAnd LogicalOr LogicalXor BitwiseAnd BitwiseOr BitwiseXor "
        "Where Select Cross",
    ),
    **_all(_COMPARE, "Equal NotEqual Greater GreaterEqual Less LessEqual"),
    **_all(_JOIN, "Concatenate Stack Append Hstack Vstack Dstack"),
    **_all(_PRODUCT, "Matmul Dot Einsum Tensordot Inner Outer Vdot Kron"),
    **_all(
        _ACTIVATION,
        "ReLU Relu Relu6 Sigmoid LogSigmoid Tanh Softmax LogSoftmax Softplus Softsign Silu Gelu Elu Selu Celu Glu Mish "
        "LeakyRelu HardSigmoid HardSilu HardTanh HardShrink SoftShrink TanhShrink Threshold Squareplus SparsePlus "
        "SparseSigmoid Sparsemax Clip Abs Absolute Exp Expm1 Log Log1p Sqrt Rsqrt Square Negative Reciprocal Sin Cos "
        "Erf",
    ),
    **_all(
        _MOVE,
        "Reshape Transpose Squeeze ExpandDims Ravel Swapaxes Moveaxis Flip Fliplr Flipud Roll Rot90 Rearrange View "
        "DepthToSpace SpaceToDepth Pad PadImages CropImages BroadcastTo Split ArraySplit Unstack Hsplit Vsplit Dsplit",
    ),
    **_all(Entry(kind="reshape", role="stub", layout=like_input, facts=_slice), "GetItem"),
    **_all(
        Entry(kind="reshape"),
        "Repeat Tile Resize Take TakeAlongAxis Slice SliceUpdate ScatterUpdate Scatter ExtractPatches Fold Unfold",
    ),
    **_all(_POOL, "MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool"),
    **_all(_REDUCE, "Mean Max Min Amax Amin Sum Prod Std Var Median Logsumexp Norm Argmax Argmin Average"),
    # Yes and no, of which masks are made: nothing to look at.
    **_all(Entry(kind="other", role="stub", facts=named(axis="axis")), "All Any"),
    **_all(_CONV, "Conv ConvTranspose SeparableConv"),
    **_all(Entry(kind="depthwise", facts=_WINDOW), "DepthwiseConv"),
    **_all(_NORM, "BatchNorm LayerNorm RMSNorm Normalize"),
    **_all(Entry(kind="attention"), "DotProductAttention"),
    **_all(Entry(kind="embedding"), "OneHot MultiHot"),
    **_all(_SAME, "Cast SaturateCast Copy StopGradient ConvertToTensor Identity"),
}
