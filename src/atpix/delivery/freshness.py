"""How long what was looked up may be believed. A cache entry holds while its token does; None means: look it up.

Names are strict: no process serves an old holder after a move was acknowledged. Ids may lag a delete on another process
by one second.
"""

import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from atpix.db import Database
from atpix.errors import StorageUnavailable

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger("atpix.delivery")
CHANNEL = "atpix_images"
_BEAT_S = 0.3
_BELIEVED_S = 0.9


class Freshness(Protocol):
    """Take the token before the look-up, or a change in between goes unseen."""

    def ids(self) -> int | None: ...
    def names(self) -> int | None: ...
    def close(self) -> None: ...


def watch(db: Database) -> Freshness:
    return SqliteFreshness(db.sqlite_path) if db.is_sqlite else PostgresFreshness(db)


class SqliteFreshness:
    """`PRAGMA data_version` changes when any other connection, of any process, has committed. It costs 3 µs.

    Used from one thread, the event loop's.
    """

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA query_only=ON").close()
        self._cursor = self._connection.cursor()

    def names(self) -> int | None:
        try:
            return self._cursor.execute("PRAGMA data_version").fetchone()[0]  # type: ignore[no-any-return]
        except sqlite3.Error as error:
            raise StorageUnavailable("The database cannot be read; try again in a moment.") from error

    ids = names

    def close(self) -> None:
        self._connection.close()


class PostgresFreshness:
    """A thread listens for images that go (a trigger notifies) and proves every 0.3 s that it still hears.

    While it cannot, nothing is believed. What this process itself takes away it need not hear: it is gone at once.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._url = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._generation = 0
        self._heard_s = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="atpix-listener", daemon=True)
        self._thread.start()

    def names(self) -> int | None:
        return None

    def ids(self) -> int | None:
        heard = time.monotonic() - self._heard_s < _BELIEVED_S
        return self._generation + self._db.withdrawals if heard else None

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=2)

    def _listen(self) -> None:
        import psycopg

        while not self._stopped.is_set():
            with suppress(psycopg.Error), psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                self._generation += 1  # whatever went while nobody listened
                self._hear(connection)
            if not self._stopped.wait(1):
                log.warning("listener_reconnects")

    def _hear(self, connection: "psycopg.Connection[Any]") -> None:
        while not self._stopped.is_set():
            asked_s = time.monotonic()
            connection.execute("SELECT 1").close()
            self._heard_s = asked_s
            for _ in connection.notifies(timeout=_BEAT_S, stop_after=1):
                self._generation += 1
