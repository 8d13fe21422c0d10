"""The terms of objectives; `objectives` makes objectives of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tensorview.visualization.objective import Array, Term

if TYPE_CHECKING:
    from tensorview.visualization.scene import Scene


@dataclass(frozen=True)
class Channel(Term):
    """The mean over space of one channel of a layer; of a layer without space the unit itself."""

    layer: str
    channel: int

    @property
    def key(self) -> Hashable:
        return self.layer

    def arguments(self) -> tuple[Array, ...]:
        return (np.int32(self.channel),)  # type: ignore[return-value]

    def value(self, scene: Scene, channel: Any) -> Any:
        import tensorflow as tf

        return tf.gather(scene.mean(scene.maps(self.layer, channel=True)), channel, batch_dims=1)

    def __str__(self) -> str:
        return f"channel:{self.layer}:{self.channel}"


@dataclass(frozen=True)
class Neuron(Term):
    """One channel of a layer at one position: the middle where none is given."""

    layer: str
    channel: int
    position: tuple[int, ...] | None

    @property
    def key(self) -> Hashable:
        return self.layer, self.position

    def arguments(self) -> tuple[Array, ...]:
        return (np.int32(self.channel),)  # type: ignore[return-value]

    def value(self, scene: Scene, channel: Any) -> Any:
        import tensorflow as tf

        return tf.gather(scene.at(scene.maps(self.layer, channel=True), self.position), channel, batch_dims=1)

    def __str__(self) -> str:
        place = "" if self.position is None else "@" + ",".join(map(str, self.position))
        return f"neuron:{self.layer}:{self.channel}{place}"


@dataclass(frozen=True)
class Layer(Term):
    """The mean square of all values of a layer: DeepDream."""

    layer: str

    @property
    def key(self) -> Hashable:
        return self.layer

    def value(self, scene: Scene) -> Any:
        import tensorflow as tf

        return scene.mean(tf.square(scene.maps(self.layer)), channels=True)

    def __str__(self) -> str:
        return f"layer:{self.layer}"


@dataclass(frozen=True, eq=False)
class Direction(Term):
    """The dot product of a layer's values with a direction in channel space, times max(.1, cosine) to a power.

    The mean over space, or with `middle` the value in the middle. `whiten` (channels, channels) is applied to the
    direction first, so that directions along which all activations lie anyway count for less.
    """

    layer: str
    vector: Array
    power: float
    middle: bool
    whiten: Array | None

    @property
    def key(self) -> Hashable:
        return self.layer, self.power, self.middle, self.whiten is not None

    def arguments(self) -> tuple[Array, ...]:
        # The dot product is taken with the whitened direction, the cosine with the plain one.
        dotted = self.vector if self.whiten is None else self.vector @ self.whiten
        return (self.vector, np.asarray(dotted, np.float32)) if self.whiten is not None else (self.vector,)

    def value(self, scene: Scene, vector: Any, dotted: Any = None) -> Any:
        import tensorflow as tf

        maps = scene.maps(self.layer, width=len(self.vector))
        if self.middle:
            maps = scene.at(maps, None)

        def broad(v: Any) -> Any:
            return tf.reshape(v, [-1, *[1] * (maps.shape.rank - 2), len(self.vector)])

        def along(v: Any) -> Any:
            return tf.reduce_sum(maps * broad(v), -1)

        found = along(vector if dotted is None else dotted)
        if self.power:
            lengths = tf.norm(maps, axis=-1) * tf.norm(broad(vector), axis=-1)
            cosine = along(vector) / (lengths + 1e-6)
            found = found * tf.maximum(0.1, cosine) ** self.power
        return scene.mean(found, channels=True)

    def __str__(self) -> str:
        place = ", middle" if self.middle else ""
        return f"direction:{self.layer}:{len(self.vector)} channels, cosine^{self.power:g}{place}"


@dataclass(frozen=True)
class Logit(Term):
    """The score of a class before the last softmax or sigmoid."""

    index: int
    output: str | int
    label: str = ""

    @property
    def key(self) -> Hashable:
        return self.output

    def arguments(self) -> tuple[Array, ...]:
        return (np.int32(self.index),)  # type: ignore[return-value]

    def value(self, scene: Scene, index: Any) -> Any:
        import tensorflow as tf

        return tf.gather(scene.scores(self.output), index, batch_dims=1)

    def __str__(self) -> str:
        return f"logit:{self.index}" if self.output == 0 else f"logit:{self.output}:{self.index}"


@dataclass(frozen=True, eq=False)
class Match(Term):
    """How near a layer's values are to given ones (inversion), or how far they go along them (caricature).

    near: minus the squared distance over the squared length of the given values. Else their dot product over that
    length squared, times max(.1, cosine) to a power.
    """

    layer: str
    values: Array
    near: bool
    power: float = 1.0

    @property
    def key(self) -> Hashable:
        return self.layer, self.near, self.power, self.values.shape

    def arguments(self) -> tuple[Array, ...]:
        return (self.values,)

    def value(self, scene: Scene, given: Any) -> Any:
        import tensorflow as tf

        maps = scene.maps(self.layer, shape=self.values.shape)
        axes = list(range(1, maps.shape.rank))
        length = tf.reduce_sum(given * given, axes) + 1e-12
        if self.near:
            return -tf.reduce_sum(tf.math.squared_difference(maps, given), axes) / length
        dot = tf.reduce_sum(maps * given, axes)
        cosine = dot / (tf.sqrt(tf.reduce_sum(maps * maps, axes) * length) + 1e-6)
        return dot / length * tf.maximum(0.1, cosine) ** self.power

    def __str__(self) -> str:
        return f"{'inversion' if self.near else 'caricature'}:{self.layer}"


@dataclass(frozen=True)
class Diversity(Term):
    """Minus the mean cosine between the Gram matrices of a layer's channels, of each image and all others of its batch:
    images of one objective then differ in their texture."""

    layer: str
    together: ClassVar[bool] = True

    @property
    def key(self) -> Hashable:
        return self.layer

    def value(self, scene: Scene) -> Any:
        import tensorflow as tf

        maps = scene.maps(self.layer)
        flat = tf.reshape(maps, [tf.shape(maps)[0], -1, maps.shape[-1]])
        gram = tf.reshape(tf.linalg.matmul(flat, flat, transpose_a=True), [-1, maps.shape[-1] ** 2])
        gram = tf.math.l2_normalize(gram, -1, epsilon=1e-10)
        cosines = tf.linalg.matmul(gram, gram, transpose_b=True)
        count = tf.cast(tf.shape(cosines)[0], tf.float32)
        return -(tf.reduce_sum(cosines, -1) - tf.linalg.diag_part(cosines)) / tf.maximum(count - 1, 1)

    def __str__(self) -> str:
        return f"diversity:{self.layer}"


@dataclass(frozen=True)
class TotalVariation(Term):
    """The mean absolute difference of neighbouring values, of the image in 0..1, along all axes in space."""

    looks_at_model: ClassVar[bool] = False

    @property
    def key(self) -> Hashable:
        return ()

    def value(self, scene: Scene) -> Any:
        import tensorflow as tf

        image = scene.image
        total = tf.zeros([tf.shape(image)[0]])
        for axis in range(1, image.shape.rank - 1):
            before = [slice(None)] * axis + [slice(None, -1)]
            after = [slice(None)] * axis + [slice(1, None)]
            total += tf.reduce_mean(
                tf.abs(image[tuple(after)] - image[tuple(before)]), list(range(1, image.shape.rank))
            )
        return total

    def __str__(self) -> str:
        return "total_variation"


@dataclass(frozen=True)
class LpNorm(Term):
    """The mean of abs(image - .5) to the power p, times 2 to the p: 0 for grey, 1 where all is black or white."""

    looks_at_model: ClassVar[bool] = False
    p: float

    @property
    def key(self) -> Hashable:
        return self.p

    def value(self, scene: Scene) -> Any:
        import tensorflow as tf

        return tf.reduce_mean(tf.abs(2 * scene.image - 1) ** self.p, list(range(1, scene.image.shape.rank)))

    def __str__(self) -> str:
        return f"lp_norm({self.p:g})"


@dataclass(frozen=True)
class L2(Term):
    """The squared length of the image in the model's own units, seen from the middle of its range: Simonyan's prior."""

    looks_at_model: ClassVar[bool] = False

    @property
    def key(self) -> Hashable:
        return ()

    def value(self, scene: Scene) -> Any:
        import tensorflow as tf

        return tf.reduce_sum(tf.square(scene.centred), list(range(1, scene.centred.shape.rank)))

    def __str__(self) -> str:
        return "l2"
