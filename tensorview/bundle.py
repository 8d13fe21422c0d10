"""A bundle: the manifest of a run and the blobs that its tensors lie in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from tensorview.blobs import inflate, read_tensor
from tensorview.errors import BundleError
from tensorview.manifest import Blob, Manifest, NodeInfo, TensorRef, fields_of


class Bundle:
    """What `export` writes and `open_bundle` reads.

    manifest: see tensorview.manifest. blobs: raw-deflated bytes by blob id.
    """

    def __init__(self, manifest: Manifest, blobs: Mapping[str, bytes]) -> None:
        self.manifest = manifest
        self._blobs = blobs

    def raw_blob(self, id: str) -> bytes:
        """A blob's deflated bytes."""
        try:
            return self._blobs[id]
        except KeyError:
            raise BundleError(f"the bundle has no blob {id!r}; it was cut off or put together by hand") from None

    def blob(self, id: str) -> bytes:
        """A blob's bytes, inflated. Raises BundleError where they are missing or damaged."""
        if id not in self._entries:
            raise BundleError(f"the bundle's manifest has no blob {id!r}")
        return inflate(self._entries[id], self.raw_blob(id))

    def tensor(self, ref: TensorRef) -> np.ndarray:
        """A tensor in stored order: float32 values, or the bytes of a picture."""
        return read_tensor(ref, self.blob(ref.blob))

    def activation(self, id: str, sample: int | None = None) -> np.ndarray:
        """What a node returned, float32, axes in the model's own order.

        sample: one sample's values, without batch; None for all of them, batch first. Where the bundle was reduced,
        these are area means over fewer cells, or the first entries. Raises BundleError where nothing is kept.
        """
        node = self.node(id)
        samples = range(len(self.manifest.samples)) if sample is None else [sample]
        values = [self._activation(node, index) for index in samples]
        if not values:
            raise BundleError("this bundle holds the architecture only: it was exported without an input")
        return np.stack(values) if sample is None else values[0]

    def mask(self, id: str, sample: int) -> np.ndarray | None:
        """Keras's mask of what a node returned: booleans over the first axes of its shape, False where later layers
        pass over (padded steps). None where there is none."""
        for activation in self.manifest.samples[sample].activations:
            if activation.node == self.node(id).id and activation.mask is not None:
                return self.tensor(activation.mask).astype(bool)
        return None

    def _activation(self, node: NodeInfo, sample: int) -> np.ndarray:
        if not 0 <= sample < len(self.manifest.samples):
            raise BundleError(f"there is no sample {sample}; the bundle has {len(self.manifest.samples)}")
        for activation in self.manifest.samples[sample].activations:
            if activation.node == node.id and activation.tensor is not None:
                stored = self.tensor(activation.tensor)
                try:
                    return own_order(node, stored, activation.tensor)
                except (ValueError, OverflowError) as error:  # an axis that it doesn't have, another number of values
                    raise BundleError(f"the values of {node.id!r} do not fit its shape {node.shape}") from error
        raise BundleError(f"the bundle keeps no values of {node.id!r}{': ' + node.note if node.note else ''}")

    def node(self, id: str) -> NodeInfo:
        try:
            return self._nodes[id]
        except KeyError:
            raise BundleError(f"the bundle has no node {id!r}; ids are those of Bundle.manifest.nodes") from None

    @cached_property
    def _nodes(self) -> dict[str, NodeInfo]:
        return {node.id: node for node in self.manifest.nodes}

    @cached_property
    def _entries(self) -> dict[str, Blob]:
        return {blob.id: blob for blob in self.manifest.blobs}

    def manifest_json(self) -> str:
        """The manifest as compact JSON."""
        return self._json

    @cached_property
    def _json(self) -> str:
        text = json.dumps(self.manifest, default=fields_of, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        # Names of files in another encoding come with half characters, which UTF-8 has no bytes for.
        return text.encode("utf-8", "replace").decode()


def own_order(node: NodeInfo, stored: np.ndarray, ref: TensorRef) -> np.ndarray:
    """Stored values (channel first) in the order of the model's axes."""
    if node.form in ("row", "scalar", "generic") or (node.form == "matrix" and len(node.shape) > 3):
        return stored.reshape(node.shape) if ref.source is None else stored
    return stored if node.channel_axis is None else np.moveaxis(stored, 0, node.channel_axis)
