"""Measures `tensorview serve`: many clients while a job runs, a day's requests, memory."""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from common import DATA, ROOT, export, report

sys.path.append(str(ROOT / "tests"))
from serving import BYTES, Server, Start, servers

API = "/api/v1"
LENET = DATA / "models" / "lenet_mnist.keras"
DIGITS = LENET.with_name("lenet_mnist_input.npy")


def digit(index: int) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.load(DIGITS)[index : index + 1])
    return buffer.getvalue()


def held(pid: int) -> float:
    """Megabytes that a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def models_held(server: Server) -> float:
    return sum(one["bytes"] for one in server.ask(f"{API}/server").json["models"]) / 2**20


def put(server: Server, path: Path, name: str) -> str:
    return str(server.ask(f"{API}/items?name={name}", "POST", path.read_bytes(), BYTES).json["id"])


def opened(server: Server, item: str) -> None:
    while not (answer := server.ask(f"{API}/items/{item}/open", "POST").json)["opened"]:
        if answer["job"] is None:
            raise SystemExit(server.ask(f"{API}/items/{item}").json["error"])
        time.sleep(0.05)


def filled(start: Start, folder: Path, reports: int = 12) -> tuple[Server, str, list[str]]:
    """A server whose library has LeNet, opened, and some reports."""
    server = start("--library", folder / "library")
    export(str(LENET), DIGITS, folder / "digits.tview", "--format", "tview")
    made = [put(server, folder / "digits.tview", f"digits{number}.tview") for number in range(reports)]
    lenet = put(server, LENET, "LeNet.keras")
    opened(server, lenet)
    return server, lenet, made


# Load ----------------------------------------------------------------------------------------------------------------


def load(start: Start, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Clients that look at the list, open pages and read what these need, a page every second or so."""
    server, lenet, reports = filled(start, folder)
    run = server.ask(f"{API}/items/{lenet}/runs", "POST", digit(0), BYTES).json["run"]
    long = {"method": "rise", "parameters": {"masks": 100_000}}
    jobs = [server.send(f"{API}/runs/{run}/attributions", "POST", long).json["id"] for _ in range(8)]
    times: dict[str, list[float]] = defaultdict(list)
    errors: list[str] = []
    lock = threading.Lock()
    end = time.monotonic() + options.seconds

    def ask(kind: str, path: str) -> None:
        begun = time.perf_counter()
        try:
            answer = server.ask(path, headers={"Accept-Encoding": "gzip"})
            wrong = None if answer.status == 200 else f"{path}: {answer.status}"
        except OSError as error:
            wrong = f"{path}: {error}"
        with lock:
            times[kind].append((time.perf_counter() - begun) * 1000)
            if wrong:
                errors.append(wrong)

    def client(number: int) -> None:
        chance = random.Random(number)
        time.sleep(chance.random())
        while time.monotonic() < end:
            item = chance.choice([lenet, *reports])
            for kind, path in (
                ("page", "/"), ("list", f"{API}/items"), ("picture", f"{API}/items/{reports[0]}/picture"),
                ("page", f"/items/{item}/"), ("item", f"{API}/items/{item}"),
                ("manifest", f"{API}/items/{item}/manifest"),
            ):  # fmt: skip
                ask(kind, path)
            if item != lenet:
                ask("blob", f"{API}/items/{item}/blobs/t0")
            time.sleep(chance.uniform(0.5, 1.5))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = [server.ask(f"{API}/jobs/{job}").json["state"] for job in jobs]
    for job in jobs:
        server.ask(f"{API}/jobs/{job}", "DELETE")
    return {
        "clients": options.clients,
        "seconds": options.seconds,
        "requests": sum(map(len, times.values())),
        "errors": errors[:5],
        "error_count": len(errors),
        "a_job_ran_throughout": "running" in state,
        "jobs_done_meanwhile": state.count("done"),
        "milliseconds": {
            kind: {
                "median": round(statistics.median(all_of), 1),
                "p95": round(sorted(all_of)[int(len(all_of) * 0.95)], 1),
            }
            for kind, all_of in times.items()
        },
    }


# Soak ----------------------------------------------------------------------------------------------------------------


def soak(start: Start, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What eight hours of a request every two seconds are, as fast as they are answered: pages, runs, jobs, uploads."""
    server, lenet, reports = filled(start, folder)
    total, done, errors = options.requests, 0, []
    marks: list[tuple[int, float, float]] = []
    lock = threading.Lock()
    digits = [digit(index) for index in range(10)]

    def one(number: int) -> None:
        if number % 100 == 7:
            item = put(server, folder / "digits.tview", "passing")
            server.ask(f"{API}/items/{item}", "DELETE")
            server.ask(f"{API}/trash", "DELETE")
        elif number % 100 == 50:
            made = server.ask(f"{API}/items/{lenet}/runs", "POST", digits[number % 10], BYTES).json["run"]
            quick = {"method": "smoothgrad", "parameters": {"samples": 4}}
            server.send(f"{API}/runs/{made}/attributions", "POST", quick)
        elif number % 10 == 3:
            answer = server.ask(f"{API}/items/{lenet}/runs?methods=grad_cam", "POST", digits[number % 7], BYTES)
            if answer.status == 201:
                node = answer.json["sample"]["activations"][1]["tensor"]["blob"]
                server.ask(f"{API}/runs/{answer.json['run']}/blobs/{node}")
            elif answer.status != 429:
                errors.append(f"run: {answer.status}")
        else:
            item = reports[number % len(reports)]
            path = ("/", f"{API}/items?q=dig", f"/items/{item}/", f"{API}/items/{item}/manifest",
                    f"{API}/items/{item}/blobs/t0", f"{API}/items/{item}/layer?node=conv_1", f"{API}/server",
                    f"{API}/items/{item}/download?format=html")[number % 8]  # fmt: skip
            answer = server.ask(path)
            if answer.status != 200:
                errors.append(f"{path}: {answer.status}")

    def client() -> None:
        nonlocal done
        while True:
            with lock:
                number = done
                done += 1
                if number >= total:
                    return
                if number % max(1, total // 12) == 0:
                    marks.append((number, round(held(server.process.pid), 1), round(models_held(server), 1)))
            try:
                one(number)
            except Exception as error:
                errors.append(repr(error)[:200])

    begun = time.monotonic()
    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    marks.append((total, round(held(server.process.pid), 1), round(models_held(server), 1)))
    return {
        "requests": total,
        "seconds": round(time.monotonic() - begun),
        "errors": errors[:5],
        "error_count": len(errors),
        "megabytes": [{"after": number, "server": own, "model": child} for number, own, child in marks],
    }


# Memory --------------------------------------------------------------------------------------------------------------


def memory(start: Start, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Of the server at rest, and of it and the models that it keeps after many have been opened and asked."""
    server = start("--library", folder / "library")
    server.ask("/")
    rest = held(server.process.pid)
    most = 0.0
    for number in range(options.models):
        item = put(server, LENET, f"model{number}.keras")
        opened(server, item)
        server.ask(f"{API}/items/{item}/runs", "POST", digit(number % 10), BYTES)
        most = max(most, models_held(server))
    return {
        "models_opened": options.models,
        "server_mb_at_rest": round(rest, 1),
        "server_mb_after": round(held(server.process.pid), 1),
        "models_mb_at_most": round(most),
        "models_held": len(server.ask(f"{API}/server").json["models"]),
    }


MEASURES = {"load": load, "soak": soak, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=MEASURES, help="what is measured; each takes less than five minutes")
    parser.add_argument("--clients", type=int, default=50, help="of load (default: 50)")
    parser.add_argument("--seconds", type=float, default=30, help="of load (default: 30)")
    parser.add_argument("--requests", type=int, default=14_400, help="of soak (default: 14,400)")
    parser.add_argument("--models", type=int, default=100, help="that memory opens (default: 100)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as start:
        report(**MEASURES[options.what](start, Path(name), options))


if __name__ == "__main__":
    main()
