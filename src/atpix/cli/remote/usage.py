"""`atpix usage`."""

import sys
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from atpix.cli.remote.arguments import Json
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.presenting import as_json, iso, print_json, print_rows, say
from atpix_client import UsageReport
from atpix_client.generation_models import UsageSum

By = Literal["day", "flow", "key", "provider", "model", "image"]


def usage(
    *,
    by: Annotated[By, Parameter(help="One line for each.")] = "day",
    since: Annotated[str | None, Parameter(name="--from", help="A day (UTC) or a time; else this month.")] = None,
    until: Annotated[str | None, Parameter(name="--to", help="The first day that does not count; else now.")] = None,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=100), help="So many lines at most.")] = 100,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show what generations used, took and cost, with ATPIX_URL and ATPIX_API_KEY."""
    with connected(server) as client:
        report = client.usage(group_by=by, since=since, until=until, limit=limit)
    if json:
        print_json(as_json(report))
        return
    rows = [(_called(group.key, group.name), *_figures(group)) for group in report.groups]
    headings = (by.upper(), "GENERATIONS", "IMAGES", "FAILED", "SECONDS", "USD")
    print_rows(headings, [*rows, ("total", *_figures(report.totals))])
    if report.has_more and sys.stdout.isatty():
        say(f"There are more than {limit}; the total is of all.")
    say(_budget(report))


def _figures(sums: UsageSum) -> tuple[str, ...]:
    counts = (sums.generations, sums.images, sums.failed)
    return (*map(str, counts), f"{sums.processing_time_ms / 1000:.1f}", f"{sums.cost_usd:.4f}")


def _called(key: str | None, name: str | None) -> str:
    return f"{key} {name}" if key and name else key or "(none)"


def _budget(report: UsageReport) -> str:
    budget = report.budget
    time = f"From {iso(report.since)} to {iso(report.until)}."
    if budget.limit_usd is None or budget.left_usd is None:
        return f"{time} The project has no budget."
    left, limit = f"{budget.left_usd:.4f}", f"{budget.limit_usd:g}"
    return f"{time} Of {budget.month}'s budget of {limit} USD, {left} USD are left."
