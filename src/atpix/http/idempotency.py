"""`Idempotency-Key`: the answer is stored in the transaction that does the work, so a retry finds both or neither.

A claim is a row held by one request for `HOLD_MS`. When its process is killed the hold runs out and a retry takes over;
when it is merely slow, its commit finds the claim taken and undoes itself.
"""

from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Administrator, Caller
from atpix.db import Reading, Writing
from atpix.db.tables import idempotency_keys as keys
from atpix.errors import AtpixError, ValidationFailed
from atpix.ids import new_id
from atpix.services import Services

HOLD_MS = 60_000
KEPT_MS = 24 * 3600 * 1000
_MASTER = "00000000-0000-0000-0000-000000000000"

_FIND = sa.select(keys).where(keys.c.scope == bindparam("s"), keys.c.key == bindparam("k")).with_for_update()


class KeyInUse(AtpixError):
    status, code, retry_after_s = 409, "IDEMPOTENCY_KEY_IN_USE", 1

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still being answered; try again in a moment.")


class KeyReused(AtpixError):
    status, code = 422, "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; use a new one for each.")


@dataclass(frozen=True, slots=True)
class Replay:
    """What was answered before."""

    fingerprint: str
    status: int
    body: bytes
    etag: str | None

    def of(self, fingerprint: str) -> "Replay":
        """Raises KeyReused when the request is not the one that was answered."""
        if self.fingerprint != fingerprint:
            raise KeyReused
        return self


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer. `seal` belongs into the transaction that does the work."""

    scope: str
    key: str
    holder: str

    def seal(self, tx: Writing, fingerprint: str, status: int, body: bytes, etag: str | None) -> None:
        """Raises KeyInUse, which undoes the work, when the hold ran out and another request has taken over."""
        if (
            tx.execute(
                keys.update().where(*self._mine).values(fingerprint=fingerprint, status=status, body=body, etag=etag)
            )
            != 1
        ):
            raise KeyInUse

    def renew(self, svc: Services) -> None:
        """Hold on for as long again."""
        with svc.db.transaction(durable=False) as tx:
            tx.execute(keys.update().where(*self._mine).values(held_until=svc.now() + HOLD_MS))

    def release(self, svc: Services) -> None:
        """Nothing was done: a retry may try again."""
        with svc.db.transaction() as tx:
            tx.execute(keys.delete().where(*self._mine, keys.c.status.is_(None)))

    @property
    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        """The row, as long as nobody has taken it over."""
        return keys.c.scope == self.scope, keys.c.key == self.key, keys.c.holder == self.holder


def claim(svc: Services, who: Caller | Administrator, key: str) -> Claim | Replay:
    """Raises KeyInUse, ValidationFailed."""
    if not (0 < len(key) <= 255 and key.isprintable()):
        raise ValidationFailed.at("Idempotency-Key", "must be 1 to 255 printable characters.")
    scope = who.project if isinstance(who, Caller) else _MASTER
    holder, now = new_id(), svc.now()
    fresh = {
        "holder": holder,
        "held_until": now + HOLD_MS,
        "fingerprint": None,
        "status": None,
        "body": None,
        "etag": None,
    }
    with svc.db.transaction() as tx:
        insert = tx.upsert(keys).values(scope=scope, key=key, created_at=now, **fresh).on_conflict_do_nothing()
        if tx.execute(insert) == 1:
            return Claim(scope, key, holder)
        found = tx.one_or_none(_FIND, {"s": scope, "k": key})
        if found is not None and found.created_at > now - KEPT_MS:
            if found.status is not None:
                return Replay(found.fingerprint, found.status, bytes(found.body), found.etag)
            if found.held_until > now:
                raise KeyInUse
        tx.execute(keys.update().where(keys.c.scope == scope, keys.c.key == key).values(created_at=now, **fresh))
        return Claim(scope, key, holder)


def fingerprint(method: str, path: str, *parts: str | bytes) -> str:
    digest = sha256(f"{method} {path}".encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def any_old(tx: Reading, now: int) -> bool:
    return tx.one_or_none(_old(now, 1)) is not None


def forget_old(tx: Writing, now: int, *, most: int) -> int:
    """Returns how many."""
    return tx.execute(keys.delete().where(sa.tuple_(keys.c.scope, keys.c.key).in_(_old(now, most))))


def _old(now: int, most: int) -> sa.Select[tuple[str, str]]:
    return sa.select(keys.c.scope, keys.c.key).where(keys.c.created_at <= now - KEPT_MS).limit(most)
