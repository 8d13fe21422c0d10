"""A Keras callback that records a training: `model.fit(..., callbacks=[Snapshot("training.html", images)])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tensorview import formats, moments
from tensorview.errors import OptionError
from tensorview.exporting import DEFAULT_BUDGET, make_bundle
from tensorview.files import check_free

SUFFIXES: dict[str, formats.Format] = {".html": "html", ".tview": "tview", "": "folder"}


class Snapshot(keras.callbacks.Callback):  # type: ignore[misc]
    """Records what the model does with the same inputs before the training and after its epochs: activations, weights,
    predictions, attribution and health, as one bundle that the page plays as time.

    path: what is written: `.html`, `.tview`, or a folder. inputs: a few samples, as `export` takes them. every: epochs
    from one snapshot to the next; the state before the first and after the last are always among them. labels, methods,
    title: as `export` takes them. budget: megabytes of the whole file, shared out among `most` snapshots; where more
    come, every second one is dropped and `every` doubles.

    The file is written anew, whole or not at all, after each snapshot, so that a training that breaks off leaves what
    was recorded. The model is left as it was, random numbers included. A model that can't be traced breaks off no
    training: it is told of at the end of the first epoch by a TensorviewError.
    """

    def __init__(
        self,
        path: str | Path,
        inputs: Any,
        *,
        every: int = 1,
        labels: str | Path | Sequence[str] | None = None,
        methods: Sequence[str] = (),
        budget: float = DEFAULT_BUDGET,
        most: int = 16,
        title: str | None = None,
        force: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise OptionError(f"every is a whole number of epochs from 1, but {every!r} came")
        if isinstance(most, bool) or not isinstance(most, int) or most < 2:
            raise OptionError(f"most is a whole number of snapshots from 2, but {most!r} came")
        self.path = check_free(path, force)
        if self.path.suffix.lower() not in SUFFIXES:
            raise OptionError(
                f"{self.path} ends in {self.path.suffix}; a training is written as .html, .tview or a folder"
            )
        self.snapshots: list[moments.Snapshot] = []
        self.every = every
        self._inputs, self._labels, self._methods = inputs, labels, tuple(methods)
        self._budget, self._most, self._title = budget, most, title
        self._before = 0
        """Epochs of earlier calls of `fit` with this callback."""
        self._done = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._before = self._done
        if not self.snapshots and self._ready():
            self._take(0, {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._done = self._before + epoch + 1
        if self._done % self.every == 0:
            self._take(self._done, logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        if self._done and (not self.snapshots or self.snapshots[-1].epoch != self._done):
            self._take(self._done, logs or {})

    def _ready(self) -> bool:
        """Whether the model has weights yet: one that waits for its first batch has nothing to show before."""
        return bool(self.model.built)

    def _take(self, epoch: int, logs: Any) -> None:
        format = SUFFIXES[self.path.suffix.lower()]
        bundle = make_bundle(
            self.model, self._inputs, format=format, labels=self._labels, methods=self._methods,
            budget=self._budget / self._most, weights=self._budget / self._most / 2, title=self._title,
        )  # fmt: skip
        told = {name: float(value) for name, value in logs.items()}
        self.snapshots.append(moments.Snapshot(epoch, told, bundle))
        if len(self.snapshots) > self._most:
            self.snapshots = [*self.snapshots[:-1:2], self.snapshots[-1]]
            self.every *= 2
        formats.write(moments.join(self.snapshots), self.path, format, force=True)
