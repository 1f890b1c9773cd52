"""Work that should have been done by now."""

from collections.abc import Iterator
from contextlib import suppress

import sqlalchemy as sa

from atpix import worker
from atpix.db.tables import outbox, upload_intents
from atpix.doctor.findings import Finding, Repair
from atpix.errors import AtpixError
from atpix.generations import queue
from atpix.services import Services

MANY_ATTEMPTS = 10
_LATE_MS = 5 * queue.LEASE_MS


def examine(svc: Services, now: int) -> Iterator[Finding]:
    # A running worker sweeps a little after the time has come; two rounds late is late.
    patience_s = svc.settings.intent_ttl_s + 2 * svc.settings.sweep_every_s
    late = upload_intents.c.created_at < now - int(patience_s * 1000)
    with svc.db.read() as tx:
        expired = tx.scalar(sa.select(sa.func.count()).select_from(upload_intents).where(late))
        left = queue.expired(tx, now - _LATE_MS)
        stuck = tx.all(sa.select(outbox).where(outbox.c.attempts > MANY_ATTEMPTS).order_by(outbox.c.id).limit(1001))
    if expired:
        sentence = f"{expired} abandoned uploads were not swept: is a worker running?"
        yield Finding("expired_intents", sentence, Repair("Sweep them.", _swept))
    if left:
        sentence = f"{left} generations were left by a runner that is gone, and no other came: is a server running?"
        yield Finding("stuck_work", sentence, Repair("Put them back into the queue.", _taken_over))
    for row in stuck:
        sentence = f"{row.kind} {row.payload.get('key')} has failed {row.attempts} times: {row.last_error}"
        yield Finding("stuck_work", sentence, _tried_again(row.id))


def _swept(svc: Services) -> bool:
    return worker.sweep(svc).swept_intents > 0


def _taken_over(svc: Services) -> bool:
    with svc.db.transaction() as tx:
        return queue.take_over(tx, svc.now()) > 0


def _tried_again(job: int) -> Repair:
    def carry_out(svc: Services) -> bool:
        with svc.db.transaction() as tx:
            tx.execute(outbox.update().where(outbox.c.id == job).values(due_at=0))
        with suppress(AtpixError):
            worker.deliver(svc)
        with svc.db.read() as tx:
            return tx.one_or_none(sa.select(outbox.c.id).where(outbox.c.id == job)) is None

    return Repair("Try again now.", carry_out)
