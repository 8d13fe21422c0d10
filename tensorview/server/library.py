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
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from tensorview.errors import BundleError, OptionError, OutputError, TensorviewError
from tensorview.server.archive import Archive, Archives
from tensorview.server.facts import Facts, facts
from tensorview.server.index import Entry, Index, Kind
from tensorview.server.problems import Problem

SUFFIXES: dict[str, Kind] = {".tview": "report", ".keras": "model", ".h5": "model"}
CARD = ".card.json"
"""What a person has said of a file lies beside it: its name, tags and when it was added."""
LONGEST_NAME, LONGEST_TAG, MOST_TAGS = 120, 40, 20
OLD = 3600
"""Seconds after which a half-written file is nobody's any more, where another server may be at work."""
_OWN = re.compile(r"[0-9a-f]{16}\.(tview|keras|h5)")


class Library:
    """Models and reports in a folder, and others that were given on the command line, which it only reads.

    A file comes by a temporary one, written through to the disk, that takes its name last: after a crash it is whole
    or not there. The card is there before the file, so that no name is lost.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.trash, self.cache = folder, folder / "trash", folder / "cache"
        try:
            for path in (self.folder, self.trash, self.cache):
                path.mkdir(parents=True, exist_ok=True)
            self._alone = self._lock_folder()
            self.index = Index(folder / "index.sqlite")
        except OSError as error:
            raise OptionError(f"the library {folder} can't be used: {error.strerror or error}") from error
        self.archives = Archives()
        self._lock = threading.RLock()
        self._seen: tuple[int, ...] = ()
        self._clean()
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
        folders = {"library": self.folder, "trash": self.trash}
        return folders[entry.root] / entry.file if entry.root in folders else Path(entry.file)

    def facts_path(self, entry: Entry) -> Path:
        """The .tview file that tells of an entry: its own, or that which was made when a model was opened."""
        return self.path(entry) if entry.kind == "report" else self.opened_path(entry)

    def opened_path(self, entry: Entry) -> Path:
        from tensorview import __version__

        key = hashlib.sha256(f"{__version__} {entry.size} {entry.changed} {entry.file}".encode()).hexdigest()
        return self.cache / f"{entry.id}-{key[:16]}.tview"

    # What a person does -------------------------------------------------------------------------------------------

    def add(self, stream: IO[bytes], name: str) -> Entry:
        """Take in a file. Raises Problem 415 for what is neither a model nor a report, OutputError for a full disk."""
        id = secrets.token_hex(8)
        with self._incoming(id) as part:
            with part.open("xb") as file:
                shutil.copyfileobj(stream, file, 2**20)
                file.flush()
                os.fsync(file.fileno())
            whole, suffix = part, _kind_of(part)
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
        with _telling(), made.open("rb") as file:
            os.fsync(file.fileno())
        return self._settle(made, secrets.token_hex(8), ".tview", clean_name(name))

    def part(self) -> Path:
        """Where something may be written that is to be adopted; swept away after a crash."""
        return self.folder / f".{secrets.token_hex(8)}.part"

    def change(self, id: str, *, name: str | None = None, tags: Sequence[str] | None = None) -> Entry:
        entry = self._own(id)
        changed = replace(
            entry,
            name=entry.name if name is None else clean_name(name),
            tags=entry.tags if tags is None else clean_tags(tags),
        )
        with self._lock:
            self._write_card(self.path(entry), changed)
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
        with self._lock, _telling():
            for entry in entries:
                path = self.path(entry)
                path.unlink(missing_ok=True)
                _card(path).unlink(missing_ok=True)
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
        with self._lock, _telling():
            source, target = self.path(entry), self.path(moved)
            # The file first: a card that was left behind is looked for on the next start, wherever its file is.
            source.replace(target)
            self.archives.forget(source)
            with contextlib.suppress(FileNotFoundError):
                _card(source).replace(_card(target))
            _sync_folders(self.folder, self.trash)
            self.index.put(moved, self.index.picture(entry.id))
        return moved

    # Files -------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _incoming(self, id: str) -> Iterator[Path]:
        part = self.folder / f".{id}.part"
        try:
            with _telling():
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
        with self._lock, _telling():
            self._write_card(target, entry)
            part.replace(target)
            _sync_folders(self.folder)
            return self.learn(entry)

    def _write_card(self, path: Path, entry: Entry) -> None:
        card = {"name": entry.name, "tags": list(entry.tags), "added": entry.added}
        with _telling():
            part = path.with_name(f".{secrets.token_hex(8)}.part")
            try:
                with part.open("xb") as file:
                    file.write(json.dumps(card).encode())
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(_card(path))
                _sync_folders(path.parent)
            finally:
                part.unlink(missing_ok=True)

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
        now = tuple(folder.stat().st_mtime_ns for folder in (self.folder, self.trash))
        with self._lock:
            if now == self._seen and not again:
                return
            known = {} if again else self.index.files()
            found = {(root, path.name): path for root, path in self._files()}
            self._pair_cards(found)
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
            self._seen = tuple(folder.stat().st_mtime_ns for folder in (self.folder, self.trash))

    def _files(self) -> Iterator[tuple[str, Path]]:
        for root, folder in (("library", self.folder), ("trash", self.trash)):
            for path in folder.iterdir():
                if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
                    yield root, path

    def _read(self, root: str, path: Path, stat: os.stat_result) -> Entry:
        try:
            card = json.loads(_card(path).read_bytes())
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

    def _pair_cards(self, found: dict[tuple[str, str], Path]) -> None:
        """A move that was cut short has left a card in the other folder."""
        for here, there in ((self.folder, self.trash), (self.trash, self.folder)):
            root = "trash" if there == self.trash else "library"
            for card in here.glob(f"*{CARD}"):
                file = card.name.removesuffix(CARD)
                if (here / file).exists():
                    continue
                if (root, file) in found and not _card(there / file).exists():
                    card.replace(there / card.name)
                elif self._alone:
                    card.unlink(missing_ok=True)

    def _clean(self) -> None:
        """What a crash has left half-written."""
        for folder in (self.folder, self.trash, self.cache):
            for part in folder.glob(".*.part*"):
                with contextlib.suppress(FileNotFoundError):
                    if self._alone or datetime.datetime.now().timestamp() - part.stat().st_mtime > OLD:
                        part.unlink()

    def _lock_folder(self) -> bool:
        """Whether no other server uses this folder."""
        self._lock_file = (self.folder / ".lock").open("w")
        try:
            import fcntl
        except ImportError:
            return False
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        fcntl.flock(self._lock_file, fcntl.LOCK_SH)
        return alone

    def close(self) -> None:
        self.index.close()
        self._lock_file.close()


def default_folder() -> Path:
    """Where a person's library is, if they say nothing else."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "tensorview" / "library"


def clean_name(name: Any) -> str:
    """A name as it is kept: one line, no control characters, not too long. Raises Problem 422 where nothing is left."""
    if not isinstance(name, str):
        raise Problem(422, "a name is a text")
    # Half characters and those that turn the direction of what follows have no place in a list either.
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " " for c in name)
    kept = " ".join(kept.split())[:LONGEST_NAME].strip()
    if not kept:
        raise Problem(422, "a name needs at least one visible character")
    return kept


def clean_tags(tags: Any) -> tuple[str, ...]:
    if not isinstance(tags, list | tuple) or len(tags) > MOST_TAGS or not all(isinstance(tag, str) for tag in tags):
        raise Problem(422, f"tags are a list of at most {MOST_TAGS} texts")
    return tuple(sorted({clean_name(tag)[:LONGEST_TAG].strip() for tag in tags}))


def _with_facts(entry: Entry, found: Facts | None, error: str | None) -> Entry:
    if found is None:
        return replace(entry, error=error)
    return replace(
        entry, model=found.model, digest=found.digest, params=found.params, layers=found.layers, inputs=found.inputs,
        samples=found.samples, said=found.said, kinds=found.kinds, pictured=found.picture is not None, error=error,
    )  # fmt: skip


def _kind_of(path: Path) -> str:
    """The ending that a file's bytes ask for. Raises Problem 415."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return ".h5"
    if start.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BundleError(f"this file is damaged: {error}") from error
        if "manifest.json" in names:
            return ".tview"
        if "config.json" in names:
            return ".keras"
    if start.lstrip().lower().startswith(b"<!doctype html"):
        return ".html"
    raise Problem(415, "this is neither a model (.keras, .h5) nor a report of tensorview (.tview, .html)")


def _card(path: Path) -> Path:
    return path.with_name(path.name + CARD)


def _sync_folders(*folders: Path) -> None:
    """Names, too, are written through to the disk."""
    for folder in folders:
        with contextlib.suppress(OSError):  # some systems can't, and need not
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """Turns what the system says into one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"the library could not be written: {reason}; nothing was changed") from error


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
