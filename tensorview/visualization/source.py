"""Many inputs, from an array or from files: in batches, read ahead, and single ones again later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tensorview.errors import InputError
from tensorview.folder import image_files
from tensorview.inputs import Batch, as_batch, read_inputs
from tensorview.preparing import prepare


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The samples `first` and on: arrays as the model takes them."""

    first: int
    count: int
    arrays: Any


class Source:
    """samples: how many there are. names: one for each. Made from an array (N, ...) as the model takes it, a folder of
    images, or a list of files. Raises InputError for nothing."""

    def __init__(self, model: Any, given: Any, preprocess: str = "auto") -> None:
        self._model, self._preprocess = model, preprocess
        self._files: list[Path] | None = None
        if isinstance(given, str | Path):
            folder = Path(given)
            if not folder.is_dir():
                raise InputError(f"{folder} is no folder; expected a folder of images, a list of files, or an array")
            self._files = image_files(folder)
            self.names = tuple(str(file.relative_to(folder)) for file in self._files)
        elif isinstance(given, Sequence) and given and all(isinstance(one, str | Path) for one in given):
            self._files = [Path(one) for one in given]
            self.names = tuple(file.name for file in self._files)
        else:
            self._array = np.asarray(given)
            if self._array.ndim < 2 or not len(self._array):
                raise InputError(f"expected an array of samples, (N, ...), but its shape is {self._array.shape}")
            prepare(model, self._array[:1])
            self.names = tuple(f"sample {i + 1}" for i in range(len(self._array)))
        self.samples = len(self.names)

    def batches(self, size: int) -> Iterator[Part]:
        """All samples in order; the next batch is read while the last one is worked on."""
        starts = range(0, self.samples, size)
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = reader.submit(self._part, 0, size)
            for start in starts:
                part = coming.result()
                if start + size < self.samples:
                    coming = reader.submit(self._part, start + size, size)
                yield part

    def take(self, places: Sequence[int]) -> Batch:
        """Some samples by their numbers, with their pictures."""
        if self._files is None:
            return as_batch(self._model, self._array[list(places)])
        return read_inputs(self._model, [self._files[place] for place in places], self._preprocess)

    def _part(self, start: int, size: int) -> Part:
        places = range(start, min(start + size, self.samples))
        arrays = self._array[start : places.stop] if self._files is None else self.take(places).arrays
        return Part(start, len(places), arrays)
