"""Measures what docs/correctness.md says of every method, and holds the page to what is measured."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from correctness import CHECKS, Check

from tensorview.attribution.registry import METHODS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.method}: {check.says}")
def test_the_error_is_within_its_bound(check: Check) -> None:
    error = check.measure()
    assert error <= check.bound
    assert check.bound <= max(1e-5, 1e4 * error), "a bound this loose says nothing"


@pytest.mark.parametrize("method", [method.name for method in METHODS])
def test_every_method_is_held_to_an_oracle_or_a_case_by_hand(method: str) -> None:
    assert {check.kind for check in CHECKS if check.method == method} & {"by hand", "oracle"}


def test_the_page_is_what_the_tests_hold() -> None:
    spec = importlib.util.spec_from_file_location("correctness_page", ROOT / "scripts" / "correctness.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "correctness.md").read_text() == script.page(), "run scripts/correctness.py"
