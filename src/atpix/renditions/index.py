"""What this machine knows of its renditions: an SQLite file, shared by its processes, that may be lost at any time.

Nothing in it is waited for: no sync at a commit. After a power cut, or when the file is missing or broken, it is held
against the folder before it is used. Writers queue up; readers never wait for them.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from atpix.db.writers import Writers
from atpix.ids import BlobKey, ImageId, ProjectId
from atpix.renditions.keys import Key
from atpix.renditions.stored import Facts

log = structlog.get_logger("atpix.renditions")

_VERSION = 1
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE renditions (
    digest TEXT PRIMARY KEY, project TEXT NOT NULL, image TEXT NOT NULL, focal INTEGER NOT NULL, name TEXT NOT NULL,
    size INTEGER NOT NULL, facts BLOB NOT NULL, is_original INTEGER NOT NULL, kept INTEGER NOT NULL,
    used_at INTEGER NOT NULL, made_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX renditions_by_use ON renditions (used_at);
CREATE INDEX renditions_of_image ON renditions (project, image, focal);
CREATE TABLE totals (project TEXT PRIMARY KEY, n INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER renditions_added AFTER INSERT ON renditions BEGIN
    INSERT INTO totals VALUES (new.project, 1, new.size)
    ON CONFLICT (project) DO UPDATE SET n = n + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER renditions_removed AFTER DELETE ON renditions BEGIN
    UPDATE totals SET n = n - 1, bytes = bytes - old.size WHERE project = old.project;
    DELETE FROM totals WHERE project = old.project AND n = 0;
END;
CREATE TABLE places (
    id INTEGER PRIMARY KEY, project TEXT NOT NULL, image TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX places_of_project ON places (project, at);
CREATE INDEX places_of_image ON places (project, image, at);
"""
_COLUMNS = "digest, project, image, focal, name, size, facts, is_original, kept, used_at, made_at"
_KEPT = f"SELECT {_COLUMNS} FROM renditions WHERE digest = ? AND kept"  # noqa: S608  our own words


class Row(NamedTuple):
    """`kept` is 0 while room is reserved for bytes that are not there yet. Times are Unix milliseconds."""

    digest: str
    project: ProjectId
    image: ImageId
    focal: int
    name: BlobKey
    size: int
    facts: bytes
    is_original: int
    kept: int
    used_at: int
    made_at: int


def row_of(key: Key, name: BlobKey, facts: Facts, now: int, *, size: int, kept: bool, is_original: bool = False) -> Row:
    text = msgspec.json.encode(facts)
    return Row(
        key.digest, key.project, key.image, key.focal, name, size, text, is_original, kept, used_at=now, made_at=now
    )


Reconcile = Callable[[sqlite3.Connection], object]
Values = tuple[object, ...] | dict[str, object]


class Index:
    """Opened when first used. `state` names what it speaks of (the store, this boot of the machine): in another state
    it is held against the folder by `reconcile`, in the transaction of its opening.
    """

    def __init__(self, path: Path, state: str, reconcile: Reconcile) -> None:
        self._path = path
        self._state = state
        self._reconcile = reconcile
        self._writers = Writers(str(path), _BUSY_S)
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._inode = 0
        self._is_closed = False

    @property
    def is_open(self) -> bool:
        return self._reader is not None

    def get(self, digest: str) -> Row | None:
        """What is kept under it. Microseconds, once `is_open`. Raises sqlite3.Error, AtpixError."""
        found = self.read(_KEPT, (digest,))
        return Row(*found[0]) if found else None

    def read(self, query: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Raises sqlite3.Error, AtpixError."""
        if self._reader is None:
            with self.turn():
                pass
        try:
            with self._reading:
                if self._reader is None:
                    raise sqlite3.OperationalError("closed")
                return self._reader.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            if _is_broken(error):
                self._disconnect()  # whoever comes next looks at the file again
            raise

    @contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """A transaction, alone among all processes, committed at the end of the block.

        Raises sqlite3.Error, StorageUnavailable, Overloaded.
        """
        with self._writers.turn():
            if self._is_closed:
                raise sqlite3.OperationalError("closed")
            db = self._current()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                if _is_broken(error):
                    self._disconnect()  # the next turn looks at the file again
                raise

    def _current(self) -> sqlite3.Connection:
        """The connection to the file that is there now: another process may have replaced a broken one."""
        with suppress(FileNotFoundError):
            if self._writer is not None and self._path.stat().st_ino == self._inode:
                return self._writer
        self._disconnect()
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if not _is_broken(error):
                raise
        log.warning("index_broken", path=str(self._path))
        self._disconnect()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return self._connected()

    def _connected(self) -> sqlite3.Connection:
        writer = self._writer = _connection(self._path)
        if writer.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            _make_anew(writer)
        if writer.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("malformed")
        known = writer.execute("SELECT value FROM about WHERE name = 'state'").fetchone()
        if known != (self._state,):
            with writer:
                writer.execute("BEGIN IMMEDIATE")
                self._reconcile(writer)
                writer.execute("INSERT OR REPLACE INTO about VALUES ('state', ?)", (self._state,))
        reader = _connection(self._path)
        with self._reading:
            self._inode = self._path.stat().st_ino
            self._reader = reader
        return writer

    def _disconnect(self) -> None:
        with self._reading:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def close(self) -> None:
        """For good: uses that are written down in the background may come late."""
        self._is_closed = True
        self._disconnect()
        self._writers.close()


def _connection(path: Path) -> sqlite3.Connection:
    made = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-4000"):
            made.execute(f"PRAGMA {pragma}").close()
    except BaseException:
        made.close()
        raise
    return made


def _make_anew(db: sqlite3.Connection) -> None:
    """Of another release, or empty: nothing in it is worth keeping."""
    for kind, name in db.execute("SELECT type, name FROM sqlite_schema WHERE type = 'table'").fetchall():
        db.execute(f"DROP {kind} {name}")
    db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")


def _is_broken(error: BaseException) -> bool:
    """And not merely busy or without room."""
    if isinstance(error, sqlite3.OperationalError):
        return "no such" in str(error) or "malformed" in str(error)
    return isinstance(error, sqlite3.DatabaseError)


def insert(db: sqlite3.Connection, row: Row) -> None:
    """In place of what stood there. (REPLACE would go past the triggers.)"""
    db.execute("DELETE FROM renditions WHERE digest = ?", (row.digest,))
    db.execute(f"INSERT INTO renditions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608


def settle(db: sqlite3.Connection, row: Row) -> bool:
    """The bytes are there. False: the reservation was taken away meanwhile."""
    query = "UPDATE renditions SET kept = 1 WHERE digest = ? AND name = ? AND NOT kept"
    return db.execute(query, (row.digest, row.name)).rowcount == 1


def delete(db: sqlite3.Connection, digest: str) -> None:
    db.execute("DELETE FROM renditions WHERE digest = ?", (digest,))


def select(db: sqlite3.Connection, condition: str, *values: object) -> list[Row]:
    query = f"SELECT {_COLUMNS} FROM renditions WHERE {condition}"  # noqa: S608  our own words
    return [Row(*found) for found in db.execute(query, values)]


def totals(db: sqlite3.Connection) -> tuple[int, int]:
    """How many there are, and their bytes, reserved ones too."""
    count, size = db.execute("SELECT coalesce(sum(n), 0), coalesce(sum(bytes), 0) FROM totals").fetchone()
    return int(count), int(size)


def of_image(db: sqlite3.Connection, project: ProjectId, image: ImageId, *, focal_only: bool) -> list[Row]:
    return select(db, "project = ? AND image = ? AND focal >= ?", project, image, focal_only)


def use(db: sqlite3.Connection, used: dict[str, int]) -> None:
    """When each was asked for last, Unix milliseconds."""
    times = [(at, digest, at) for digest, at in used.items()]
    db.executemany("UPDATE renditions SET used_at = ? WHERE digest = ? AND used_at < ?", times)
