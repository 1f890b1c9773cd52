"""What can be done to an image's renditions."""

from collections.abc import Callable
from typing import NamedTuple

from atpix import outbox
from atpix.caller import Caller
from atpix.db import Writing
from atpix.ids import ImageId, ImageRef
from atpix.images import rows
from atpix.projects import authentication
from atpix.services import Services


class Purged(NamedTuple):
    """`dropped` are those that this machine knew of."""

    id: ImageId
    dropped: int


def purge(svc: Services, who: Caller, ref: ImageRef, seal: Callable[[Writing, Purged], None]) -> Purged:
    """Here at once; on other machines by work that is committed. A cache is emptied, nothing is lost.

    Raises ImageNotFound, AliasNotFound, StorageUnavailable, Overloaded.
    """
    with svc.db.read() as tx:
        image = rows.find_one(tx, who, ref).image
    purged = Purged(image.id, svc.renditions.drop(who.project, image.id))
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        outbox.drop_renditions(tx, who.project, image.id, svc.now())
        seal(tx, purged)
    svc.db.withdrew()
    return purged
