"""Whose images an address speaks of, and what that project wants of its delivery: a caller without a key.

Slugs never change; settings do, and hold within a second. On SQLite what was read holds while the database stands
still, on PostgreSQL for less than a second.
"""

import time
from dataclasses import dataclass

from atpix.caller import Caller
from atpix.db import Database
from atpix.delivery.addresses import Address
from atpix.delivery.freshness import Freshness
from atpix.ids import KeyId, Slug
from atpix.images.errors import ImageNotFound
from atpix.projects import rows as projects
from atpix.projects.errors import ProjectNotFound

_BELIEVED_S = 0.8
_REMEMBERED = 10_000


@dataclass(slots=True)
class Public:
    """Whoever asks without a key may do nothing but look an image up by its reference."""

    who: Caller
    token: int | None
    until_s: float


class Publics:
    """One a process, used from its event loop."""

    def __init__(self, db: Database, fresh: Freshness) -> None:
        self._db = db
        self._is_sqlite = db.is_sqlite
        self._fresh = fresh
        self._known: dict[tuple[Slug, Slug], Public] = {}

    async def of(self, address: Address) -> Public:
        """Raises ImageNotFound when there is no such project."""
        slugs = (address.organization, address.project)
        token = self._fresh.names()
        known = self._known.get(slugs)
        if known is not None and self._holds(known, token):
            return known
        now_s = time.monotonic()
        who = await self._db.on_loop(self._read, address)
        if known is not None and known.who == who:
            known.token, known.until_s = token, now_s + _BELIEVED_S
            return known
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        made = self._known[slugs] = Public(who, token, now_s + _BELIEVED_S)
        return made

    def holds(self, public: Public) -> bool:
        """Whether what was remembered under it may be served as it is. (On SQLite the token has said so.)"""
        return self._is_sqlite or time.monotonic() < public.until_s

    async def still_holds(self, public: Public) -> bool:
        """The same, and asks. A project that has changed is another `Public`."""
        who, now_s = public.who, time.monotonic()
        slugs = (who.organization_slug, who.project_slug)
        if self._known.get(slugs) is not public or await self._db.on_loop(self._reread, slugs) != who:
            return False
        public.until_s = now_s + _BELIEVED_S
        return True

    def _holds(self, known: Public, token: int | None) -> bool:
        if self._is_sqlite:
            return known.token == token
        return time.monotonic() < known.until_s

    def _read(self, address: Address) -> Caller:
        found = self._reread((address.organization, address.project))
        if found is None:
            raise ImageNotFound(address.ref)
        return found

    def _reread(self, slugs: tuple[Slug, Slug]) -> Caller | None:
        with self._db.read() as tx:
            try:
                project = projects.find_project(tx, *slugs)
            except ProjectNotFound:
                return None
        return Caller(KeyId(""), project.id, project.organization_slug, project.slug, frozenset(), project.settings)
