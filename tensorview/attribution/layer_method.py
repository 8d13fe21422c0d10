"""Methods that explain by the feature maps of one layer: class activation maps."""

from __future__ import annotations

import abc
import functools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import GradientMethod, Maps

if TYPE_CHECKING:
    from tensorview.attribution.features import FeatureMaps
    from tensorview.attribution.view import View

SHOWN = ("ReLU", "divided by its maximum")
RESIZED = "bilinear to the input's size"


@dataclass(frozen=True)
class LayerMethod(GradientMethod):
    """A layer's maps become one map; ReLU; over its maximum; resized to the input. A subclass says how they do.

    `.raw` is that map, signed, at the layer's size; tokens lie on the grid of their patches. Where no input has the
    layer's axes in space (a decoder's latent vector), `.values` stay at the layer's size.
    """

    looks_at_layer: ClassVar[bool] = True
    range: ClassVar[str] = "0 to 1, each map over its own maximum"

    @abc.abstractmethod
    def cam(self, view: View, layer: FeatureMaps) -> tuple[Any, Any]:
        """The map (N, space...) of a layer, before ReLU, and the weights (N, channels) where there are any."""

    def by(self, view: View) -> Sequence[Any]:
        return [view.maps().tensor]

    def layers(self, view: View) -> Sequence[FeatureMaps]:
        """The layers that this method can look at, for those who want all of them; the chosen one among them."""
        chosen, every = view.maps(), view.features.all()
        return every if chosen.id in {layer.id for layer in every} else (*every, chosen)

    def laid(self, view: View, layer: FeatureMaps) -> tuple[Any, Any, tuple[str, ...]]:
        """`cam`, with tokens on their grid, and the step that this was."""
        raw, weights = self.cam(view, layer)
        grid = view.grid(layer)
        return (raw, weights, ()) if grid is None else (grid.lay(raw), weights, (grid.step,))

    def maps(self, view: View) -> Maps:
        import tensorflow as tf

        from tensorview.attribution.resize import normalise, resize

        layer = view.maps()
        raw, weights, steps = self.laid(view, layer)
        shown = normalise(tf.nn.relu(raw))
        sizes = {name: view.size(name, raw.shape.rank - 1) for name in view.recording.inputs}
        values = {name: resize(shown, size) for name, size in sizes.items() if size is not None}
        steps = (*steps, *SHOWN, *((RESIZED,) if values else ()))
        return Maps(values or dict.fromkeys(sizes, shown), raw, steps, layer.id, weights, at_input=bool(values))


@dataclass(frozen=True)
class WeightedMethod(LayerMethod):
    """A weighted sum of a layer's maps. `.weights` are the weights, (N, channels)."""

    @abc.abstractmethod
    def channel_weights(self, maps: Any, gradient: Any, space: tuple[int, ...]) -> Any:
        """The weight of each channel, (N, channels), from maps and their gradient; `space` are their axes in space."""

    def cam(self, view: View, layer: FeatureMaps) -> tuple[Any, Any]:
        import tensorflow as tf

        maps = tf.cast(layer.tensor, tf.float32)
        weights = self.channel_weights(maps, view.gradient(layer.tensor, layer.id), layer.space)
        return weighted(maps, weights, layer.channel_axis), weights


@dataclass(frozen=True)
class PointwiseMethod(LayerMethod):
    """A layer's maps times weights that differ from point to point, summed over channels; no `.weights`."""

    @abc.abstractmethod
    def point_weights(self, gradient: Any) -> Any:
        """The weight of each point of each map, from its gradient."""

    def cam(self, view: View, layer: FeatureMaps) -> tuple[Any, Any]:
        import tensorflow as tf

        gradient = view.gradient(layer.tensor, layer.id)
        maps = tf.cast(layer.tensor, tf.float32)
        return tf.reduce_sum(maps * self.point_weights(gradient), layer.channel_axis), None


def weighted(maps: Any, weights: Any, channel_axis: int) -> Any:
    """The sum (N, space...) of maps, each times its weight of (N, channels)."""
    import tensorflow as tf

    flat, space = flattened(maps, channel_axis)
    # A product of matrices never holds the weighted maps. Sizes known beforehand keep the graph small, which is
    # what counts where every convolution of a deep model gets its map.
    first = channel_axis == 1
    raw = tf.raw_ops.BatchMatMulV2(x=flat, y=weights[:, :, None], adj_x=first)
    return tf.reshape(raw, [-1, *space])


def flattened(maps: Any, channel_axis: int) -> tuple[Any, list[Any]]:
    """Maps as matrices, (N, positions, channels), or (N, channels, positions) where channels come first; and the sizes
    of space."""
    import tensorflow as tf

    first, rank = channel_axis == 1, maps.shape.rank
    if not first and channel_axis != rank - 1:
        maps = tf.transpose(maps, [*(axis for axis in range(rank) if axis != channel_axis), channel_axis])
    sizes = _sizes(maps)
    space, channels = (sizes[2:], sizes[1]) if first else (sizes[1:-1], sizes[-1])
    return tf.reshape(maps, [-1, channels, _product(space)] if first else [-1, _product(space), channels]), space


def _sizes(tensor: Any) -> list[Any]:
    """The sizes of a tensor's axes: numbers where they are known before the run, scalar tensors elsewhere."""
    known = tensor.shape.as_list()
    if None not in known[1:]:
        return list(known)
    import tensorflow as tf

    return list(tf.unstack(tf.shape(tensor)))


def _product(sizes: list[Any]) -> Any:
    return math.prod(sizes) if all(isinstance(size, int) for size in sizes) else functools.reduce(operator.mul, sizes)
