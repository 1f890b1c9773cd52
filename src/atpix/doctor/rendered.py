"""Renditions: none of an image that is gone, and an index that says what is in the folder.

They are listed first; then, as with originals, ownership is asked for in the order in which it passes on: row, outbox,
gone.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

import sqlalchemy as sa

from atpix.db import Reading
from atpix.db.tables import images, outbox
from atpix.doctor.findings import Finding, Repair
from atpix.errors import StorageUnavailable
from atpix.ids import RENDITIONS, BlobKey, ImageId, ProjectId, blob_key, rendition_folder
from atpix.renditions import FAULTS, keys
from atpix.services import Services

_PAGE = 1000


class _Of(NamedTuple):
    project: ProjectId
    image: ImageId


def is_rendition(key: BlobKey) -> bool:
    return keys.read(key) is not None


def examine(svc: Services, now: int) -> Iterator[Finding]:
    """A store that cannot be reached is the finding of those who look at originals."""
    with suppress(StorageUnavailable):
        yield from _without_image(svc, now)
        yield from _miscounted(svc)


def _miscounted(svc: Services) -> Iterator[Finding]:
    try:
        uncounted, vanished = svc.renditions.disagreement()
    except StorageUnavailable:
        raise
    except FAULTS as error:
        yield Finding("rendition_index", f"The index of renditions cannot be used: {error}")
        return
    if uncounted or vanished:
        sentence = f"The index of renditions does not count {uncounted} files, and counts {vanished} that are gone."
        yield Finding("rendition_index", sentence, Repair("Count again.", _reconciled))


def _without_image(svc: Services, now: int) -> Iterator[Finding]:
    """One finding an image. Memory: one entry an image that has renditions."""
    settled_ms = now - int(svc.settings.intent_ttl_s * 1000)
    seen: dict[_Of, BlobKey] = {}
    for info in svc.blobs.list(RENDITIONS):
        if info.modified_ms <= settled_ms and (found := keys.read(info.key)) is not None:
            seen.setdefault(_Of(found.key.project, found.key.image), info.key)
    suspects = list(seen)
    for start in range(0, len(suspects), _PAGE):
        page = suspects[start : start + _PAGE]
        with svc.db.read() as tx:
            owned = _owned(tx, page)
        for of in page:
            if of not in owned and svc.blobs.size(seen[of]) is not None:
                sentence = f"There are renditions of image {of.image}, which is not there."
                yield Finding("orphan_renditions", sentence, Repair("Drop them.", _dropped(of)))


def _owned(tx: Reading, suspects: Collection[_Of]) -> set[_Of]:
    """Those whose image delivery may serve, or whose renditions are about to be dropped."""
    query = sa.select(images.c.project_id, images.c.id).where(
        images.c.id.in_({of.image for of in suspects}), images.c.deleted_at.is_(None)
    )
    owned = {_Of(row.project_id, row.id) for row in tx.all(query)}
    jobs = {rendition_folder(*of): of for of in suspects} | {blob_key(*of): of for of in suspects}
    job = outbox.c.payload["key"].as_string()
    return owned | {jobs[BlobKey(row[0])] for row in tx.all(sa.select(job).where(job.in_(jobs)))}


def _dropped(of: _Of) -> Callable[[Services], bool]:
    def carry_out(svc: Services) -> bool:
        """Renditions can be made again, so it does not matter if somebody restored the image meanwhile."""
        svc.renditions.drop(of.project, of.image)
        return True

    return carry_out


def _reconciled(svc: Services) -> bool:
    return any(svc.renditions.reconcile())
