"""Data on standard output, in one of three forms: a table on a terminal, lines with tabs in a pipe, or JSON."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import msgspec

from atpix_client import Image

if TYPE_CHECKING:
    from rich.tree import Tree

_ABSENT_WHEN_NULL = frozenset({"flowAliases", "locationFound", "deletedAt", "etag"})
"""Fields that the API leaves out where they do not apply."""
_NO_FOLDING = 10_000
"""Columns: a terminal wraps long lines itself, and what is copied from it stays whole."""
_ROWS_A_TABLE = 500
IMAGE_HEADINGS = ("ID", "ALIAS", "TYPE", "SIZE", "BYTES", "CREATED", "FILE", "URL")


def as_json(thing: msgspec.Struct) -> dict[str, Any]:
    """The object of the API."""
    fields: dict[str, Any] = _plainly(msgspec.to_builtins(thing, builtin_types=(datetime,)))
    return fields


def _plainly(value: object) -> Any:  # noqa: ANN401  what JSON may hold
    match value:
        case datetime():
            return iso(value)
        case dict():
            kept = ((name, one) for name, one in value.items() if one is not None or name not in _ABSENT_WHEN_NULL)
            return {name: one if name == "meta" else _plainly(one) for name, one in kept}
        case list():
            return [_plainly(one) for one in value]
        case _:
            return value


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_json(value: object) -> None:
    print(msgspec.json.encode(value).decode())


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Any number in constant memory: on a terminal, long lists are several tables."""
    if sys.stdout.isatty():
        _print_tables(headings, iter(rows))
        return
    for row in rows:
        print_line(row)


def _print_tables(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False, emoji=False, width=_NO_FOLDING)
    batch = list(islice(rows, _ROWS_A_TABLE))
    while True:
        table = Table(*headings, box=None, pad_edge=False)
        for row in batch:
            table.add_row(*map(plain, row))
        console.print(table)
        if not (batch := list(islice(rows, _ROWS_A_TABLE))):
            return


def print_line(row: Sequence[str]) -> None:
    """For a program that reads lines and splits at tabs."""
    print("\t".join(map(plain, row)), flush=True)


def print_tree(tree: "Tree") -> None:
    """The same lines on a terminal and in a pipe; colours on a terminal only."""
    from rich.console import Console

    Console(markup=False, highlight=False, emoji=False, width=_NO_FOLDING).print(tree, no_wrap=True)


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


def image_row(image: Image, base_url: str) -> tuple[str, ...]:
    """Under IMAGE_HEADINGS."""
    return (
        image.id,
        image.alias or "",
        image.mime_type,
        f"{image.width}x{image.height}",
        str(image.file_size),
        iso(image.created_at),
        image.filename or "",
        "(in the trash)" if image.deleted_at else urljoin(f"{base_url}/", image.storage_url),
    )


def say(sentence: str) -> None:
    """To people, whatever happens to standard output."""
    print(plain(sentence), file=sys.stderr)


def plain(text: str) -> str:
    """Names come from strangers: what would steer a terminal, or break a line, is shown as its escape sequence."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, letters: int) -> str:
    """One line, cut at a word where that loses little."""
    line = " ".join(text.split())
    if len(line) <= letters:
        return line
    head = line[: letters - 1]
    return f"{head[: head.rfind(' ', letters * 2 // 3)] if ' ' in head[letters * 2 // 3 :] else head}…"


def path_text(path: Path) -> str:
    """For JSON, which has no room for names that are no text."""
    return os.fsencode(path).decode("utf-8", "replace")
