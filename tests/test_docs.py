"""The documentation of methods: none is left out, and its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tensorview.attribution.registry import methods

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("name", [method.name for method in methods()])
def test_each_method_is_told_of(name: str) -> None:
    assert f"`{name}`" in (DOCS / "attribution.md").read_text()


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if "://" not in link]
    assert all((DOCS / link).exists() for link in links), links
