"""Whose turn it is. The project with the fewest under way goes first, then whoever has waited longest.

What is under way is counted in the rows themselves, so the limits hold over all processes and machines for whoever
looks while nobody else claims. Looking costs a few index probes a project, however long its queue is.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from atpix import windows
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generations
from atpix.db.tables import projects
from atpix.ids import ProjectId
from atpix.projects import preferences
from atpix.settings import ProviderLimit

_MINUTE_MS = 60_000
_WHENEVER = 2**62
_MOST_PROJECTS = 1000
"""Looked at in one claim, the least busy first. What is not looked at now is at the next."""

# Literals, not parameters: the partial indexes are found by them.
is_pending = generations.c.status == sa.literal_column("'pending'")
is_processing = generations.c.status == sa.literal_column("'processing'")

_HEADS = sa.text("""
WITH RECURSIVE asked(provider) AS (
    SELECT (SELECT provider FROM generations WHERE status = 'pending' ORDER BY provider LIMIT 1)
    UNION ALL
    SELECT (SELECT g.provider FROM generations g WHERE g.status = 'pending' AND g.provider > asked.provider
            ORDER BY g.provider LIMIT 1)
    FROM asked WHERE asked.provider IS NOT NULL
), heads(provider, project_id) AS (
    SELECT asked.provider, (SELECT g.project_id FROM generations g
                            WHERE g.status = 'pending' AND g.provider = asked.provider
                            ORDER BY g.project_id LIMIT 1)
    FROM asked WHERE asked.provider IS NOT NULL
    UNION ALL
    SELECT heads.provider, (SELECT g.project_id FROM generations g
                            WHERE g.status = 'pending' AND g.provider = heads.provider
                              AND g.project_id > heads.project_id
                            ORDER BY g.project_id LIMIT 1)
    FROM heads WHERE heads.project_id IS NOT NULL
)
SELECT heads.provider, heads.project_id, (SELECT g.due_at FROM generations g
                                          WHERE g.status = 'pending' AND g.provider = heads.provider
                                            AND g.project_id = heads.project_id
                                          ORDER BY g.due_at LIMIT 1) AS due_at
FROM heads WHERE heads.project_id IS NOT NULL
""").columns(generations.c.provider, generations.c.project_id, generations.c.due_at)
"""Each provider and project that has something pending, and when its first is due: a loose index scan."""

_UNDER_WAY = (
    sa.select(generations.c.provider, generations.c.project_id, sa.func.count().label("n"))
    .where(is_processing)
    .group_by(generations.c.provider, generations.c.project_id)
)


class Head(NamedTuple):
    """The first that one project asks of one provider."""

    provider: str
    project: ProjectId
    due_at: int


class Limits(NamedTuple):
    """Of this server. `provider` raises nothing for a name it does not know; `known` are those it can call."""

    provider: Callable[[str], ProviderLimit]
    known: frozenset[str]
    generations_at_once: int
    unknown_after_ms: int


class Plan(NamedTuple):
    """How many of which head, as if queues had no end. `unserved`: something is due for which there is no room.

    `next_due_at`: when to look again, if nothing else happens.
    """

    quotas: Mapping[Head, int]
    unserved: bool
    next_due_at: int | None


def plan(tx: Reading, limits: Limits, now: int, free: int) -> Plan:
    """What a claim would take, by what is pending and under way at this moment."""
    waiting = [Head(row.provider, ProjectId(row.project_id), row.due_at) for row in tx.all(_HEADS)]
    due = [head for head in waiting if head.due_at <= now and _may_be_claimed(tx, head, limits, now)]
    later = [head.due_at for head in waiting if head.due_at > now]
    if not due or free <= 0:
        return Plan({}, bool(due), min(later, default=None))
    busy, at_provider = _under_way(tx)
    due = heapq.nsmallest(_MOST_PROJECTS, due, key=lambda head: (busy[head.project], head.due_at))
    at_once = _project_limits(tx, {head.project for head in due}, limits)
    room = {name: _room(tx, limits.provider(name), name, at_provider[name], now) for name in {h.provider for h in due}}
    quotas = _shared_out(due, busy, at_once, room, free)
    return Plan(quotas, len(quotas) < len(due), min(later, default=None))


def left_alone_since(limits: Limits, provider: str, now: int) -> int:
    """Another machine may know a provider that this one does not. What has waited for it since then fails here.

    It waits since it was last given back, not since it was first due: its runner may have ended for a moment only.
    """
    return _WHENEVER if provider in limits.known else now - limits.unknown_after_ms


def _may_be_claimed(tx: Reading, head: Head, limits: Limits, now: int) -> bool:
    since = left_alone_since(limits, head.provider, now)
    if since == _WHENEVER:
        return True
    its = (is_pending, generations.c.provider == head.provider, generations.c.project_id == head.project)
    waited = (generations.c.due_at <= since, generations.c.updated_at <= since)
    return tx.one_or_none(sa.select(generations.c.id).where(*its, *waited).limit(1)) is not None


def _under_way(tx: Reading) -> tuple[Counter[ProjectId], Counter[str]]:
    busy: Counter[ProjectId] = Counter()
    at_provider: Counter[str] = Counter()
    for row in tx.all(_UNDER_WAY):
        busy[ProjectId(row.project_id)] += row.n
        at_provider[row.provider] += row.n
    return busy, at_provider


def _project_limits(tx: Reading, of: Collection[ProjectId], limits: Limits) -> dict[ProjectId, int]:
    found = tx.all(sa.select(projects.c.id, projects.c.settings).where(projects.c.id.in_(of)))
    return {
        ProjectId(row.id): preferences.read_back(row.settings).generations_at_once or limits.generations_at_once
        for row in found
    }


def _room(tx: Reading, limit: ProviderLimit, name: str, busy: int, now: int) -> int:
    room = limit.at_once - busy
    if limit.per_minute is not None:
        room = min(room, limit.per_minute - windows.seen(tx, _subject(name), now, period_ms=_MINUTE_MS).n)
    return max(0, room)


def _subject(provider: str) -> str:
    return f"provider:{provider}"


def _shared_out(
    due: list[Head], busy: Counter[ProjectId], at_once: Mapping[ProjectId, int], room: dict[str, int], free: int
) -> dict[Head, int]:
    """One by one to the project that has the fewest. How long each queue is nobody has counted: it is taken as long."""
    busy = busy.copy()
    quotas: dict[Head, int] = {}
    turns = [(busy[head.project], head.due_at, head) for head in due]
    heapq.heapify(turns)
    while turns and free:
        had, _, head = heapq.heappop(turns)
        if had != busy[head.project]:  # it got one through another provider meanwhile
            heapq.heappush(turns, (busy[head.project], head.due_at, head))
        elif busy[head.project] < at_once.get(head.project, 0) and room[head.provider] > 0:
            quotas[head] = quotas.get(head, 0) + 1
            room[head.provider] -= 1
            busy[head.project] += 1
            free -= 1
            heapq.heappush(turns, (busy[head.project], head.due_at, head))
    return quotas


def count_calls(tx: Writing, limits: Limits, provider: str, calls: int, now: int) -> None:
    """For the limit of calls a minute."""
    if limits.provider(provider).per_minute is not None:
        for _ in range(calls):
            windows.count(tx, _subject(provider), now, period_ms=_MINUTE_MS)
