"""Generations over the wire, as the tests of the API ask for them."""

from dataclasses import dataclass
from uuid import uuid4

import httpx2
from tests.access import Access
from tests.wire import Wire

from atpix.db.generation_tables import generations
from atpix.projects import actions, preferences
from atpix.services import Services

PATH = "/api/v1/generations"
NOBODY = "01a20000-0000-7000-8000-000000000000"
BLANK = {"prompt": "a red fox", "model": "offline-blank"}
"""Made in an instant."""


@dataclass(frozen=True)
class Generations:
    """Requests for generations with one key. Those that tell no model get the quick one."""

    raw: Wire

    def post(self, wait_s: int | None = None, headers: dict[str, str] | None = None, **body) -> httpx2.Response:
        prefer = {} if wait_s is None else {"Prefer": f"wait={wait_s}"}
        return self.raw.post(PATH, json=BLANK | body, headers=prefer | (headers or {}))

    def make(self, **body) -> dict:
        """One that has ended well."""
        answer = self.post(**body)
        assert answer.status_code == 201, answer.text
        made = answer.json()["data"]
        assert made["status"] == "success", made
        return made

    def begin(self, **body) -> dict:
        """One that nobody waits for."""
        answer = self.post(wait_s=0, **body)
        assert answer.status_code in {201, 202}, answer.text
        return answer.json()["data"]

    def get(self, generation: str) -> dict:
        answer = self.raw.get(f"{PATH}/{generation}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def list(self, **parameters) -> dict:
        answer = self.raw.get(PATH, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def path(answer: httpx2.Response) -> str:
    """Of the first thing that is wrong."""
    return answer.json()["error"]["details"][0]["path"]


class Queue:
    """A project whose turn does not come: another generation of it is under way for ever, until `go_on`."""

    def __init__(self, svc: Services, project: Access) -> None:
        self._svc, self._project = svc, project
        self._id = str(uuid4())

    def hold(self) -> None:
        svc, now = self._svc, self._svc.now()
        actions.update_project(svc, self._project.row.id, settings=preferences.parse({"generationsAtOnce": 1}))
        row = {
            "id": self._id, "project_id": self._project.row.id, "status": "processing", "run": 1, "prompt": "for ever",
            "auto_enhance": False, "aspect_ratio": "1:1", "provider": "offline", "meta": "{}", "warnings": [],
            "claimed_by": str(uuid4()), "lease_until": now + 3_600_000, "due_at": now, "enhanced": False,
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        with svc.db.transaction() as tx:
            tx.execute(generations.insert(), row)

    def go_on(self) -> None:
        with self._svc.db.transaction() as tx:
            tx.execute(generations.delete().where(generations.c.id == self._id))
