"""Models in processes of their own: loaded once, limited in memory and time, let go by least use."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tensorview.server.problems import Problem
from tensorview.server.turn import Turn
from tensorview.server.wire import Message, WireError, receive, send


@dataclass(frozen=True, slots=True)
class Limits:
    """memory: bytes that one model may take. held: of all models together, beyond which the one not used for longest
    goes. load, answer: seconds; answer is the time between two signs of life of long work too. idle: seconds after
    which a model that nobody uses goes."""

    memory: int = 4 * 2**30
    held: int = 6 * 2**30
    load: float = 180.0
    answer: float = 120.0
    idle: float = 900.0


@dataclass(frozen=True, slots=True)
class Source:
    """A model as it was named on the command line or lies in the library, and how it is to be loaded."""

    path: str
    weights: str | None = None
    imports: tuple[str, ...] = ()
    unsafe: bool = False
    labels: str | None = None
    preprocess: str = "auto"


class CancelledError(Exception):
    """Work that was stopped because it was no longer wanted."""


class ModelProblem(Problem):
    """What went wrong in a model's process."""

    def __init__(self, detail: str, status: int = 422) -> None:
        super().__init__(status, detail)


@dataclass(slots=True)
class Work:
    """Long work under way: told the share that is done, asked whether it is still wanted."""

    told: Callable[[float], None] = lambda _share: None
    wanted: Callable[[], bool] = lambda: True


QUIET = Work()
KILL_AFTER = 5.0
"""Seconds that work has to stop after it was cancelled."""


class Process:
    """One model's process. Calls must not overlap, but for those that `let_by` makes between two ticks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0
        self.used = time.monotonic()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tensorview.server.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, start_new_session=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        self._inlet, self._outlet = self._process.stdin.fileno(), self._process.stdout.fileno()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(
        self,
        do: str,
        *parts: bytes,
        seconds: float,
        work: Work = QUIET,
        let_by: Callable[[], None] = lambda: None,
        **arguments: Any,
    ) -> Message:
        """Ask, and wait for the answer. Raises ModelProblem where it is an error, or the process ends or stays silent
        for too long (then it is ended), CancelledError where `work` is no longer wanted."""
        self.used = time.monotonic()
        try:
            send(self._inlet, {"do": do, **arguments}, parts)
            while True:
                message = self._receive(seconds, work)
                if "tick" not in message.head:
                    break
                work.told(float(message.head["tick"]))
                if work.wanted():
                    let_by()
                send(self._inlet, {"do": "go" if work.wanted() else "stop"})
        except TimeoutError:
            self.end()
            raise ModelProblem(f"the model took longer than {seconds:.0f} seconds, and was ended") from None
        except WireError as error:
            raise self._died(error) from error
        self.used = time.monotonic()
        head = message.head
        self.held = int(head.get("held", self.held))
        if head.get("error") == "Stopped":
            raise CancelledError
        if "error" in head:
            raise ModelProblem(str(head["text"])[:2000], 410 if head["error"] == "GoneError" else 422)
        return Message(head["ok"], message.parts)

    def _receive(self, seconds: float, work: Work) -> Message:
        import select

        deadline, unwanted = time.monotonic() + seconds, None
        while not select.select([self._outlet], [], [], 0.25)[0]:
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError
            if not work.wanted():
                unwanted = unwanted or now
                if now - unwanted > KILL_AFTER:
                    self.end()
                    raise CancelledError
        return receive(self._outlet, max(1.0, deadline - time.monotonic()))

    def _died(self, error: WireError) -> ModelProblem:
        self._kill()
        code = self._process.returncode
        self._said.seek(max(0, self._said.seek(0, 2) - 4000))
        said = self._said.read().decode(errors="replace").strip().splitlines()
        if code in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS) or "bad_alloc" in " ".join(said):
            text = f"ended by itself; most often it needs more than the {self.limits.memory / 2**30:.1f} GB it may have"
        else:
            text = f"ended by itself ({said[-1][:200] if said else error})"
        self.end()
        return ModelProblem(f"the model's process {text}")

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Ends the process at once."""
        self._kill()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()


@dataclass(slots=True)
class _Held:
    source: Source
    process: Process | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class Models:
    """All models that are loaded, by an id. One computes at a time."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.turn = Turn()
        self._lock = threading.Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._closed = False

    @contextlib.contextmanager
    def _using(self, id: str, source: Source, work: Work = QUIET) -> Iterator[Process]:
        """The process of a model, loaded where it isn't yet; not let go while it is used."""
        with self._lock:
            if self._closed:
                raise Problem(503, "the server is stopping")
            held = self._held.setdefault(id, _Held(source))
            self._held.move_to_end(id)
            held.users += 1
        try:
            with held.lock:
                if held.process is not None and not held.process.alive:
                    held.process.end()
                    held.process = None
                held.process = held.process or self._load(source, work)
            self.sweep()
            yield held.process
        finally:
            with self._lock:
                held.users -= 1
                if held.process is not None and not held.process.alive:
                    held.process.end()
                    held.process = None
                    if not held.users:
                        self._held.pop(id, None)

    def _load(self, source: Source, work: Work) -> Process:
        process = Process(self.limits)
        try:
            process.call(
                "load", path=source.path, weights=source.weights, imports=list(source.imports), unsafe=source.unsafe,
                labels=source.labels, preprocess=source.preprocess, memory=self.limits.memory, seconds=self.limits.load,
                work=work,
            )  # fmt: skip
        except BaseException:
            process.end()
            raise
        return process

    def ask(self, id: str, source: Source, do: str, *parts: bytes, **arguments: Any) -> Message:
        """What a person at a page waits for."""
        with self._using(id, source) as process, self.turn.person():
            return process.call(do, *parts, seconds=self.limits.answer, **arguments)

    def work(self, id: str, source: Source, do: str, work: Work, *parts: bytes, **arguments: Any) -> Message:
        """What a job does; people go first between its passes."""
        with self._using(id, source, work) as process, self.turn.job():
            return process.call(do, *parts, seconds=self.limits.answer, work=work, let_by=self.turn.let_by, **arguments)

    def holds(self, id: str) -> bool:
        with self._lock:
            return id in self._held and self._held[id].process is not None

    def loaded(self) -> list[dict[str, Any]]:
        """The models in memory, the one used last at the end."""
        with self._lock:
            return [
                {"item": id, "bytes": held.process.held, "idle": round(time.monotonic() - held.process.used, 1)}
                for id, held in self._held.items()
                if held.process is not None
            ]

    def sweep(self) -> None:
        """Lets models go: those idle for long, and the least used while all together hold too much."""
        with self._lock:
            free = [(id, h) for id, h in self._held.items() if not h.users and h.process is not None]
            total = sum(h.process.held for h in self._held.values() if h.process is not None)
            for id, held in free:
                assert held.process is not None
                idle = time.monotonic() - held.process.used > self.limits.idle
                if idle or total > self.limits.held:
                    total -= held.process.held
                    held.process.end()
                    del self._held[id]

    def forget(self, id: str) -> None:
        """Ends a model's process, as its file is gone."""
        with self._lock:
            held = self._held.pop(id, None)
        if held is not None and held.process is not None:
            held.process.end()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            all_of_them = [h.process for h in self._held.values() if h.process is not None]
            self._held.clear()
        for process in all_of_them:
            process.end()


def is_model(path: Path) -> bool:
    return path.suffix.lower() in (".keras", ".h5", ".hdf5", ".json") or (path / "config.json").is_file()


def suffix_of(data: bytes) -> str:
    """The ending that an input's bytes ask for: arrays are told from pictures by how they begin."""
    if data.startswith(b"\x93NUMPY"):
        return ".npy"
    return ".npz" if data.startswith(b"PK\x03\x04") else ".png"
