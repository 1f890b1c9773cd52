"""From the text of a key to who is asking, at the price of a dictionary look-up.

Answers are remembered for `cache_s` at most, so a revocation reaches every process within that time; a key's own expiry
holds to the millisecond. Writes ask again inside their transaction (`still_valid`): there a revocation holds at once.
"""

import hmac
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from atpix.caller import Administrator, Caller
from atpix.db import Database, Reading
from atpix.db.tables import api_keys, organizations, projects
from atpix.errors import Unauthorized
from atpix.ids import KeyId
from atpix.projects import keys, preferences

Who = Caller | Administrator

_REMEMBERED = 10_000
_LAST_USE_MS = 60_000

_BY_DIGEST = (
    sa.select(
        api_keys.c.id,
        api_keys.c.digest,
        api_keys.c.project_id,
        api_keys.c.scopes,
        api_keys.c.expires_at,
        api_keys.c.revoked_at,
        projects.c.settings,
        projects.c.slug.label("project_slug"),
        organizations.c.slug.label("organization_slug"),
    )
    .join(projects, api_keys.c.project_id == projects.c.id, isouter=True)
    .join(organizations, projects.c.organization_id == organizations.c.id, isouter=True)
    .where(api_keys.c.digest == sa.bindparam("digest"))
)
_VALID = sa.select(api_keys.c.id).where(
    api_keys.c.id == sa.bindparam("key"),
    api_keys.c.revoked_at.is_(None),
    sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > sa.bindparam("at", type_=sa.BigInteger)),
)
_USED = (
    sa.update(api_keys)
    .where(
        api_keys.c.id == sa.bindparam("used_key"),
        sa.or_(
            api_keys.c.last_used_at.is_(None),
            api_keys.c.last_used_at <= sa.bindparam("used_at", type_=sa.BigInteger) - _LAST_USE_MS,
        ),
    )
    .values(last_used_at=sa.bindparam("used_at", type_=sa.BigInteger))
)


class _Known(NamedTuple):
    """Good from `since` until before `until`, both Unix milliseconds: a clock set back ends it too."""

    who: Who | None
    since: int
    until: int

    def holds(self, now: int) -> bool:
        return self.since <= now < self.until


class Authenticator:
    """One a process. `cached` is for the event loop and does no I/O, `look_up` is for threads."""

    def __init__(self, db: Database, now: Callable[[], int], cache_s: float) -> None:
        self._db = db
        self._now = now
        self._cache_ms = int(cache_s * 1000)
        self._lock = threading.Lock()
        # Apart, so that a flood of wrong keys pushes no right one out.
        self._right: dict[str, _Known] = {}
        self._wrong: dict[str, _Known] = {}
        self._used: dict[KeyId, int] = {}
        self._written: dict[KeyId, int] = {}

    def cached(self, text: str | None) -> Who | None:
        """None means: ask `look_up`. Raises Unauthorized when that would be its answer."""
        if text is None:
            raise Unauthorized
        digest, now = keys.digest(text), self._now()
        if (known := self._right.get(digest)) and known.holds(now):
            return self._noted(known.who, now)
        if not keys.is_well_formed(text):
            raise Unauthorized
        if (known := self._wrong.get(digest)) and known.holds(now):
            raise Unauthorized
        return None

    def look_up(self, text: str | None) -> Who:
        """One SELECT. Raises Unauthorized, the same for missing, malformed, wrong, expired and revoked."""
        if text is None or not keys.is_well_formed(text):
            raise Unauthorized
        digest, now = keys.digest(text), self._now()
        with self._db.read() as tx:
            row = tx.one_or_none(_BY_DIGEST, {"digest": digest})
        if row is None or not _is_valid(row, digest, now):
            self._remember(self._wrong, digest, _Known(None, now, now + self._cache_ms))
            raise Unauthorized
        who = _who(row)
        until = now + self._cache_ms if row.expires_at is None else min(now + self._cache_ms, row.expires_at)
        self._remember(self._right, digest, _Known(who, now, until))
        return self._noted(who, now) or who

    def forget(self) -> None:
        """After a change to keys or projects made by this process: its own next request sees it."""
        with self._lock:
            self._right.clear()
            self._wrong.clear()

    def flush_last_used(self) -> int:
        """Write down when keys were used last, to the minute: at most one write a key a minute. Returns how many.

        For a background thread, every few seconds. Nothing is lost by losing it, so it need not be durable.
        """
        now = self._now()
        with self._lock:
            used, self._used = self._used, {}
        due = {key: at for key, at in sorted(used.items()) if at - self._written.get(key, 0) >= _LAST_USE_MS}
        self._written = {key: at for key, at in self._written.items() if now - at < _LAST_USE_MS} | due
        if not due:
            return 0
        with self._db.transaction(durable=False) as tx:
            tx.execute(_USED, [{"used_key": key, "used_at": at} for key, at in due.items()])
        return len(due)

    def _noted(self, who: Who | None, now: int) -> Who | None:
        if who is not None:
            self._used[who.key] = now
        return who

    def _remember(self, where: dict[str, _Known], digest: str, known: _Known) -> None:
        with self._lock:
            where.pop(digest, None)
            where[digest] = known
            while len(where) > _REMEMBERED:
                del where[next(iter(where))]


def still_valid(tx: Reading, who: Who, at: int) -> None:
    """For every write transaction: a key revoked or expired since the request began changes nothing.

    `at` is now, in Unix milliseconds. Raises Unauthorized.
    """
    if tx.one_or_none(_VALID, {"key": who.key, "at": at}) is None:
        raise Unauthorized


def _is_valid(row: sa.Row[Any], digest: str, now: int) -> bool:
    matches = hmac.compare_digest(row.digest, digest)
    return matches and row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def _who(row: sa.Row[Any]) -> Who:
    if row.project_id is None:
        return Administrator(row.id)
    return Caller(
        key=row.id,
        project=row.project_id,
        organization_slug=row.organization_slug,
        project_slug=row.project_slug,
        scopes=frozenset(row.scopes),
        settings=preferences.read_back(row.settings),
    )
