"""The library's index: what its files say, in SQLite, for lists and searches. It can be made again from the files."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

VERSION = 2
Kind = Literal["model", "report"]
SORTS = {"name": "name COLLATE NOCASE", "added": "added", "params": "params", "layers": "layers", "size": "size"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model or report. root: "library", "trash", or "given" on the command line. file: its name in that folder, or
    its path where it was given. changed: the file's time in nanoseconds. error: why it can't be shown."""

    id: str
    root: str
    file: str
    kind: Kind
    suffix: str
    name: str
    added: str
    size: int
    changed: int
    tags: tuple[str, ...] = ()
    model: str = ""
    digest: str | None = None
    params: int | None = None
    layers: int | None = None
    inputs: tuple[str, ...] = ()
    samples: int | None = None
    said: str | None = None
    kinds: tuple[str, ...] = ()
    heights: tuple[int, ...] = ()
    pictured: bool = False
    error: str | None = None


NAMES = tuple(field.name for field in fields(Entry))
LISTS = ("tags", "inputs", "kinds", "heights")


class Index:
    """Entries by id. Given paths are kept for this server alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db = self._open()
        self.changes = 0
        """Grows with each change, for pages that show a list of it."""

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError:
            # Damaged or of another version: nothing is lost, the files say it all again.
            for file in self.path.parent.glob(f"{self.path.name}*"):
                file.unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=20)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            [version] = db.execute("PRAGMA user_version").fetchone()
            tables = db.execute("SELECT name FROM sqlite_master WHERE name='entries'").fetchall()
            if tables and version != VERSION:
                raise sqlite3.DatabaseError("another version")
            columns = ", ".join(f"{name} {'PRIMARY KEY' if name == 'id' else ''}" for name in NAMES)
            db.execute(f"CREATE TABLE IF NOT EXISTS main.entries ({columns}, picture BLOB)")
            db.execute(f"CREATE TEMP TABLE given ({columns}, picture BLOB)")
            db.execute(f"PRAGMA user_version={VERSION}")
            db.execute("SELECT count(*) FROM main.entries").fetchone()
            return db
        except BaseException:
            db.close()
            raise

    def put(self, entry: Entry, picture: bytes | None = None) -> None:
        table = "temp.given" if entry.root == "given" else "main.entries"
        values = asdict(entry)
        values.update({name: json.dumps(values[name]) for name in LISTS})
        places = ", ".join(f":{name}" for name in (*NAMES, "picture"))
        with self._lock:
            self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places})", {**values, "picture": picture})
            self.changes += 1

    def drop(self, id: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM main.entries WHERE id=?", (id,))
            self.changes += 1

    def get(self, id: str) -> Entry | None:
        with self._lock:
            row = self._db.execute(f"SELECT {', '.join(NAMES)} FROM ({_ALL}) WHERE id=?", (id,)).fetchone()
        return None if row is None else _entry(row)

    def picture(self, id: str) -> bytes | None:
        with self._lock:
            row = self._db.execute(f"SELECT picture FROM ({_ALL}) WHERE id=?", (id,)).fetchone()
        return None if row is None else row[0]

    def find(
        self,
        words: Sequence[str] = (),
        *,
        roots: Sequence[str] = ("library", "given"),
        kind: Kind | None = None,
        tag: str | None = None,
        digest: str | None = None,
        sort: str = "added",
        down: bool = True,
    ) -> list[Entry]:
        """Entries that have every word in their name, model, tags, inputs or what was said."""
        wheres, values = [f"root IN ({', '.join('?' * len(roots))})"], list(roots)
        for word in words:
            like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            columns = ("name", "model", "tags", "inputs", "kind", "COALESCE(said, '')")
            wheres.append("(" + " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns) + ")")
            values += [like] * len(columns)
        for column, value in (("kind", kind), ("digest", digest)):
            if value is not None:
                wheres.append(f"{column}=?")
                values.append(value)
        order = f"{SORTS[sort]} {'DESC' if down else 'ASC'} NULLS LAST, name COLLATE NOCASE, id"
        query = f"SELECT {', '.join(NAMES)} FROM ({_ALL}) WHERE {' AND '.join(wheres)} ORDER BY {order}"
        with self._lock:
            rows = self._db.execute(query, values).fetchall()
        return [entry for row in rows if tag in (None, *(entry := _entry(row)).tags)]

    def files(self) -> dict[tuple[str, str], Entry]:
        """All that is kept in the library's folders, by root and file."""
        with self._lock:
            rows = self._db.execute(f"SELECT {', '.join(NAMES)} FROM main.entries").fetchall()
        return {(entry.root, entry.file): entry for entry in map(_entry, rows)}

    def clear(self) -> None:
        with self._lock:
            self._db.execute("DELETE FROM main.entries")

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is written within is written at once, and visible to others only then."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._lock:
            self._db.close()


_ALL = "SELECT * FROM temp.given UNION ALL SELECT * FROM main.entries"


def _entry(row: Any) -> Entry:
    values = dict(zip(NAMES, row, strict=True))
    values.update({name: tuple(json.loads(values[name])) for name in LISTS})
    return Entry(**{**values, "pictured": bool(values["pictured"])})
