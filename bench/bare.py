"""Bare ASGI applications, the baselines: what granian and the driver can do when nothing else is done.

granian calls one of these factories; the environment says on what.
"""

import os
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, object, Send], Awaitable[None]]

FOLDER, DATABASE, POSTGRESQL = "BENCH_FOLDER", "BENCH_DATABASE", "BENCH_POSTGRESQL"

_COLUMNS = (
    "id, project_id, flow_id, source, media_type, file_size, width, height, sha256, focal_x, focal_y, meta, filename, "
    "thumbhash, dominant_color, has_alpha, created_at, updated_at"
)


_META = _COLUMNS.split(", ").index("meta")


class Record(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    project_id: str
    flow_id: str | None
    source: str
    media_type: str
    file_size: int
    width: int
    height: int
    sha256: str
    focal_x: float | None
    focal_y: float | None
    meta: msgspec.Raw
    filename: str | None
    thumbhash: str
    dominant_color: str
    has_alpha: bool
    created_at: int
    updated_at: int


def files() -> Application:
    """Path-sends what a table made at the start says; looks nothing up, asks no file system."""
    table = {
        f"/{path.name}": (
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"image/jpeg"),
                    (b"content-length", str(path.stat().st_size).encode()),
                ],
            },
            {"type": "http.response.pathsend", "path": str(path)},
        )
        for path in Path(os.environ[FOLDER]).iterdir()
    }

    async def application(scope: Scope, _receive: object, send: Send) -> None:
        start, body = table[scope["path"]]
        await send(start)
        await send(body)

    return application


def record_sqlite() -> Application:
    connection = sqlite3.connect(os.environ[DATABASE], check_same_thread=False, isolation_level=None)
    query = f"SELECT {_COLUMNS} FROM images WHERE id = ?"
    answer = _answer()

    async def application(scope: Scope, _receive: object, send: Send) -> None:
        await answer(connection.execute(query, (scope["path"][1:],)).fetchone(), send)

    return application


def record_postgresql() -> Application:
    """One connection for each request under way, as many as there were at once; the statement is prepared."""
    import psycopg

    query = f"SELECT {_COLUMNS} FROM images WHERE id = %s"
    idle: list[psycopg.AsyncConnection[Any]] = []
    answer = _answer()

    async def opened() -> "psycopg.AsyncConnection[Any]":
        connection = await psycopg.AsyncConnection.connect(os.environ[POSTGRESQL], autocommit=True)
        connection.prepare_threshold = 0
        return connection

    async def application(scope: Scope, _receive: object, send: Send) -> None:
        connection = idle.pop() if idle else await opened()
        try:
            row = await (await connection.execute(query, (scope["path"][1:],))).fetchone()
        finally:
            idle.append(connection)
        assert row is not None
        await answer((str(row[0]), str(row[1]), row[2] and str(row[2]), *row[3:]), send)

    return application


def _answer() -> Callable[[tuple[Any, ...], Send], Awaitable[None]]:
    encode = msgspec.json.Encoder().encode

    async def answer(row: tuple[Any, ...], send: Send) -> None:
        values = [*row]
        values[_META] = msgspec.Raw(row[_META].encode())
        body = encode(Record(*values))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer
