"""A folder of models and reports: what is in it is whole, and all that is known of it can be read from it again."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from tensorview.errors import BundleError, OptionError, TensorviewError
from tensorview.server.archive import Archive, Archives
from tensorview.server.facts import Facts, facts
from tensorview.server.folders import SUFFIXES, Folders, card_of, kind_of, sync, telling, write_card
from tensorview.server.index import Entry, Index, Kind
from tensorview.server.names import clean_name, clean_tags
from tensorview.server.problems import Problem

_OWN = re.compile(r"[0-9a-f]{16}\.(tview|keras|h5)")


class Library:
    """Models and reports in a folder, and others that were given on the command line, which it only reads.

    A file comes by a temporary one, written through to the disk, that takes its name last: after a crash it is whole
    or not there. The card is there before the file, so that no name is lost.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.folders = Folders(folder)
            self.index = Index(folder / "index.sqlite")
        except OSError as error:
            raise OptionError(f"the library {folder} can't be used: {error.strerror or error}") from error
        self.archives = Archives()
        self._lock = threading.RLock()
        self._seen: tuple[int, ...] = ()
        self.folders.clean()
        self.sync()

    # What there is -----------------------------------------------------------------------------------------------

    def get(self, id: str, *, trash: bool = False) -> Entry:
        """Raises Problem 404."""
        entry = self.index.get(id)
        if entry is None or (entry.root == "trash" and not trash):
            raise Problem(404, "the library has no such item; it may have been deleted")
        return entry

    def find(self, **how: Any) -> list[Entry]:
        self.sync()
        return self.index.find(**how)

    def path(self, entry: Entry) -> Path:
        return self.folders.path(entry.root, entry.file)

    def facts_path(self, entry: Entry) -> Path:
        """The .tview file that tells of an entry: its own, or that which was made when a model was opened."""
        return self.path(entry) if entry.kind == "report" else self.opened_path(entry)

    def opened_path(self, entry: Entry) -> Path:
        from tensorview import __version__

        key = hashlib.sha256(f"{__version__} {entry.size} {entry.changed} {entry.file}".encode()).hexdigest()
        return self.folders.cache / f"{entry.id}-{key[:16]}.tview"

    # What a person does -------------------------------------------------------------------------------------------

    def add(self, stream: IO[bytes], name: str) -> Entry:
        """Take in a file. Raises Problem 415 for what is neither a model nor a report, OutputError for a full disk."""
        id = secrets.token_hex(8)
        with self._incoming(id) as part:
            with part.open("xb") as file:
                shutil.copyfileobj(stream, file, 2**20)
                file.flush()
                os.fsync(file.fileno())
            whole, suffix = part, kind_of(part)
            try:
                if suffix == ".html":
                    whole, suffix = self._from_html(part), ".tview"
                if suffix == ".tview":
                    Archive(whole).manifest()  # raises for what is damaged
            except BundleError as error:
                raise BundleError(
                    str(error).replace(str(whole), "this file").replace(whole.name, "this file")
                ) from None
            return self._settle(whole, id, suffix, clean_name(Path(name).stem if Path(name).suffix else name))

    def adopt(self, made: Path, name: str) -> Entry:
        """Take in a report that was written within the library's folder."""
        with telling(), made.open("rb") as file:
            os.fsync(file.fileno())
        return self._settle(made, secrets.token_hex(8), ".tview", clean_name(name))

    def part(self) -> Path:
        """Where something may be written that is to be adopted; swept away after a crash."""
        return self.folders.part()

    def change(self, id: str, *, name: str | None = None, tags: Sequence[str] | None = None) -> Entry:
        entry = self._own(id)
        changed = replace(
            entry,
            name=entry.name if name is None else clean_name(name),
            tags=entry.tags if tags is None else clean_tags(tags),
        )
        with self._lock:
            write_card(self.path(entry), _said(changed))
            self.index.put(changed, self.index.picture(id))
        return changed

    def delete(self, id: str) -> Entry:
        """To the trash."""
        return self._move(self._own(id), "trash")

    def restore(self, id: str) -> Entry:
        entry = self.get(id, trash=True)
        return entry if entry.root == "library" else self._move(entry, "library")

    def empty_trash(self) -> int:
        """Deletes what is in the trash for good; how many there were."""
        entries = self.index.find(roots=("trash",))
        with self._lock, telling():
            for entry in entries:
                path = self.path(entry)
                path.unlink(missing_ok=True)
                card_of(path).unlink(missing_ok=True)
                self.archives.forget(path)
                self.index.drop(entry.id)
        return len(entries)

    def _own(self, id: str) -> Entry:
        entry = self.get(id)
        if entry.root == "given":
            raise Problem(409, f"{entry.name} was given on the command line; it is only shown, not kept here")
        return entry

    def _move(self, entry: Entry, root: str) -> Entry:
        moved = replace(entry, root=root)
        with self._lock, telling():
            source, target = self.path(entry), self.path(moved)
            # The file first: a card that was left behind is looked for on the next start, wherever its file is.
            source.replace(target)
            self.archives.forget(source)
            with contextlib.suppress(FileNotFoundError):
                card_of(source).replace(card_of(target))
            sync(self.folders.home, self.folders.trash)
            self.index.put(moved, self.index.picture(entry.id))
        return moved

    # Files -------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _incoming(self, id: str) -> Iterator[Path]:
        part = self.folder / f".{id}.part"
        try:
            with telling():
                yield part
        finally:
            for left in self.folder.glob(f".{id}.part*"):
                left.unlink(missing_ok=True)

    def _from_html(self, part: Path) -> Path:
        from tensorview.formats import open_bundle, write

        made = part.with_name(f"{part.name}.tview")
        write(open_bundle(part), made, "tview")
        return made

    def _settle(self, part: Path, id: str, suffix: str, name: str) -> Entry:
        target = self.folder / f"{id}{suffix}"
        stat = part.stat()
        entry = Entry(
            id=id, root="library", file=target.name, kind=SUFFIXES[suffix], suffix=suffix, name=name,
            added=_now(), size=stat.st_size, changed=stat.st_mtime_ns,
        )  # fmt: skip
        with self._lock, telling():
            write_card(target, _said(entry))
            part.replace(target)
            sync(self.folder)
            return self.learn(entry)

    # The index ---------------------------------------------------------------------------------------------------

    def learn(self, entry: Entry) -> Entry:
        """Put an entry into the index with what its bundle says, where there is one."""
        path, found, error = self.facts_path(entry), None, None
        if entry.kind == "report" or path.is_file():
            try:
                found = facts(self.archives.open(path).bundle())
            except TensorviewError as wrong:
                error = str(wrong).replace(path.name, "this file")
                if entry.kind == "model":  # only what was made of it is damaged, and is made again
                    path.unlink(missing_ok=True)
                    error = None
        learnt = _with_facts(entry, found, error)
        self.index.put(learnt, found.picture if found else None)
        return learnt

    def failed(self, entry: Entry, error: str) -> None:
        """A model that could not be opened says why."""
        self.index.put(replace(entry, error=error), None)

    def give(self, path: Path, name: str, *, kind: Kind, changed: int = 0) -> Entry:
        """Show a file of the command line as well."""
        id = hashlib.sha256(f"given {path.resolve()}".encode()).hexdigest()[:16]
        stat = path.stat() if path.exists() else None
        entry = Entry(
            id=id, root="given", file=str(path), kind=kind, suffix=path.suffix.lower(), name=clean_name(name),
            added=_now(), size=stat.st_size if stat else 0, changed=stat.st_mtime_ns if stat else changed,
        )  # fmt: skip
        return self.learn(entry)

    def sync(self, *, again: bool = False) -> None:
        """Bring the index in step with the folder; `again` reads every file anew."""
        now = self.folders.times()
        with self._lock:
            if now == self._seen and not again:
                return
            known = {} if again else self.index.files()
            found = {(root, path.name): path for root, path in self.folders.files()}
            self.folders.pair_cards(found)
            with self.index.together():
                if again:
                    self.index.clear()
                for key, entry in known.items():
                    if key not in found:
                        self.index.drop(entry.id)
                for (root, file), path in sorted(found.items()):
                    stat = path.stat()
                    before = known.get((root, file))
                    if before is None or (before.size, before.changed) != (stat.st_size, stat.st_mtime_ns):
                        self.learn(self._read(root, path, stat))
            self._seen = self.folders.times()

    def _read(self, root: str, path: Path, stat: os.stat_result) -> Entry:
        try:
            card = json.loads(card_of(path).read_bytes())
            name, tags, added = clean_name(card["name"]), clean_tags(card["tags"]), str(card["added"])[:40]
        except (OSError, ValueError, KeyError, TypeError, Problem):
            # Put here by hand, or its card is damaged.
            name, tags = clean_name(path.stem), ()
            added = datetime.datetime.fromtimestamp(stat.st_mtime, datetime.UTC).isoformat(timespec="seconds")
        own = _OWN.fullmatch(path.name)
        id = path.stem if own else hashlib.sha256(path.name.encode("utf-8", "replace")).hexdigest()[:16]
        return Entry(
            id=id, root=root, file=path.name, kind=SUFFIXES[path.suffix.lower()], suffix=path.suffix.lower(),
            name=name, tags=tags, added=added, size=stat.st_size, changed=stat.st_mtime_ns,
        )  # fmt: skip

    def close(self) -> None:
        self.index.close()
        self.folders.close()


def default_folder() -> Path:
    """Where a person's library is, if they say nothing else."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "tensorview" / "library"


def _said(entry: Entry) -> dict[str, Any]:
    """What a person has said of an entry."""
    return {"name": entry.name, "tags": list(entry.tags), "added": entry.added}


def _with_facts(entry: Entry, found: Facts | None, error: str | None) -> Entry:
    if found is None:
        return replace(entry, error=error)
    return replace(
        entry, model=found.model, digest=found.digest, params=found.params, layers=found.layers, inputs=found.inputs,
        samples=found.samples, said=found.said, kinds=found.kinds, heights=found.heights,
        pictured=found.picture is not None, error=error,
    )  # fmt: skip


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
