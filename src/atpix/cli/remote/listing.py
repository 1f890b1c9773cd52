"""`atpix images list`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Literal
from urllib.parse import urljoin

from cyclopts import Parameter, validators

from atpix.cli.outcome import Misused
from atpix.cli.remote.arguments import Json, named
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.presenting import as_json, iso, print_json, print_rows, say
from atpix_client import Image

Source = Literal["uploaded", "generated"]
_HEADINGS = ("ID", "ALIAS", "TYPE", "SIZE", "BYTES", "CREATED", "FILE", "URL")
_ROWS_A_TABLE = 500
_PAGE = 100


def list_images(
    *,
    flow: Annotated[str | None, Parameter(help="Only those of this flow.")] = None,
    source: Annotated[Source | None, Parameter(help="Only those that came this way.")] = None,
    alias: Annotated[str | None, Parameter(help="Only the one of exactly this name.")] = None,
    include_deleted: Annotated[bool, Parameter(negative="", help="Those in the trash as well.")] = False,
    limit: Annotated[
        int | None, Parameter(validator=validators.Number(gte=1), help="So many at most; else 20.")
    ] = None,
    everything: Annotated[bool, Parameter(name="--all", negative="", help="All; JSON one a line.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show images, newest first."""
    if everything and limit is not None:
        raise Misused("Give either --limit or --all.")
    wanted = None if everything else limit or 20
    with connected(server) as client:
        walk = client.images.iterate(
            flow_id=flow,
            source=source,
            alias=None if alias is None else named(alias),
            include_deleted=include_deleted or None,
            page_size=_PAGE if wanted is None else min(wanted + 1, _PAGE),
        )
        print_images(islice(walk, wanted), client.base_url, lines=everything, json=json)
        if sys.stdout.isatty() and not json and next(walk, None):
            say("There are more: --limit N or --all shows them.")


def print_images(found: Iterator[Image], base_url: str, *, lines: bool, json: bool) -> None:
    if not json:
        _print_tables(found, base_url)
    elif lines:
        for image in found:
            print_json(as_json(image))
    else:
        print_json([as_json(image) for image in found])


def _print_tables(found: Iterator[Image], base_url: str) -> None:
    """Any number of images in constant memory: long lists are several tables."""
    while batch := list(islice(found, _ROWS_A_TABLE)):
        print_rows(_HEADINGS, _rows(batch, base_url))


def _rows(found: Iterable[Image], base_url: str) -> Iterator[tuple[str, ...]]:
    for image in found:
        yield (
            image.id,
            image.alias or "",
            image.mime_type,
            f"{image.width}x{image.height}",
            str(image.file_size),
            iso(image.created_at),
            image.filename or "",
            "(in the trash)" if image.deleted_at else urljoin(f"{base_url}/", image.storage_url),
        )
