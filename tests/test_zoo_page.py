"""docs/supported-models.md says what the tests hold tensorview to."""

from __future__ import annotations

import subprocess
import sys

from conftest import ROOT


def test_the_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "supported_models.py", "--check"], capture_output=True, check=False
    )
    assert done.returncode == 0, "run: python scripts/supported_models.py"
