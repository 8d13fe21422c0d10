"""The process that holds one model: it answers the server over a pipe, and what it does can't take the server down."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorview.errors import BundleError, TensorviewError, first_line
from tensorview.server.wire import Message, WireError, receive, send

if TYPE_CHECKING:
    from tensorview.live import Live, Run

Said = tuple[dict[str, Any], Sequence[bytes]]
RUNS = 3
"""Runs that are kept, so that their layers can still be looked at."""


class StoppedError(Exception):
    """The server wants no more of what is under way."""


class Child:
    """Answers requests: {"do": NAME, ...} becomes {"ok": {...}} or {"error": KIND, "text": LINE}.

    Between the passes of long work it says {"tick": SHARE} and waits for "go", "stop", or another request to answer
    first: that is how a person at the page is served while a job runs.
    """

    def __init__(self, inlet: int, outlet: int) -> None:
        self.inlet, self.outlet = inlet, outlet
        self.model: Any = None
        self.labels: tuple[str, ...] | None = None
        self.preprocess = "auto"
        self._live: Live | None = None
        self.runs: OrderedDict[str, Run] = OrderedDict()

    def answer(self, message: Message) -> None:
        head = dict(message.head)
        work: Callable[..., Said] = getattr(self, f"do_{head.pop('do')}")
        try:
            said, parts = work(*message.parts, **head)
            send(self.outlet, {"ok": said, "held": held_bytes()}, parts)
        except StoppedError:
            send(self.outlet, {"error": "Stopped", "text": "it was cancelled"})
        except TensorviewError as error:
            send(self.outlet, {"error": type(error).__name__, "text": " ".join(str(error).split())})
        except MemoryError:
            send(self.outlet, {"error": "ModelError", "text": "this needs more memory than the model may have"})
        except WireError:
            raise
        except Exception as error:  # models run code of their own, which may raise anything
            text = f"the model could not do this: {first_line(error)}"
            if type(error).__name__ == "ResourceExhaustedError":
                text = "this needs more memory than the model may have"
            send(self.outlet, {"error": "ModelError", "text": text})

    def tick(self, share: float) -> None:
        send(self.outlet, {"tick": share})
        while True:
            message = receive(self.inlet)
            if message.head["do"] == "go":
                return
            if message.head["do"] == "stop":
                raise StoppedError
            self.answer(message)

    # What it can be asked for ------------------------------------------------------------------------------------

    def do_load(
        self,
        *,
        path: str,
        weights: str | None,
        imports: list[str],
        unsafe: bool,
        labels: str | None,
        preprocess: str,
        memory: int,
    ) -> Said:
        """memory: bytes beyond those of the libraries that this process may take."""
        from tensorview.backend import require_keras

        require_keras()
        from tensorview import modules
        from tensorview.labels import labels_for
        from tensorview.loading import load_model

        limit_memory(memory)
        custom = modules.custom_objects(imports)
        self.model = load_model(path, weights=weights or "imagenet", custom_objects=custom, safe_mode=not unsafe)
        self.labels = labels_for(self.model, labels)
        self.preprocess = preprocess
        return {}, ()

    def do_bundle(self, *, to: str, inputs: list[str], title: str) -> Said:
        """The model on these files, or its architecture alone, as a .tview file."""
        from tensorview.exporting import make_bundle
        from tensorview.formats import write
        from tensorview.inputs import read_inputs

        batch = read_inputs(self.model, inputs, self.preprocess) if inputs else None
        bundle = make_bundle(self.model, batch, format="tview", labels=self.labels, progress=self._progress)
        write(_titled(bundle, title), to, "tview", force=True)
        return {"told": [] if batch is None else _told(batch)}, ()

    def do_run(
        self,
        data: bytes,
        *,
        run: str,
        suffix: str,
        name: str,
        methods: list[str],
        target: str | int,
        preprocess: str | None,
    ) -> Said:
        """The model on one input; with it, what a page needs for its first look."""
        from tensorview.inputs import read_inputs

        with tempfile.TemporaryDirectory(prefix="tensorview-") as folder:
            path = Path(folder) / f"input{suffix}"
            path.write_bytes(data)
            try:
                batch = read_inputs(self.model, [path], preprocess or self.preprocess)
            except TensorviewError as error:
                raise type(error)(str(error).replace(str(path), "the input").replace(path.name, "the input")) from None
        made = self._alive().run(batch, methods, target)
        made.sample = _renamed(made.sample, name)
        self.runs[run] = made
        while len(self.runs) > RUNS:
            self.runs.popitem(last=False)
        return self.do_again(run=run)

    def do_warm(self) -> Said:
        """Makes ready for the first input."""
        self._alive().warm()
        return {}, ()

    def do_again(self, *, run: str) -> Said:
        """A run as it is now, with what was explained since."""
        made = self._run(run)
        said = {
            "sample": made.sample, "methods": made.methods, "attributions": made.attributions,
            "told": made.told, "notes": made.notes,
        }  # fmt: skip
        return self._with_blobs(said, made)

    def do_blob(self, *, run: str, blob: str) -> Said:
        return {}, [self._run(run).blob(blob)]

    def do_values(self, *, run: str, node: str) -> Said:
        """A layer's own numbers as an .npy file."""
        import io

        import numpy as np

        found = self._run(run)
        if node not in [known.id for known in found.known.nodes]:
            raise BundleError(f"the model has no layer call {node[:80]!r}")
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(found.values(node), np.float32))
        return {}, [buffer.getvalue()]

    def do_weights(self, *, run: str, node: str, channel: int) -> Said:
        """A layer's weights, whole filters of large ones."""
        weights, blob = self._run(run).weights(node, channel)
        return _plain({"weights": weights, "blobs": [blob[0]] if blob else []}), [blob[1]] if blob else []

    def do_explain(
        self, *, run: str, method: str, target: str | int, layer: str | None, parameters: dict[str, Any]
    ) -> Said:
        from tensorview.attribution import pace

        found = self._run(run)
        before = set(found.blobs)
        with pace.listening(self.tick):
            info = found.explain(method, target, layer, parameters)
        [described] = [known for known in found.methods if known.name == method]
        said = {"attribution": info, "method": described}
        return self._with_blobs(said, found, before)

    def do_visualize(self, *, objective: str, steps: int, seed: int) -> Said:
        """The input that a channel, a neuron, a layer or a class answers to most, as a picture."""
        import numpy as np

        from tensorview.sheet import png
        from tensorview.visualization import visualize

        found = visualize(self.model, objective, steps=steps, seed=seed, labels=self.labels, progress=self._progress)
        first, last = (float(found.history[0, at]) for at in (0, -1))
        said = {
            "objective": found.objectives[0], "seed": seed, "first": first, "last": last, "dead": bool(found.dead[0]),
            "range": found.range, "notes": list(found.notes),
        }  # fmt: skip
        if found.images.ndim == 4:
            return said, [png(found.sheet())]
        # A signal or a vector: a row for each of its channels, a column for each step.
        rows = np.atleast_2d(found.images[0].T)
        return said, [png(np.repeat(rows.reshape(-1, rows.shape[-1])[..., None], 3, -1))]

    def do_export(self, *, run: str, to: str, methods: list[str], title: str, model: str) -> Said:
        from tensorview.exporting import make_bundle
        from tensorview.formats import write

        batch = self._run(run).batch
        bundle = make_bundle(
            self.model, batch, format="tview", labels=self.labels, methods=methods or None, progress=self._progress
        )
        write(_titled(bundle, model, title), to, "tview", force=True)
        return {}, ()

    # -------------------------------------------------------------------------------------------------------------

    def _progress(self, _what: str, share: float) -> None:
        self.tick(share)

    def _alive(self) -> Live:
        from tensorview.live import Live

        self._live = self._live or Live(self.model, self.labels)
        return self._live

    def _run(self, id: str) -> Run:
        try:
            return self.runs[id]
        except KeyError:
            raise GoneError("this run is no longer held; give the input again") from None

    @staticmethod
    def _with_blobs(said: dict[str, Any], run: Run, but: set[str] | frozenset[str] = frozenset()) -> Said:
        """What is said, with the blobs that are made already: their entries, and their bytes as parts."""
        made = [run.blobs[id] for id in run.blobs if id not in but and not id.startswith("a")]
        return _plain({**said, "blobs": [entry for entry, _ in made]}), [data for _, data in made]


class GoneError(TensorviewError):
    """A run that is no longer held."""


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    from tensorview.manifest import fields_of

    plain: dict[str, Any] = json.loads(json.dumps(said, default=fields_of))
    return plain


def _titled(bundle: Any, model: str, title: str | None = None) -> Any:
    """A bundle by the name that a person knows its model by: its file is kept under another."""
    import dataclasses

    from tensorview.bundle import Bundle

    known = dataclasses.replace(bundle.manifest.model, name=model, file=None)
    manifest = dataclasses.replace(bundle.manifest, title=title or model, model=known)
    return Bundle(manifest, {blob.id: bundle.raw_blob(blob.id) for blob in manifest.blobs})


def _told(batch: Any) -> list[str]:
    return [f"{item.name}: {item.preprocessing}" for item in batch.inputs]


def _renamed(sample: Any, name: str) -> Any:
    import dataclasses

    return dataclasses.replace(sample, name=name)


def held_bytes() -> int:
    """Memory that this process has now; where the system doesn't tell, the most that it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def limit_memory(most: int) -> None:
    """No more than `most` bytes from here on: what is asked for beyond them is refused by the system."""
    try:
        import resource

        used = next(
            (int(line.split()[1]) * 1024 for line in Path("/proc/self/status").read_text().splitlines()
             if line.startswith("VmData")), None,
        )  # fmt: skip
        if used is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (used + most, used + most))
    except (ImportError, OSError, ValueError):
        return  # a system without such limits: the server still watches how much is held


def _end_with(parent: int) -> None:
    """Ends this process when the server is gone, however that went."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main() -> None:
    inlet, outlet = os.dup(0), os.dup(1)
    # Whatever a library prints must not come between messages.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    child = Child(inlet, outlet)
    os.nice(5)  # pages are answered while it computes
    try:
        while True:
            child.answer(receive(inlet))
    except WireError:
        os._exit(0)  # the server is gone, or wants this process to end


if __name__ == "__main__":
    main()
