"""Blobs: the bytes that a manifest's tensors refer to."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Sequence

import numpy as np

from tensorview.errors import BundleError
from tensorview.manifest import Blob, TensorRef
from tensorview.quantise import Codes, Floats, dequantise, quantise
from tensorview.sharing import Line

MAX_BLOB = 2**31
"""No blob inflates to more than this; what says so is damaged or hostile."""


class BlobWriter:
    """Collects the tensors of one blob. Each starts at a multiple of four bytes."""

    def __init__(self, id: str) -> None:
        self.id = id
        self._parts: list[bytes] = []
        self._at: dict[int, bytes] = {}
        self._size = 0

    def _add(self, data: bytes) -> int:
        offset = self._size
        padding = -len(data) % 4
        self._parts.append(data + b"\0" * padding)
        self._size += len(data) + padding
        return offset

    def quantised(
        self, values: Floats, source: Sequence[int] | None = None, *, reach: float | None = None
    ) -> TensorRef:
        """Float values (C, ...) as codes with a scale and a zero for each channel; see `quantise`."""
        codes, scale, zero = quantise(values, reach=reach)
        quant = self._add(scale.astype("<f4").tobytes() + zero.astype("<f4").tobytes())
        self._at[quant] = self._parts[-1]
        return self._ref(self._add(codes.tobytes()), "uint8", values.shape, quant, source)

    def on_line(self, ref: TensorRef, line: Line) -> TensorRef:
        """A tensor with the codes of `ref`, one of this blob's, whose values lie on a line of its values."""
        assert ref.quant is not None
        grid = np.frombuffer(self._at[ref.quant], "<f4").astype(np.float64).reshape(2, -1)
        scale, zero = grid[0] * line.slope, grid[1] * line.slope + line.shift
        quant = self._add(scale.astype("<f4").tobytes() + zero.astype("<f4").tobytes())
        self._at[quant] = self._parts[-1]
        return dataclasses.replace(ref, quant=quant)

    def codes(self, values: Codes) -> TensorRef:
        """Bytes as they are: pictures, brightness."""
        return self._ref(self._add(np.ascontiguousarray(values).tobytes()), "uint8", values.shape, None, None)

    def floats(self, values: Floats, source: Sequence[int] | None = None) -> TensorRef:
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        return self._ref(self._add(data), "float32", values.shape, None, source)

    def _ref(
        self, offset: int, dtype: str, shape: Sequence[int], quant: int | None, source: Sequence[int] | None
    ) -> TensorRef:
        return TensorRef(
            blob=self.id, offset=offset, dtype="uint8" if dtype == "uint8" else "float32", quant=quant,
            shape=tuple(int(n) for n in shape), source=None if source is None else tuple(int(n) for n in source),
        )  # fmt: skip

    @property
    def empty(self) -> bool:
        return not self._parts

    def finish(self, level: int = 6) -> tuple[Blob, bytes]:
        """The blob's entry in the manifest and its deflated bytes."""
        packer = zlib.compressobj(level, zlib.DEFLATED, -15)
        packed = b"".join([*(packer.compress(part) for part in self._parts), packer.flush()])
        return Blob(id=self.id, size=self._size, stored=len(packed)), packed


def inflate(blob: Blob, packed: bytes) -> bytes:
    """A blob's bytes. Raises BundleError where they are damaged or of another size than the manifest says."""
    if blob.size > MAX_BLOB or blob.size < 0:
        raise BundleError(f"blob {blob.id!r} claims {blob.size} bytes, more than any blob may have")
    unpacker = zlib.decompressobj(-15)
    try:
        data = unpacker.decompress(packed, blob.size + 1)
    except zlib.error as error:
        raise BundleError(f"blob {blob.id!r} is damaged: {error}") from error
    if len(data) != blob.size or not unpacker.eof:
        raise BundleError(f"blob {blob.id!r} is damaged: it has not the {blob.size} bytes that the manifest says")
    return data


def check_ref(ref: TensorRef, size: int) -> int:
    """How many values a tensor of a blob of `size` bytes has. Raises BundleError where it is none."""
    count = math.prod(ref.shape)  # Python's numbers don't wrap around
    end = ref.offset + count * (4 if ref.dtype == "float32" else 1)
    quant_end = 0 if ref.quant is None else ref.quant + 8 * (ref.shape[0] if ref.shape else size)
    if any(n < 0 for n in ref.shape) or min(ref.offset, ref.quant or 0) < 0 or max(end, quant_end) > size:
        raise BundleError(f"a tensor of blob {ref.blob!r} reaches beyond its end")
    return count


def read_tensor(ref: TensorRef, data: bytes) -> np.ndarray:
    """A tensor's values in stored order: float32, or uint8 where it has no quantisation (pictures, brightness)."""
    count = check_ref(ref, len(data))
    if ref.dtype == "float32":
        return np.frombuffer(data, "<f4", count, ref.offset).reshape(ref.shape)
    codes = np.frombuffer(data, np.uint8, count, ref.offset).reshape(ref.shape)
    if ref.quant is None:
        return codes
    grid = np.frombuffer(data, "<f4", 2 * ref.shape[0], ref.quant)
    values = dequantise(codes, grid[: ref.shape[0]], grid[ref.shape[0] :])
    return values if ref.clamp is None else np.clip(values, ref.clamp[0], ref.clamp[1])
