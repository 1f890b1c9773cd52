"""`atpix images upload`: which files, several at a time, and an account of every one."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from atpix.cli.outcome import Exit, Misused
from atpix.cli.remote import arguments, files, progress
from atpix.cli.remote.account import Account
from atpix.cli.remote.arguments import Json, Meta, Point
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.crew import Crew, Stop
from atpix.cli.remote.known import Known
from atpix.cli.remote.transfer import Beside, Failed, Job, Outcome, Transfer

OnDuplicate = Literal["new", "reuse", "reject"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wishes:
    alias: Annotated[str | None, Parameter(help="The image's name, like @hero; for one file.")] = None
    alias_from_name: Annotated[bool, Parameter(negative="", help="Name each by its file: sea.jpg is @sea.")] = False
    flow: Annotated[str | None, Parameter(help="A flow's id, or `new` to put all of them into one new flow.")] = None
    flow_alias: Annotated[str | None, Parameter(help="The image's name within the flow; for one file.")] = None
    meta: Meta = None
    focal_point: Point = None
    on_duplicate: Annotated[OnDuplicate | None, Parameter(help="When the project has the same bytes.")] = None
    skip_existing: Annotated[bool, Parameter(negative="", help="Send only what the project does not have.")] = False

    def beside(self) -> Beside:
        """Raises Misused."""
        if self.alias is not None and self.alias_from_name:
            raise Misused("Give either --alias or --alias-from-name.")
        if self.skip_existing and self.on_duplicate is not None:
            raise Misused("Give either --skip-existing or --on-duplicate.")
        if self.skip_existing and self.flow_alias is not None:
            raise Misused("--skip-existing gives no names in flows; use --on-duplicate reuse with --flow-alias.")
        return Beside(
            flow_id=None if self.flow is None else arguments.flow_id(self.flow),
            flow_alias=None if self.flow_alias is None else arguments.named(self.flow_alias),
            meta=None if self.meta is None else arguments.meta(self.meta),
            focal_point=None if self.focal_point is None else arguments.focal_point(self.focal_point),
            on_duplicate=self.on_duplicate,
        )


def upload(
    *paths: Annotated[str, Parameter(name="FILES", help="Files, folders (all images in them), quoted patterns.")],
    wishes: Wishes | None = None,
    concurrency: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=64), help="Files at a time.")] = 4,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Send images. A file that fails does not stop the others; the summary says what failed and why."""
    wishes = wishes or Wishes()
    beside = wishes.beside()
    if not paths:
        raise Misused("Name the files, folders or patterns to upload.")
    found = files.find(paths)
    account = Account(streaming=not json and not sys.stdout.isatty())
    for path, reason in found.missing:
        account.note(Failed(path, reason))
    jobs = _jobs(found.files, wishes)
    if jobs:
        _send_all(jobs, beside, account, server, concurrency, skip_existing=wishes.skip_existing)
    account.print(found.files, json=json)
    return account.exit


def _send_all(
    jobs: Sequence[Job],
    beside: Beside,
    account: Account,
    server: Server | None,
    at_once: int,
    *,
    skip_existing: bool,
) -> None:
    stop = Stop()
    total_bytes = sum(job.size_bytes for job in jobs)
    with connected(server, stop.sleep) as client, stop.on_interrupt(), progress.bar(_title(jobs), total_bytes) as bar:
        account.base_url = client.base_url
        transfer = Transfer(client, beside, stop, bar.tell)
        if skip_existing:
            transfer.skips_existing = True
            transfer.known = Known.if_cheap(client, total_bytes)
        crew: Crew[Job, Outcome] = Crew(transfer.send, at_once, stop)
        for outcome in crew.results(jobs):
            account.note(outcome)
        account.interrupted = stop.asked


def _jobs(paths: Sequence[Path], wishes: Wishes) -> list[Job]:
    """Raises Misused."""
    for option, value in (("--alias", wishes.alias), ("--flow-alias", wishes.flow_alias)):
        if value is not None and len(paths) > 1:
            raise Misused(f"{option} names one image, and these are {len(paths)} files. See also: --alias-from-name")
    jobs = [Job(path, _size(path), _alias(path, wishes)) for path in paths]
    holders: dict[str, Path] = {}
    for job in jobs:
        if job.alias is not None and (first := holders.setdefault(job.alias, job.path)) != job.path:
            raise Misused(f"Both {first} and {job.path} would be {job.alias}; nothing was sent.")
    return jobs


def _alias(path: Path, wishes: Wishes) -> str | None:
    """Raises Misused."""
    if not wishes.alias_from_name:
        return None if wishes.alias is None else arguments.named(wishes.alias)
    if (alias := arguments.alias_of(path)) is None:
        raise Misused(f"{path} has no letter or digit that an alias could be made of; nothing was sent.")
    return alias


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it went meanwhile, which will be said when it is sent


def _title(jobs: Sequence[Job]) -> str:
    return jobs[0].path.name if len(jobs) == 1 else f"{len(jobs)} files"
