"""Long work: queued, done one after another, watched, cancelled."""

from __future__ import annotations

import datetime
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tensorview.errors import TensorviewError
from tensorview.server.models import CancelledError, Work
from tensorview.server.problems import Problem

State = Literal["queued", "running", "done", "failed", "cancelled"]
Kind = Literal["open", "warm", "attribution", "visualization", "export"]
OVER = ("done", "failed", "cancelled")
QUEUE = 32
KEPT = 200


@dataclass(slots=True)
class Job:
    """kind, item, title: what is done to what, for people. share: 0..1. version grows with each change."""

    id: str
    kind: Kind
    item: str
    title: str
    do: Callable[[Work], dict[str, Any]]
    made: str
    state: State = "queued"
    share: float = 0.0
    result: dict[str, Any] | None = None
    detail: str | None = None
    version: int = 0
    unwanted: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        names = ("id", "kind", "item", "title", "made", "state", "share", "result", "detail", "version")
        return {name: getattr(self, name) for name in names}


class Jobs:
    """A thread does one job after another; at most `most` wait."""

    def __init__(self, most: int = QUEUE, between: Callable[[], None] = lambda: None) -> None:
        """between: called from time to time while nothing is to do."""
        self.most, self._between = most, between
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[Job] = deque()
        self.closed = False
        self._thread = threading.Thread(target=self._run, name="tensorview-jobs", daemon=True)
        self._thread.start()

    def add(self, kind: Kind, item: str, title: str, do: Callable[[Work], dict[str, Any]]) -> Job:
        """Queue work. Raises Problem 429 where too much waits."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        job = Job(secrets.token_hex(8), kind, item, title, do, now)
        with self._changed:
            if len(self._queue) >= self.most or self.closed:
                raise Problem(429, f"{self.most} jobs wait already; try again later", headers={"Retry-After": "10"})
            self._jobs[job.id] = job
            self._queue.append(job)
            over = [id for id, old in self._jobs.items() if old.state in OVER]
            for id in over[: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[id]
            self._changed.notify_all()
        return job

    def once(self, kind: Kind, item: str, title: str, do: Callable[[Work], dict[str, Any]]) -> Job:
        """The job of this kind that is under way for an item, else a new one."""
        with self._changed:
            for job in self._jobs.values():
                if (job.kind, job.item) == (kind, item) and job.state not in OVER:
                    return job
        return self.add(kind, item, title, do)

    def get(self, id: str) -> Job:
        with self._changed:
            if id not in self._jobs:
                raise Problem(404, "there is no such job; the server may have been started anew since")
            return self._jobs[id]

    def all(self, item: str | None = None) -> list[Job]:
        """The newest first."""
        with self._changed:
            return [job for job in reversed(self._jobs.values()) if item in (None, job.item)]

    def cancel(self, id: str) -> Job:
        job = self.get(id)
        with self._changed:
            job.unwanted.set()
            if job.state == "queued":
                self._queue.remove(job)
                self._set(job, state="cancelled")
        return job

    def watch(self, id: str, seconds: float) -> Iterator[dict[str, Any]]:
        """The job as it is and after each change, until it is over, the server stops, or `seconds` have gone by without
        one."""
        job = self.get(id)
        seen = -1
        while True:
            with self._changed:
                if self.closed or (job.version == seen and not self._changed.wait(seconds)):
                    return
                if job.version == seen:
                    continue
                seen, now = job.version, job.to_json()
            yield now
            if now["state"] in OVER:
                return

    def close(self) -> None:
        """Cancels everything, and waits for a moment for what is under way."""
        with self._changed:
            self.closed = True
            self._queue.clear()
            for job in self._jobs.values():
                job.unwanted.set()
                if job.state == "queued":
                    self._set(job, state="cancelled")
            self._changed.notify_all()
        self._thread.join(2)

    def _set(self, job: Job, **values: Any) -> None:
        with self._changed:
            for name, value in values.items():
                setattr(job, name, value)
            job.version += 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self.closed, 30)
                if self.closed:
                    return
                job = self._queue.popleft() if self._queue else None
                if job is not None:
                    self._set(job, state="running")
            if job is None:
                self._between()
            else:
                self._do(job)

    def _do(self, job: Job) -> None:
        def told(share: float) -> None:
            if share - job.share >= 0.005 or share < job.share:
                self._set(job, share=min(1.0, max(0.0, share)))

        try:
            result = job.do(Work(told, lambda: not job.unwanted.is_set()))
            self._set(job, state="done", share=1.0, result=result)
        except CancelledError:
            self._set(job, state="cancelled")
        except (Problem, TensorviewError) as error:
            cancelled = job.unwanted.is_set()
            self._set(job, state="cancelled" if cancelled else "failed", detail=None if cancelled else str(error))
        except Exception as error:
            self._set(job, state="failed", detail=f"the server made a mistake: {type(error).__name__}: {error}")
