"""All that one server has: its library, its models, its jobs, and the runs that people look at."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorview.errors import TensorviewError
from tensorview.formats import open_bundle, write
from tensorview.server.archive import Archive
from tensorview.server.index import Entry
from tensorview.server.jobs import Job, Jobs
from tensorview.server.library import Library
from tensorview.server.models import CancelledError, Limits, Models, Source, Work
from tensorview.server.problems import Problem

RUNS = 256


@dataclass(frozen=True, slots=True)
class Given:
    """A path of the command line: a model with how it is to be loaded and what it is to be shown on, or a bundle."""

    path: Path
    name: str
    source: Source | None = None
    inputs: tuple[str, ...] = ()


class Site:
    """library: where things are kept. given: what is shown beside it."""

    def __init__(
        self, library: Library, given: Sequence[Given] = (), limits: Limits | None = None, most_upload: int = 2**29
    ) -> None:
        self.library, self.most_upload = library, most_upload
        self.models = Models(limits)
        self.jobs = Jobs(between=self.models.sweep)
        self._scratch = tempfile.TemporaryDirectory(prefix="tensorview-")
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, str] = OrderedDict()
        self._given: dict[str, Given] = {}
        self.home: str | None = None
        """The only thing that was given, for the server to begin with."""
        for one in given:
            path = one.path
            if one.source is None and path.suffix.lower() != ".tview":
                # Pages and folders are read into the one form that can be read piece by piece.
                path = Path(self._scratch.name) / f"{len(self._given)}.tview"
                write(open_bundle(one.path), path, "tview")
            entry = library.give(path, one.name, kind="report" if one.source is None else "model")
            self._given[entry.id] = one
            self.home = entry.id if len(given) == 1 else None

    # Bundles -----------------------------------------------------------------------------------------------------

    def bundle_path(self, entry: Entry) -> Path:
        given = self._given.get(entry.id)
        if given is not None and given.source is not None:
            # What was given with an input of its own is another picture of the model each time.
            return Path(self._scratch.name) / f"{entry.id}.tview"
        return self.library.facts_path(entry)

    def archive(self, entry: Entry) -> Archive:
        """The bundle that an entry's page shows. Raises Problem 409 for a model that is not opened yet."""
        path = self.bundle_path(entry)
        if entry.kind == "model" and not path.is_file():
            raise Problem(409, "this model is not opened yet; POST to its `open` first", item=entry.id)
        return self.library.archives.open(path)

    def open(self, entry: Entry) -> Job | None:
        """Makes the bundle of a model, where there is none yet: a job, or None where nothing is to do."""
        path = self.bundle_path(entry)
        if entry.kind == "report" or path.is_file():
            return None
        given = self._given.get(entry.id)
        source, inputs = self.source(entry), list(given.inputs) if given else []

        def do(work: Work) -> dict[str, Any]:
            part = path.with_name(f".{secrets.token_hex(8)}.part")
            try:
                self.models.work(entry.id, source, "bundle", work, to=str(part), inputs=inputs, title=entry.name)
                Archive(part).manifest()
                part.replace(path)
            except CancelledError:
                raise
            except (Problem, TensorviewError) as error:
                self.library.failed(entry, _told(error, self.library.path(entry), entry))
                raise
            finally:
                part.unlink(missing_ok=True)
            self.library.learn(self.library.get(entry.id))
            return {}

        return self.jobs.once("open", entry.id, f"opening {entry.name}", do)

    # Models ------------------------------------------------------------------------------------------------------

    def source(self, entry: Entry) -> Source:
        given = self._given.get(entry.id)
        return given.source if given and given.source else Source(str(self.library.path(entry)))

    def model_of(self, entry: Entry) -> Entry:
        """The model that an entry's page can ask: itself, or that of a report where it is in the library. Raises
        Problem 409 where it is not."""
        if entry.kind == "model":
            return entry
        for known in self.library.index.find(kind="model", digest=entry.digest) if entry.digest else ():
            return known
        raise Problem(409, "the model of this report is not in the library; upload it, and it can be asked")

    def warm(self, entry: Entry) -> Job:
        """Loads a model and runs it once, while whoever opened its page thinks of an input."""

        def do(work: Work) -> dict[str, Any]:
            self.models.work(entry.id, self.source(entry), "warm", work)
            return {}

        return self.jobs.once("warm", entry.id, f"warming {entry.name} up", do)

    def ask(self, entry: Entry, do: str, *parts: bytes, **arguments: Any) -> Any:
        return self.models.ask(entry.id, self.source(entry), do, *parts, **arguments)

    def new_run(self, entry: Entry) -> str:
        run = secrets.token_hex(8)
        with self._lock:
            self._runs[run] = entry.id
            while len(self._runs) > RUNS:
                self._runs.popitem(last=False)
        return run

    def run_entry(self, run: str) -> Entry:
        """The model that a run is of. Raises Problem 404, or 410 where its process is gone."""
        with self._lock:
            id = self._runs.get(run)
        if id is None:
            raise Problem(404, "there is no such run; give the input again")
        entry = self.library.get(id)
        if not self.models.holds(id):
            raise Problem(410, "this run is no longer held; give the input again")
        return entry

    def delete(self, id: str) -> Entry:
        entry = self.library.delete(id)
        self.models.forget(id)
        return entry

    def close(self) -> None:
        """Stops what is under way."""
        self.jobs.close()
        self.models.close()
        self.library.close()
        with contextlib.suppress(OSError):
            self._scratch.cleanup()


def _told(error: Exception, path: Path, entry: Entry) -> str:
    """A model's fault, without where the file lies."""
    return str(error).replace(str(path), entry.name)
