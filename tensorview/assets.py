"""Finds the templates and the built page: in the installed package, or in a checkout."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from tensorview.errors import OutputError


def template(name: str) -> str:
    """The text of a file of templates/."""
    return _find("templates", name).read_text("utf-8")


def built(name: str) -> str:
    """The text of a file of the built page ("app.js", "app.css"). Raises OutputError where it isn't built yet."""
    return _find("dist", name).read_text("utf-8")


def _find(folder: str, name: str) -> Traversable:
    # A checkout comes first: an editable install beside an older build would else serve the older page.
    checkout = Path(__file__).resolve().parent.parent
    in_checkout = (checkout / "templates").is_dir() and (checkout / "web_static" / "src").is_dir()
    if in_checkout:
        found: Traversable = checkout / ("templates" if folder == "templates" else "web_static/dist") / name
    else:
        found = resources.files("tensorview").joinpath("_assets", folder, name)
    if found.is_file():
        return found
    if in_checkout and folder == "dist":
        raise OutputError(f"the page is not built yet; run `make page` in {checkout}")
    raise OutputError(f"this installation of tensorview lacks {folder}/{name}; install it again")
