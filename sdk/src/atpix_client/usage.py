"""What generations used and cost."""

from datetime import date, datetime

from atpix_client import answers
from atpix_client.generation_models import UsageReport
from atpix_client.operations import Operation, query

Moment = datetime | date | str
"""A day is its first moment, in UTC."""


def report(
    *,
    group_by: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Operation[UsageReport]:
    """Of this month, or from `since` up to and without `until`. `group_by` is `day`, `flow`, `key`, `provider`, `model`
    or `image`.
    """
    where = query(groupBy=group_by, **{"from": _text(since), "to": _text(until)}, limit=limit, offset=offset)
    return Operation("GET", f"/usage{where}", answers.data_of(UsageReport))


def _text(moment: Moment | None) -> str | None:
    return moment if moment is None or isinstance(moment, str) else moment.isoformat()
