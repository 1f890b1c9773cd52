"""Sums over the ledger: what a project's generations used, took and cost. Every run counts, a regeneration too."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Row

from atpix.caller import Caller
from atpix.db import Reading
from atpix.db.generation_tables import usage_records as records
from atpix.db.tables import api_keys
from atpix.generations import admission
from atpix.services import Services

GroupBy = Literal["day", "flow", "key", "provider", "model", "image"]
DAY_MS = 86_400_000
_MEASURES = ("images", "inputTokens", "outputTokens", "seconds")
"""What providers say they used, by its name in the record."""

_DAY = records.c.at // DAY_MS
_KEYS: Mapping[GroupBy, sa.ColumnElement[Any]] = {
    "day": _DAY,
    "flow": records.c.flow_id,
    "key": records.c.key_id,
    "provider": records.c.provider,
    "model": records.c.model,
    "image": records.c.image_id,
}
_FAILED = sa.func.coalesce(sa.func.sum(sa.case((records.c.outcome == "failed", 1), else_=0)), 0)
_COST = sa.func.coalesce(sa.func.sum(records.c.cost_micro_usd), 0)
_SUMS = (
    sa.func.count(),
    _FAILED,
    sa.func.coalesce(sa.func.sum(records.c.processing_time_ms), 0),
    _COST,
    *(sa.func.sum(records.c.usage[measure].as_float()) for measure in _MEASURES),
)


class Asked(NamedTuple):
    """Unix milliseconds, `until` excluded."""

    since: int
    until: int
    group_by: GroupBy | None
    limit: int
    offset: int


class Sums(NamedTuple):
    """`measures`: what was said at all, by its name."""

    generations: int
    failed: int
    processing_time_ms: int
    cost_micro_usd: int
    measures: dict[str, float]


class Group(NamedTuple):
    """`key` None: what has none, such as no flow. `name`: of an API key, what people call it."""

    key: str | None
    name: str | None
    sums: Sums


class Report(NamedTuple):
    """`committed_micro_usd`: of this calendar month, whatever was asked for."""

    totals: Sums
    groups: Sequence[Group]
    has_more: bool
    committed_micro_usd: int


def report(svc: Services, who: Caller, asked: Asked) -> Report:
    with svc.db.read() as tx:
        totals = _sums(tx.all(_where(sa.select(*_SUMS), who, asked))[0])
        groups = [] if asked.group_by is None else _groups(tx, who, asked, asked.group_by)
        committed = admission.committed(tx, who.project, svc.now())
    return Report(totals, groups[: asked.limit], len(groups) > asked.limit, committed)


def _groups(tx: Reading, who: Caller, asked: Asked, group_by: GroupBy) -> list[Group]:
    """One more than the page. Days newest first, all else by cost."""
    key = _KEYS[group_by]
    order = (key.desc(),) if group_by == "day" else (_COST.desc(), sa.func.count().desc(), key.nulls_last())
    query = _where(sa.select(key, *_SUMS), who, asked).group_by(key).order_by(*order)
    rows = tx.all(query.limit(asked.limit + 1).offset(asked.offset))
    names = _names_of_keys(tx, who, [row[0] for row in rows if row[0]]) if group_by == "key" else {}
    shown = _day if group_by == "day" else _plain
    return [Group(shown(row[0]), names.get(row[0]), _sums(row[1:])) for row in rows]


def _where(query: sa.Select[Any], who: Caller, asked: Asked) -> sa.Select[Any]:
    mine = records.c.project_id == who.project
    return query.where(mine, records.c.at >= asked.since, records.c.at < asked.until)


def _names_of_keys(tx: Reading, who: Caller, ids: Sequence[str]) -> dict[str, str]:
    """A key without a name is known by its prefix."""
    query = sa.select(api_keys.c.id, api_keys.c.name, api_keys.c.prefix)
    found = tx.all(query.where(api_keys.c.id.in_(ids), api_keys.c.project_id == who.project)) if ids else []
    return {row.id: row.name or row.prefix for row in found}


def _sums(row: Row[Any] | Sequence[Any]) -> Sums:
    generations, failed, time_ms, cost, *measures = tuple(row)
    said = {name: float(value) for name, value in zip(_MEASURES, measures, strict=True) if value is not None}
    return Sums(generations, int(failed), int(time_ms), int(cost), said)


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_MS / 1000, UTC).date().isoformat()


def _plain(key: str | None) -> str | None:
    return key


def month_of(now_ms: int) -> date:
    """Its first day, UTC."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date().replace(day=1)
