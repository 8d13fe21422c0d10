"""The patches of many inputs that make each channel of a layer fire most (Zeiler and Fergus 2013, figure 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as hidden
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution.features import Features
from tensorview.attribution.outputs import output_at
from tensorview.attribution.projection import deconvolve
from tensorview.compiling import Compiled
from tensorview.deep import with_deep_stack
from tensorview.errors import OptionError, TensorviewError, TraceError, first_line
from tensorview.manifest import ReceptiveField
from tensorview.preparing import prepare
from tensorview.recorder import Recording
from tensorview.structure import structure
from tensorview.tracing import trace
from tensorview.visualization.result import Array
from tensorview.visualization.source import Source

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One patch. sample: its number, and name. position: in the layer. box: (first, past the last) along each axis in
    space of the input. picture: that part of the input, uint8 (h, w, 1|3) where it is a picture, else its values.
    projection: float32, signed, the same part of the DeconvNet's way down from this activation alone."""

    sample: int
    name: str
    value: float
    position: tuple[int, ...]
    box: tuple[tuple[int, int], ...]
    picture: Array
    projection: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopPatches:
    """The strongest position of each input, and of these the strongest `count` inputs, for each channel.

    layer: its node id. values: float32 (channels, count), falling; -inf where there are fewer inputs. samples: int64
    (channels, count), -1 there. positions: int64 (channels, count, axes in space). field: what one position sees, None
    where that isn't known (then patches are whole inputs). seen: how many inputs there were. channel_axis: of the
    input, batch included. Of equal values the earlier input, and the earlier position,
    comes first.
    """

    layer: str
    values: Array
    samples: Array
    positions: Array
    field: ReceptiveField | None
    seen: int
    _model: Any = hidden(repr=False)
    _source: Source = hidden(repr=False)
    channel_axis: int | None

    @property
    def names(self) -> tuple[str, ...]:
        return self._source.names

    def patches(self, channel: int) -> list[Patch]:
        """The patches of one channel, read again and projected down. Raises OptionError where there is no such."""
        if not 0 <= channel < len(self.values):
            raise OptionError(f"channel {channel} does not exist: layer {self.layer!r} has {len(self.values)}")
        places = [int(sample) for sample in self.samples[channel] if sample >= 0]
        batch = self._source.take(places)
        down = self._project(batch.arrays, channel)
        found = []
        for rank, sample in enumerate(places):
            position = tuple(int(one) for one in self.positions[channel, rank])
            array = np.asarray(batch.arrays)[rank]
            box = self.box(position, array.shape)
            cut = self._cut(array.ndim, box)
            shown = next(iter(batch.pictures[rank].values()), None) if batch.pictures else None
            picture = array[cut] if shown is None else shown[tuple(slice(*ends) for ends in box)]
            found.append(
                Patch(
                    sample=sample, name=self.names[sample], value=float(self.values[channel, rank]),
                    position=position, box=box, picture=picture, projection=down[rank][cut],
                )
            )  # fmt: skip
        return found

    def box(self, position: tuple[int, ...], shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """The part of an input of this shape (without batch) that a position sees, within its borders."""
        sizes = [size for axis, size in enumerate(shape) if axis + 1 != self.channel_axis]
        if self.field is None or len(position) != len(sizes):
            return tuple((0, size) for size in sizes)
        found = []
        for place, size, wide, step, offset in zip(
            position, sizes, self.field.size, self.field.step, self.field.offset, strict=True
        ):
            if wide is None:
                found.append((0, size))
                continue
            first = round(offset + step * place - (wide - 1) / 2)
            found.append((min(max(first, 0), size - 1), max(min(first + wide, size), 1)))
        return tuple(found)

    def _cut(self, rank: int, box: tuple[tuple[int, int], ...]) -> tuple[slice, ...]:
        cut = [slice(*ends) for ends in box]
        if self.channel_axis is not None:
            cut.insert(self.channel_axis - 1, slice(None))
        return tuple(cut)

    def _project(self, arrays: Any, channel: int) -> Array:
        if self.positions.shape[-1] == 0:  # a layer without space has no maps to come down from
            return np.zeros(np.shape(arrays), np.float32)
        found = deconvolve(self._model, arrays, self.layer, channel).projection
        return np.asarray(found)


def top_patches(
    model: Any,
    inputs: Any,
    layer: str,
    *,
    count: int = 9,
    batch: int = 32,
    preprocess: str = "auto",
    progress: Progress = lambda _what, _share: None,
) -> TopPatches:
    """Run many inputs through a layer, batch by batch, and keep each channel's strongest.

    inputs: an array (N, ...) as the model takes it, a folder of images, or a list of image files. Memory is bounded by
    the channels and one batch, not by the inputs. Raises OptionError, InputError, TraceError.
    """
    if count < 1 or batch < 1:
        raise OptionError(f"count and batch are whole numbers from 1, but {count} and {batch} came")
    source = Source(model, inputs, preprocess)
    best: _Best | None = None
    passes: dict[Any, _Pass] = {}
    first = None
    for part in source.batches(batch):
        shape = np.shape(part.arrays)[1:]
        if shape not in passes:
            passes[shape] = _Pass(model, part.arrays, layer)
        run = passes[shape]
        first = run if first is None else first
        peaks, places = run(part.arrays)
        best = _Best(peaks.shape[1], count, run.space) if best is None else best
        best.add(peaks, places, part.first, run.sizes)
        progress(
            f"{part.first + part.count:,} of {source.samples:,} inputs", (part.first + part.count) / source.samples
        )
    assert best is not None and first is not None
    return TopPatches(
        layer=first.id, values=best.values, samples=best.samples, positions=best.positions, field=first.field,
        seen=source.samples, _model=model, _source=source, channel_axis=first.input_channel_axis,
    )  # fmt: skip


class _Best:
    """The strongest so far, of each channel."""

    def __init__(self, channels: int, count: int, space: int) -> None:
        self.values = np.full((channels, count), -np.inf, np.float32)
        self.samples = np.full((channels, count), -1, np.int64)
        self.positions = np.zeros((channels, count, space), np.int64)

    def add(self, peaks: Array, places: Array, first: int, sizes: tuple[int, ...]) -> None:
        """peaks, places: (N, channels), of the samples `first` and on; places are flat positions."""
        count = self.values.shape[1]
        better = self.values[:, -1:] < peaks.T
        rows = np.flatnonzero(better.any(1))  # most batches change little
        if not len(rows):
            return
        values = np.concatenate([self.values[rows], peaks.T[rows]], 1)
        samples = np.broadcast_to(first + np.arange(len(peaks)), (len(rows), len(peaks)))
        where = np.stack(np.unravel_index(places.T[rows], sizes), -1) if sizes else np.zeros((*samples.shape, 0), int)
        order = np.argsort(-values, axis=1, kind="stable")[:, :count]  # stable: the earlier sample first
        self.values[rows] = np.take_along_axis(values, order, 1)
        self.samples[rows] = np.take_along_axis(np.concatenate([self.samples[rows], samples], 1), order, 1)
        joined = np.concatenate([self.positions[rows], where], 1)
        self.positions[rows] = np.take_along_axis(joined, order[..., None], 1)


class _Pass:
    """The compiled way to a layer, for inputs of one shape: the peak of each channel and its flat position."""

    def __init__(self, model: Any, arrays: Any, layer: str) -> None:
        tensors, specs = prepare(model, arrays[:1])
        self.model = model

        def build(recording: Recording) -> dict[str, Any]:
            maps, self.id = _maps(recording, layer)
            self.input_channel_axis = Features(recording, output_at(recording, 0).tensor).input_channel_axis(
                next(iter(recording.inputs))
            )
            flat = tf.reshape(maps, [tf.shape(maps)[0], -1, maps.shape[-1]])
            where = tf.argmax(tf.transpose(flat, [0, 2, 1]), 2, tf.int32)
            return {"peaks": tf.reduce_max(flat, 1), "places": where, "sizes": tf.shape(maps)[1:-1]}

        def compile() -> Compiled:
            try:
                return Compiled(model, tensors, specs, build, often=True)
            except TensorviewError:
                raise
            except Exception as error:  # the model's own code may raise anything
                raise TraceError(f"the model could not be run: {first_line(error)}") from error

        self._run = with_deep_stack(model, compile)
        self.sizes: tuple[int, ...] = ()
        known = structure(trace(model, arrays[:1]), weights=False)
        self.field = next((node.field for node in known.nodes if node.id == self.id), None)

    @property
    def space(self) -> int:
        return len(self.sizes)

    def __call__(self, arrays: Any) -> tuple[Array, Array]:
        tensors, _ = prepare(self.model, arrays)
        found = self._run(*[tensor for tensor in tf.nest.flatten(tensors) if tensor is not None])
        self.sizes = tuple(found["sizes"].numpy().tolist())
        return found["peaks"].numpy(), found["places"].numpy()


def _maps(recording: Recording, layer: str) -> tuple[Any, str]:
    """A layer's values with the channels last, float32, and its node id."""
    try:
        call = recording.find(layer)
        tensor = recording.tensor(layer)
    except TraceError as error:
        raise OptionError(str(error)) from None
    if tensor.shape.rank == 2:
        return tf.cast(tensor, tf.float32), call.id
    maps = Features(recording, output_at(recording, 0).tensor).of(layer)
    order = [0, *maps.space, maps.channel_axis]
    return tf.cast(tf.transpose(maps.tensor, order) if order != sorted(order) else maps.tensor, tf.float32), maps.id
