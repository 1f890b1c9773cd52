"""The ledger over HTTP."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter
from msgspec import Meta, field, structs

from atpix.caller import Caller
from atpix.errors import ValidationFailed
from atpix.generations import usage
from atpix.generations.usage import DAY_MS, Asked, Group, GroupBy, Report, Sums
from atpix.http.dependencies import Svc, Who
from atpix.http.paging import LimitParameter
from atpix.http.wire import Answer, Wire, iso

_MICRO = 1_000_000
_LONGEST_DAYS = 366
_MOMENT = "an ISO 8601 time with its zone, such as 2026-01-31T12:00:00Z, or a day (UTC), such as 2026-01-31"

Grouping = Annotated[GroupBy | None, QueryParameter(name="groupBy", description="Sums of each, besides the totals.")]
Since = Annotated[
    str | None, QueryParameter(name="from", description=f"{_MOMENT[0].upper()}{_MOMENT[1:]}. Default: this month.")
]
Until = Annotated[str | None, QueryParameter(name="to", description="The first moment that does not count; now.")]
Offset = Annotated[int, QueryParameter(name="offset", ge=0, le=2**53, description="Groups to leave out.")]


class SumOut(Wire, frozen=True, kw_only=True):
    """`generations` are runs: a regeneration is another. `usage`: what providers said they used."""

    generations: int
    images: int
    failed: int
    processing_time_ms: int
    cost_usd: Annotated[float, Meta(description="By published prices; an estimate.")]
    usage: dict[str, float]


class GroupOut(SumOut, frozen=True, kw_only=True):
    key: Annotated[str, Meta(description="A day, an id or a name; null: what has none.")] | None
    name: Annotated[str, Meta(description="Of an API key.")] | None


class BudgetOut(Wire, frozen=True, kw_only=True):
    """Of this calendar month, UTC. `limitUsd` is the project's setting `generationBudgetUsd`."""

    month: str
    limit_usd: float | None
    committed_usd: Annotated[float, Meta(description="Spent, and estimates of what is under way.")]
    left_usd: float | None


class UsageOut(Wire, frozen=True, kw_only=True):
    since: Annotated[str, Meta(description="The first moment that counts.")] = field(name="from")
    until: Annotated[str, Meta(description="The first that does not.")] = field(name="to")
    group_by: GroupBy | None
    totals: SumOut
    groups: list[GroupOut]
    has_more: Annotated[bool, Meta(description="Whether there are groups behind these.")]
    budget: BudgetOut


@get("/usage", opt={"scope": "read"}, sync_to_thread=True, operation_id="getUsage", tags=["Generations"])
def get_usage(
    who: Who,
    svc: Svc,
    group_by: Grouping = None,
    since: Since = None,
    until: Until = None,
    limit: LimitParameter = 20,
    offset: Offset = 0,
) -> Answer[UsageOut]:
    """What this project's generations used, took and cost, and what is left of this month's budget."""
    now = svc.now()
    asked = _asked(since, until, now, (group_by, limit, offset))
    return Answer(data=_out(usage.report(svc, who, asked), asked, who, now))


def _asked(since: str | None, until: str | None, now: int, page: tuple[GroupBy | None, int, int]) -> Asked:
    """Raises ValidationFailed."""
    begin = _ms(usage.month_of(now)) if since is None else _moment(since, "from")
    end = max(now + 1, begin) if until is None else _moment(until, "to")
    if end < begin:
        raise ValidationFailed.at("to", "must not lie before from.")
    if end - begin > _LONGEST_DAYS * DAY_MS:
        raise ValidationFailed.at("from", f"and to may be {_LONGEST_DAYS} days apart at most.")
    return Asked(begin, end, *page)


def _moment(text: str, path: str) -> int:
    """Raises ValidationFailed."""
    try:
        whole_day = len(text) == len("2026-01-31")
        moment = datetime.fromisoformat(f"{text}T00:00Z" if whole_day else text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise ValidationFailed.at(path, f"must be {_MOMENT}.")
    return int(moment.timestamp() * 1000)


def _ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


def _out(report: Report, asked: Asked, who: Caller, now: int) -> UsageOut:
    limit_usd, committed_usd = who.settings.generation_budget_usd, report.committed_micro_usd / _MICRO
    return UsageOut(
        since=iso(asked.since),
        until=iso(asked.until),
        group_by=asked.group_by,
        totals=_sum(report.totals),
        groups=[_group(group) for group in report.groups],
        has_more=report.has_more,
        budget=BudgetOut(
            month=usage.month_of(now).isoformat()[:7],
            limit_usd=limit_usd,
            committed_usd=committed_usd,
            left_usd=None if limit_usd is None else max(0.0, round(limit_usd - committed_usd, 6)),
        ),
    )


def _group(group: Group) -> GroupOut:
    return GroupOut(key=group.key, name=group.name, **structs.asdict(_sum(group.sums)))


def _sum(sums: Sums) -> SumOut:
    return SumOut(
        generations=sums.generations,
        images=sums.generations - sums.failed,
        failed=sums.failed,
        processing_time_ms=sums.processing_time_ms,
        cost_usd=sums.cost_micro_usd / _MICRO,
        usage=sums.measures,
    )


router = Router("/", route_handlers=[get_usage])
