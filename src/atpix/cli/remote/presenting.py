"""Data on standard output, in one of three forms: a table on a terminal, lines with tabs in a pipe, or JSON."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec

from atpix_client import Image

_ABSENT_WHEN_NULL = frozenset({"flowAliases", "locationFound", "deletedAt", "etag"})
"""Fields that the API leaves out where they do not apply."""
_NO_FOLDING = 10_000
"""Columns: a terminal wraps long lines itself, and what is copied from it stays whole."""


def as_json(image: Image) -> dict[str, Any]:
    """The object of the API."""
    fields = msgspec.to_builtins(image, builtin_types=(datetime,))
    return {
        name: iso(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None or name not in _ABSENT_WHEN_NULL
    }


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_json(value: object) -> None:
    print(msgspec.json.encode(value).decode())


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            print_line(row)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*headings, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(plain, row))
    Console(markup=False, highlight=False, emoji=False, width=_NO_FOLDING).print(table)


def print_line(row: Sequence[str]) -> None:
    """For a program that reads lines and splits at tabs."""
    print("\t".join(map(plain, row)), flush=True)


def print_image(image: Image, *, json: bool, base_url: str) -> None:
    if json:
        print_json(as_json(image))
        return
    point = image.focal_point
    facts = {
        "id": image.id,
        "alias": image.alias or "",
        "url": urljoin(f"{base_url}/", image.storage_url),
        "type": image.mime_type,
        "size": f"{image.width}x{image.height}",
        "bytes": str(image.file_size),
        "file": image.filename or "",
        "source": image.source,
        "flow": image.flow_id or "",
        "flow aliases": " ".join(image.flow_aliases or ()),
        "focal point": f"{point.x:g},{point.y:g}" if point else "",
        "meta": msgspec.json.encode(image.meta).decode(),
        "sha256": image.sha256 or "",
        "created": iso(image.created_at),
        "updated": iso(image.updated_at),
        "deleted": iso(image.deleted_at) if image.deleted_at else "",
    }
    print_rows(("", ""), [(name, value) for name, value in facts.items() if value])


def say(sentence: str) -> None:
    """To people, whatever happens to standard output."""
    print(plain(sentence), file=sys.stderr)


def plain(text: str) -> str:
    """Names come from strangers: what would steer a terminal, or break a line, is shown as its escape sequence."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def path_text(path: Path) -> str:
    """For JSON, which has no room for names that are no text."""
    return os.fsencode(path).decode("utf-8", "replace")
