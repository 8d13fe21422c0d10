"""A model that is run on one input after another: each run in a page's terms, layers' tensors made when asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview.attribution import attribute
from tensorview.attribution.target import parse, ranked
from tensorview.blobs import BlobWriter
from tensorview.build import Explained
from tensorview.encode import write_tensor
from tensorview.errors import BundleError, TensorviewError
from tensorview.explain import described, explain, method_info
from tensorview.exporting import predictions
from tensorview.inputs import Batch, as_batch
from tensorview.layers import first, stored
from tensorview.manifest import AttributionInfo, Blob, MethodInfo, Sample, TensorRef, Weight
from tensorview.samples import Samples
from tensorview.shelf import weights_of
from tensorview.signature import takes
from tensorview.statistics import as_numbers
from tensorview.structure import Structure, structure
from tensorview.tracing import Trace, trace

WHOLE = 2**22
"""Variables of up to so many values are given whole when their weights are asked for."""
LEVEL = 1
"""Of deflation: what is sent once, over a short way, is better made fast than small."""


class Live:
    """Runs a model on one input after another. Nothing is traced anew for inputs of the same shapes."""

    def __init__(self, model: Any, labels: tuple[str, ...] | None = None) -> None:
        self.model, self.labels = model, labels
        self._trace: Trace | None = None
        self._known: Structure | None = None
        self._pool = ThreadPoolExecutor(2)

    def warm(self) -> None:
        """Runs the model once on nothing, so that the first input that is given is answered as fast as the next. Does
        nothing where the model doesn't say what it takes."""
        needs = takes(self.model)
        if self._trace is not None or needs is None or any(None in item.shape for item in needs):
            return
        arrays: dict[str, Any] = {
            item.name: np.zeros((1, *(size or 1 for size in item.shape)), np.dtype(item.dtype or "float32"))
            for item in needs
        }
        self.run(as_batch(self.model, arrays if len(arrays) > 1 else arrays[needs[0].name]))

    def run(self, batch: Batch, methods: Sequence[str] = (), target: Any = "top") -> Run:
        """The first sample of a batch, with these methods explained for one target."""
        batch = _first(batch)
        before = self._trace
        made = trace(self.model, batch.arrays) if before is None else before.again(batch.arrays)
        self._trace = made
        if self._known is None or before is None or not _alike(before, made):
            self._known = structure(made, weights=False)
        explained, scores, last, notes = self._explain(batch, made, methods, target)
        samples = Samples(made, self._known, 1, self._pool)
        nodes = {node.layer: node.id for node in made.nodes if node.id in made.input_ids}
        pictures = [{nodes[name]: seen for name, seen in taken.items() if name in nodes} for taken in batch.pictures]
        front = samples.front(pictures[0])
        refs = {node.id: self._planned(place, samples) for place, node in enumerate(self._known.nodes)}
        sample = Sample(
            name=batch.names[0],
            pictures=tuple(front.pictures),
            predictions=predictions(made, 0, self.labels, scores, last),
            activations=tuple(
                dataclasses.replace(a, tensor=None if a.node in samples.missing else refs[a.node])
                for a in front.activations
            ),
        )
        blobs = dict([("t0", front.writer.finish(LEVEL)), *((w.id, w.finish(LEVEL)) for w in explained.blobs)])
        told = tuple(f"{item.name}: {item.preprocessing}" for item in batch.inputs)
        return Run(
            self, batch, made, self._known, sample, explained.methods, explained.attributions, blobs, told, notes
        )

    def _explain(self, batch: Batch, made: Trace, methods: Sequence[str], target: Any) -> Any:
        chosen = target not in (None, "top")
        wanted = parse(target, 1, self.labels) if chosen else ranked(0, 1)
        try:
            return explain(self.model, batch, made, methods, target=wanted, labels=self.labels, asked=False)
        except TensorviewError as error:
            if chosen:
                raise
            # A model that runs but has no scores or no gradients is still worth asking.
            return Explained(), {}, {}, (f"Nothing was explained: {error}.",) if methods else ()

    def _planned(self, place: int, samples: Samples) -> TensorRef:
        """Where a layer's values will lie in the blob that is made when somebody looks at it."""
        assert self._known is not None
        size = self._known.sizes[place]
        ref, _ = write_tensor(_Plan(f"a{place}.0"), size.form, np.broadcast_to(np.float32(0), size.shape), None)
        return ref


@dataclass(slots=True)
class Run:
    """One run. told: how each input became what the model was given. blobs: those made so far, deflated, by id."""

    live: Live
    batch: Batch
    trace: Trace
    known: Structure
    sample: Sample
    methods: tuple[MethodInfo, ...]
    attributions: tuple[AttributionInfo, ...]
    blobs: dict[str, tuple[Blob, bytes]]
    told: tuple[str, ...]
    notes: tuple[str, ...]
    _explained: int = field(default=0)

    def blob(self, id: str) -> bytes:
        """A blob of the sample's or an attribution's tensors, deflated. Raises BundleError for one that there isn't."""
        if id not in self.blobs:
            self.blobs[id] = self._activation(id)
        return self.blobs[id][1]

    def _activation(self, id: str) -> tuple[Blob, bytes]:
        places = {f"a{place}.0": node for place, node in enumerate(self.known.nodes)}
        if id not in places:
            raise BundleError(f"this run has no blob {id[:40]!r}")
        node = places[id]
        values = self.values(node.id)
        ordered = np.ascontiguousarray(stored(values, self.known.descriptions[node.id]), np.float32)
        writer = BlobWriter(id)
        write_tensor(writer, node.form, ordered, None)
        return writer.finish(LEVEL)

    def values(self, node: str) -> np.ndarray:
        """What a node returned for the sample, without batch, as the model computed it."""
        value = first(self.trace.activation(node))
        numbers = None if value is None else as_numbers(value)
        if numbers is None or (numbers.ndim and len(numbers) != 1):
            raise BundleError(f"{node!r} has no values that could be shown")
        return numbers[0] if numbers.ndim else numbers

    def weights(self, node: str, channel: int) -> tuple[tuple[Weight, ...], tuple[Blob, bytes] | None]:
        """A layer's weights, large ones cut to whole filters, that of the channel among them, and their blob."""
        if node not in self.known.descriptions:
            raise BundleError(f"the model has no layer call {node[:80]!r}")
        place = [known.id for known in self.known.nodes].index(node)
        found, writer = weights_of(
            self.trace, self.known.descriptions, node, channel, whole=WHOLE, blob=f"w{place}.{channel}"
        )
        return found, None if writer is None else writer.finish(LEVEL)

    def explain(self, method: str, target: Any, layer: str | None, parameters: dict[str, Any]) -> AttributionInfo:
        """One more attribution. Raises OptionError for what doesn't fit the method or the model."""
        model, arrays, labels = self.live.model, self.batch.arrays, self.live.labels
        found = attribute(model, arrays, method, target, layer, labels=labels, **parameters)
        self._explained += 1
        info, writer = described(found, model, arrays, self.trace, labels=labels, blob=f"m{self._explained}.0")
        if not writer.empty:
            self.blobs[writer.id] = writer.finish(LEVEL)
        self.attributions = (*self.attributions, info)
        if method not in [known.name for known in self.methods]:
            self.methods = (*self.methods, method_info(method))
        return info


class _Plan(BlobWriter):
    """Tells where tensors will lie without making them."""

    def quantised(self, values: Any, source: Sequence[int] | None = None, *, reach: float | None = None) -> TensorRef:
        return self._ref(8 * len(values), "uint8", values.shape, 0, source)

    def floats(self, values: Any, source: Sequence[int] | None = None) -> TensorRef:
        return self._ref(0, "float32", values.shape, None, source)


def _first(batch: Batch) -> Batch:
    """The first sample alone."""
    arrays = tf.nest.map_structure(lambda array: None if array is None else np.asarray(array)[:1], batch.arrays)
    return dataclasses.replace(batch, arrays=arrays, names=batch.names[:1], pictures=batch.pictures[:1])


def _alike(a: Trace, b: Trace) -> bool:
    """Whether what is known of one run's layers holds for another's."""
    return a.edges == b.edges and [(n.id, n.shape) for n in a.nodes] == [(n.id, n.shape) for n in b.nodes]
