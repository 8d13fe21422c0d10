"""schemathesis asks every route what nobody would think of: no answer is a 5xx. A part of `make test-full`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Example
from serving import BYTES, Start

FOLDER = os.environ.get("TENSORVIEW_FUZZ")
EXAMPLES = os.environ.get("TENSORVIEW_FUZZ_EXAMPLES", "60")

pytestmark = pytest.mark.skipif(not FOLDER, reason="schemathesis is no dependency of development; see make test-full")


def test_no_answer_is_a_fault(start_server: Start, tmp_path: Path, tview: Path, lenet: Example) -> None:
    server = start_server("--library", tmp_path / "library", "--upload", "16")
    server.ask("/api/v1/items?name=digits", "POST", tview.read_bytes(), BYTES)
    item = server.ask("/api/v1/items?name=LeNet", "POST", lenet.path.read_bytes(), BYTES).json["id"]
    np.save(tmp_path / "digit.npy", lenet.inputs[:1])
    assert server.ask(f"/api/v1/items/{item}/runs", "POST", (tmp_path / "digit.npy").read_bytes(), BYTES).status == 201
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}api/v1/openapi.json",
            "--url", f"{server.url}api/v1", "--header", f"Authorization: Bearer {server.token}",
            "--checks", "not_a_server_error", "--max-examples", EXAMPLES, "--seed", "1",
            "--generation-database", "none", "--request-timeout", "60", "--no-color",
        ],
        env={**os.environ, "PYTHONPATH": str(FOLDER)}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert server.ask("/api/v1/items").status == 200
    assert "Traceback" not in "".join(server.log)
