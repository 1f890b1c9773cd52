"""`atpix renditions stats`."""

import json as plain_json
from contextlib import suppress

from atpix.cli.opening import Data, Json, existing
from atpix.http.wire import iso_or_none
from atpix.ids import ProjectId
from atpix.projects import rows
from atpix.projects.errors import ProjectNotFound
from atpix.services import Services
from atpix.settings import load


def stats(*, data: Data = None, json: Json = False) -> None:
    """Show how many renditions this machine keeps, of which projects, and how much room is left for them."""
    with existing(load(data=data)) as svc:
        found = svc.renditions.stats()
        projects = [(_path(svc, each.project), each.n, each.size_bytes) for each in found.projects]
    oldest = iso_or_none(found.oldest_use_ms)
    if json:
        told = {
            "renditions": found.n,
            "bytes": found.size_bytes,
            "budgetBytes": found.budget_bytes,
            "oldestUseAt": oldest,
            "projects": [{"project": path, "renditions": n, "bytes": size} for path, n, size in projects],
        }
        print(plain_json.dumps(told))
        return
    budget = "without a budget" if found.budget_bytes is None else f"of {_mib(found.budget_bytes)}"
    next_to_go = f"; the next to go was asked for at {oldest}" if oldest else ""
    print(f"{found.n} renditions, {_mib(found.size_bytes)} {budget}{next_to_go}")
    for path, n, size in projects:
        print(f"{path}\t{n}\t{_mib(size)}")


def _path(svc: Services, project: ProjectId) -> str:
    """ORG/PROJECT, or the id of one that is gone."""
    with suppress(ProjectNotFound), svc.db.read() as tx:
        return rows.project_by_id(tx, project).path
    return project


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"
