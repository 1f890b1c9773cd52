"""Rows and bytes: no row without bytes, no bytes without an owner. Memory: eight bytes an image.

Bytes are listed once, and each page of them is held against the rows; then the rows are walked and held against what
was listed. Ownership passes on in one direction: intent, row, outbox, gone. Who asks in this order, one after another,
and finds nobody, has found bytes that nobody owns.
"""

import asyncio
import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import aclosing
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix import outbox as work
from atpix.blobs import BlobInfo
from atpix.db import Reading
from atpix.db.tables import images, outbox, upload_intents
from atpix.doctor.findings import Finding, Repair
from atpix.doctor.rendered import is_rendition
from atpix.errors import StorageUnavailable
from atpix.ids import BlobKey, ImageId, blob_key, image_of
from atpix.services import Services

_PAGE = 1000
_ROW = (images.c.id, images.c.project_id, images.c.file_size, images.c.sha256)
_ROWS = sa.select(*_ROW).where(images.c.id > bindparam("after")).order_by(images.c.id).limit(_PAGE)
_ONE = sa.select(images.c.file_size).where(images.c.id == bindparam("id"))
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


class _Seen:
    """Which images have bytes: a sorted hash of each, in drawers that are sorted one by one."""

    def __init__(self) -> None:
        self._drawers = [array("Q") for _ in range(256)]

    def add(self, image: ImageId) -> None:
        value = _hash(image)
        self._drawers[value & 255].append(value)

    def sort(self) -> None:
        self._drawers = [array("Q", sorted(drawer)) for drawer in self._drawers]

    def __contains__(self, image: ImageId) -> bool:
        value = _hash(image)
        drawer = self._drawers[value & 255]
        place = bisect_left(drawer, value)
        return place < len(drawer) and drawer[place] == value


def _hash(image: ImageId) -> int:
    """Two of a million images share theirs once in 30 million runs; one of them would go unchecked."""
    return int.from_bytes(hashlib.blake2b(image.encode(), digest_size=8).digest(), "big")


def examine(svc: Services, now: int, *, deep: bool) -> Iterator[Finding]:
    seen = _Seen()
    try:
        yield from _bytes_by_rows(svc, now, seen)
        seen.sort()
        yield from _rows_by_bytes(svc, seen, deep=deep)
    except StorageUnavailable as error:
        yield Finding("store", f"Bytes could not be checked to the end: {error.message}")


def _bytes_by_rows(svc: Services, now: int, seen: _Seen) -> Iterator[Finding]:
    settled_ms = now - int(svc.settings.intent_ttl_s * 1000)
    for page in _pages(info for info in svc.blobs.list() if not is_rendition(info.key)):
        with svc.db.read() as tx:
            sizes = _sizes(tx, [info.key for info in page])
        suspects = []
        for info in page:
            if (row := sizes.get(info.key)) is None:
                if info.modified_ms <= settled_ms and not _is_hidden(info.key):
                    suspects.append(info.key)
                continue
            seen.add(row.image)
            if row.size != info.size:
                yield from _wrong_size(svc, info.key, row)
        yield from _without_owner(svc, suspects)


class _Row(NamedTuple):
    image: ImageId
    size: int


def _sizes(tx: Reading, keys: Collection[BlobKey]) -> dict[BlobKey, _Row]:
    wanted = {names[1] for key in keys if (names := image_of(key))}
    rows = tx.all(sa.select(*_ROW).where(images.c.id.in_(wanted))) if wanted else ()
    found = {blob_key(row.project_id, row.id): _Row(row.id, row.file_size) for row in rows}
    return {key: found[key] for key in keys if key in found}


def _wrong_size(svc: Services, key: BlobKey, row: _Row) -> Iterator[Finding]:
    if (now := svc.blobs.size(key)) is not None and now != row.size:
        sentence = (
            f"Image {row.image} has {now} bytes ({key}) instead of {row.size}: put them back, or delete the image."
        )
        yield Finding("wrong_size", sentence)


def _pages(listing: Iterable[BlobInfo]) -> Iterator[list[BlobInfo]]:
    rest = iter(listing)
    while page := list(islice(rest, _PAGE)):
        yield page


def _is_hidden(key: BlobKey) -> bool:
    """No key of ours has a segment that begins with a dot: desktops and file systems make such files."""
    return key.startswith(".") or "/." in key


def _without_owner(svc: Services, suspects: list[BlobKey]) -> Iterator[Finding]:
    if not suspects:
        return
    with svc.db.read() as tx:
        owned = _owners(tx, suspects)
    for key in suspects:
        if key in owned or svc.blobs.size(key) is None:
            continue
        if image_of(key) is None:
            yield Finding("foreign_bytes", f"{key} is no file of ours; take it out of the store.")
        else:
            yield Finding("orphan_bytes", f"The bytes {key} belong to no image.", Repair("Delete them.", _deleted(key)))


def _owners(tx: Reading, keys: Collection[BlobKey]) -> set[BlobKey]:
    """In the order in which ownership passes on."""
    intent, job = upload_intents.c.blob_key, outbox.c.payload["key"].as_string()
    owned = {BlobKey(row[0]) for row in tx.all(sa.select(intent).where(intent.in_(keys)))}
    owned |= work.owned(tx, keys)
    return owned | {BlobKey(row[0]) for row in tx.all(sa.select(job).where(job.in_(keys)))}


def _deleted(key: BlobKey) -> Callable[[Services], bool]:
    def carry_out(svc: Services) -> bool:
        with svc.db.transaction() as tx:
            if _owners(tx, [key]):
                return False
            work.delete_blob(tx, key, svc.now())
        return True

    return carry_out


def _rows_by_bytes(svc: Services, seen: _Seen, *, deep: bool) -> Iterator[Finding]:
    after = _BEFORE_ALL
    while True:
        with svc.db.read() as tx:
            rows = tx.all(_ROWS, {"after": after})
        for row in rows:
            key, image = blob_key(row.project_id, row.id), ImageId(row.id)
            if image not in seen:
                yield from _lost(svc, key, image)
            elif deep:
                yield from _changed(svc, key, image, row.sha256)
        if len(rows) < _PAGE:
            return
        after = rows[-1].id


def _lost(svc: Services, key: BlobKey, image: ImageId) -> Iterator[Finding]:
    """Deleting takes the row first, so a row that is still there after its bytes were looked for has lost them."""
    if svc.blobs.size(key) is None and _size(svc, image) is not None:
        yield Finding("lost_bytes", f"Image {image} has lost its bytes ({key}): put them back, or delete the image.")


def _changed(svc: Services, key: BlobKey, image: ImageId, sha256: str) -> Iterator[Finding]:
    try:
        found = asyncio.run(_digest(svc, key))
    except FileNotFoundError:
        yield from _lost(svc, key, image)
        return
    if found != sha256:
        yield Finding("wrong_checksum", f"The bytes of image {image} ({key}) are not those that were stored.")


async def _digest(svc: Services, key: BlobKey) -> str:
    digest = hashlib.sha256()
    async with aclosing(await svc.blobs.stream(key)) as chunks:
        async for chunk in chunks:
            digest.update(chunk)
    return digest.hexdigest()


def _size(svc: Services, image: ImageId) -> int | None:
    with svc.db.read() as tx:
        found = tx.scalar(_ONE, {"id": image})
    return None if found is None else int(found)
