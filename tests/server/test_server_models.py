"""Models in processes of their own: what goes wrong there is a line here, and the next request is answered."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example, load_example

from tensorview import attribute
from tensorview.server.jobs import Job, Jobs
from tensorview.server.models import CancelledError, Limits, ModelProblem, Models, Source, Work
from tensorview.server.problems import Problem
from tensorview.tracing import trace

RUN: dict[str, Any] = {"suffix": ".npy", "name": "a digit", "methods": [], "target": "top", "preprocess": None}


def npy(array: np.ndarray) -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def models() -> Iterator[Models]:
    made = Models()
    yield made
    made.close()


@pytest.fixture(scope="module")
def digit(lenet: Example) -> np.ndarray:
    return np.asarray(lenet.inputs[:1])


@pytest.fixture(scope="module")
def source(lenet: Example) -> Source:
    return Source(str(lenet.path))


def test_a_run_is_the_models_own(models: Models, source: Source, lenet: Example, digit: np.ndarray) -> None:
    said = models.ask("lenet", source, "run", npy(digit), run="r1", **RUN)
    assert said.head["sample"]["name"] == "a digit"
    plain = trace(lenet.model, digit)
    top = said.head["sample"]["predictions"][0]["top"][0]
    assert top["index"] == int(np.argmax(plain.outputs))
    assert top["value"] == pytest.approx(float(np.max(plain.outputs)), rel=1e-5)
    node = plain.nodes[1].id
    [values] = models.ask("lenet", source, "values", run="r1", node=node).parts
    import io

    np.testing.assert_allclose(np.load(io.BytesIO(values)), plain.activation(node)[0], rtol=1e-5)
    assert models.loaded()[0]["bytes"] > 100e6


def test_what_does_not_fit_is_told(models: Models, source: Source, digit: np.ndarray) -> None:
    with pytest.raises(ModelProblem, match="28"):
        models.ask("lenet", source, "run", npy(np.zeros((1, 9, 9, 1), np.float32)), run="r2", **RUN)
    with pytest.raises(ModelProblem, match="the input"):
        models.ask("lenet", source, "run", b"no picture", run="r2", **{**RUN, "suffix": ".png"})
    with pytest.raises(ModelProblem, match="no longer held") as gone:
        models.ask("lenet", source, "blob", run="r99", blob="t0")
    assert gone.value.status == 410


def test_an_image_bomb_is_refused_there(models: Models, source: Source) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    with pytest.raises(ModelProblem, match="more than the 100,000,000 pixels"):
        models.ask("lenet", source, "run", bomb, run="r2", **{**RUN, "suffix": ".png"})


def test_people_go_first_while_a_job_runs(models: Models, source: Source, lenet: Example, digit: np.ndarray) -> None:
    models.ask("lenet", source, "run", npy(digit), run="r3", **RUN)
    shares: list[float] = []
    asked = threading.Event()

    def told(share: float) -> None:
        shares.append(share)
        asked.set()

    found: list[Any] = []
    asking = {"run": "r3", "method": "rise", "target": "top", "layer": None, "parameters": {"masks": 2000}}
    job = threading.Thread(target=lambda: found.append(models.work("lenet", source, "explain", Work(told), **asking)))
    job.start()
    assert asked.wait(60)
    answered = 0
    while job.is_alive() and answered < 5:
        models.ask("lenet", source, "run", npy(digit), run=f"p{answered % 2}", **RUN)
        answered += job.is_alive()
    job.join(120)
    assert answered >= 2, "it was answered while the job ran"
    assert shares == sorted(shares) and len(shares) > 3
    heat = attribute(lenet.model, digit, "rise", masks=2000)
    assert found[0].head["attribution"]["target"] == int(heat.target[0])
    assert found[0].head["attribution"]["score"] == pytest.approx(float(heat.score[0]), rel=1e-4)


def test_work_that_is_no_longer_wanted_stops(models: Models, source: Source, digit: np.ndarray) -> None:
    models.ask("lenet", source, "run", npy(digit), run="r4", **RUN)
    unwanted = threading.Event()
    asking = {"run": "r4", "method": "rise", "target": "top", "layer": None, "parameters": {"masks": 100_000}}
    with pytest.raises(CancelledError):
        models.work("lenet", source, "explain", Work(lambda _: unwanted.set(), lambda: not unwanted.is_set()), **asking)
    assert models.ask("lenet", source, "run", npy(digit), run="r5", **RUN).parts, "the model is still there"


HOSTILE = {
    "crash": "import os\nos.abort()\n",
    "exit": "import os\nos._exit(3)\n",
    "endless": "while True:\n    pass\n",
    "greedy": "import numpy as np\nkept = []\nwhile True:\n    kept.append(np.ones(2**27, np.uint8))\n",
    "chatty": "print('{\"ok\": 1}' * 1000)\nimport os\nos.write(1, b'x' * 9000)\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_model_that_misbehaves_while_it_loads(kind: str, tmp_path: Path, lenet: Example) -> None:
    """What a hostile file could do to the libraries that read it, done by a module that is loaded with it."""
    (tmp_path / "own.py").write_text(HOSTILE[kind])
    models = Models(Limits(memory=2**30, load=8.0 if kind == "endless" else 25.0))
    try:
        source = Source(str(lenet.path), imports=(str(tmp_path / "own.py"),))
        run = npy(np.zeros((1, 28, 28, 1), np.float32))
        if kind == "chatty":
            assert models.ask("bad", source, "run", run, run="r", **RUN).parts
            return
        wanted = {
            "crash": "ended by itself", "exit": "ended by itself", "endless": "longer than 8 seconds",
            "greedy": "MemoryError",
        }[kind]  # fmt: skip
        with pytest.raises(Problem, match=wanted) as told:
            models.ask("bad", source, "run", run, run="r", **RUN)
        assert told.value.status == 422
        assert models.loaded() == []
    finally:
        models.close()


def test_a_process_that_is_killed_is_started_anew(models: Models, source: Source, digit: np.ndarray) -> None:
    models.ask("lenet", source, "run", npy(digit), run="r6", **RUN)
    held = models._held["lenet"].process
    assert held is not None
    os.kill(held.pid, 9)
    held._process.wait()
    assert models.ask("lenet", source, "run", npy(digit), run="r7", **RUN).parts


def test_models_are_let_go_by_least_use(models: Models, source: Source, digit: np.ndarray) -> None:
    other = load_example("mtcnn_pnet")
    models.ask("lenet", source, "run", npy(digit), run="r8", **RUN)
    first = models._held["lenet"].process
    models.limits = Limits(held=1)
    models.ask("other", Source(str(other.path)), "run", npy(np.asarray(other.inputs[:1])), run="r", **RUN)
    assert [known["item"] for known in models.loaded()] == ["other"]
    assert first is not None and not first.alive
    models.close()
    assert models.loaded() == []


def wait_for(job: Job, *states: str) -> None:
    deadline = time.monotonic() + 30
    while job.state not in states:
        assert time.monotonic() < deadline, job.state
        time.sleep(0.01)


def test_jobs_are_queued_bounded_watched_and_cancelled() -> None:
    jobs = Jobs(most=2)
    go = threading.Event()

    def long(work: Work) -> dict[str, Any]:
        for step in range(10_000):
            work.told(step / 10_000)
            if not work.wanted():
                raise CancelledError
            if go.wait(0.01):
                return {"steps": step}
        raise AssertionError

    def bad(_: Work) -> dict[str, Any]:
        raise Problem(422, "this can't be")

    running = jobs.add("attribution", "a", "first", long)
    wait_for(running, "running")
    waiting, failing = jobs.add("attribution", "a", "second", long), jobs.add("export", "b", "third", bad)
    with pytest.raises(Problem, match="2 jobs wait") as full:
        jobs.add("export", "b", "fourth", bad)
    assert full.value.status == 429
    assert jobs.once("attribution", "a", "again", long) is running
    assert jobs.cancel(waiting.id).state == "cancelled"
    watched = jobs.watch(running.id, 20)
    assert next(watched)["state"] == "running"
    go.set()
    *_, last = watched
    assert last["state"] == "done" and "steps" in last["result"]
    wait_for(failing, "failed")
    assert failing.detail == "this can't be"
    assert [job.title for job in jobs.all("b")] == ["third"]

    go.clear()
    stopped = jobs.add("attribution", "a", "fifth", long)
    wait_for(stopped, "running")
    jobs.cancel(stopped.id)
    wait_for(stopped, "cancelled")
    with pytest.raises(Problem, match="no such job"):
        jobs.get("nothing")
    jobs.close()
    with pytest.raises(Problem):
        jobs.add("export", "b", "too late", bad)
