"""A place where generations are made without a server: services of their own, a scripted provider, real runners."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self
from uuid import uuid4

import sqlalchemy as sa
from tests import in_process
from tests.access import Access
from tests.backends import Backends, Clock
from tests.generations.providers import LONG_S, Gate, Scripted, ScriptedProviders

from atpix import doctor
from atpix.caller import SCOPES, Caller
from atpix.db.generation_tables import generation_inputs, generations, usage_records
from atpix.db.tables import images
from atpix.generations.rows import SELECT, Generation, of_row
from atpix.generations.runner import Runner
from atpix.ids import GenerationId, new_id
from atpix.images import rows as image_rows
from atpix.images.rows import Image
from atpix.projects import actions, preferences
from atpix.projects.authentication import Authenticator
from atpix.services import Services
from atpix.settings import Settings
from atpix.worker import run_once

ENDED = ("success", "failed")


class Studio:
    """`runner()` starts one; all of them end with the test."""

    def __init__(self, folder: Path, database_url: str, backends: Backends, **settings: object) -> None:
        self._stack = ExitStack()
        self._changed = threading.Condition()
        self.clock = Clock()
        chosen = {"generation_threads": 64, "decoders": 1, "renderers": 1, **settings}
        opened = Services.open(Settings(data=folder, database_url=database_url, **chosen), now=self.clock)
        self._stack.callback(opened.close)
        self.provider = Scripted()
        self.svc = replace(opened, examiners=backends.examiners, providers=ScriptedProviders(self.provider))
        self.project = self.new_project()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def with_providers(self, *providers: Scripted, **how: object) -> Self:
        self.svc = replace(self.svc, providers=ScriptedProviders(*(providers or (self.provider,)), **how))
        return self

    def new_project(self, **settings: object) -> Access:
        row = actions.ensure_project(self.svc, f"org-{uuid4().hex[:12]}/shop")
        if settings:
            row = actions.update_project(self.svc, row.id, settings=preferences.parse(settings))
        text = actions.create_key(self.svc, row, scopes=SCOPES).text
        caller = Authenticator(self.svc.db, self.clock, 0).look_up(text)
        assert isinstance(caller, Caller)
        return Access(row, text, caller)

    def failing_at(self, point: str, fault: Callable[[], object]) -> None:
        """Where the services say that they have come to `point`."""
        self.svc = replace(self.svc, failpoint=lambda here: fault() if here == point else None)

    def runner(self, *, start: bool = True, **how: float) -> Runner:
        runner = Runner(self.svc, self.notified, **how)
        if start:
            self.started(runner)
        return runner

    def held_up(
        self, then: object = None, *, renew_every_s: float = 15, **columns: object
    ) -> tuple[Gate, GenerationId, Runner]:
        """A generation whose call is under way until the gate lets it through."""
        gate = Gate(then)
        self.provider.answers.append(gate)
        generation = self.ask(**columns)
        runner = self.runner(renew_every_s=renew_every_s)
        assert gate.reached.wait(LONG_S)
        return gate, generation, runner

    def started(self, runner: Runner) -> None:
        runner.start()
        self._stack.callback(lambda: runner.stop(LONG_S))

    def hurry(self, runner: Runner) -> None:
        """Look for leases that have ended now, and not within five seconds."""
        runner._expired_at_s = 0
        runner.wake()

    def notified(self, _generation: GenerationId) -> None:
        with self._changed:
            self._changed.notify_all()

    def ask(self, into: Access | None = None, **columns: object) -> GenerationId:
        """As an action does, without what actions check."""
        generation, now = GenerationId(new_id()), self.clock()
        row = {
            "id": generation,
            "project_id": (into or self.project).caller.project,
            "key_id": (into or self.project).caller.key,
            "status": "pending",
            "run": 1,
            "prompt": "a red fox",
            "auto_enhance": True,
            "aspect_ratio": "16:9",
            "provider": "scripted",
            "meta": "{}",
            "warnings": [],
            "due_at": now,
            "attempts": 0,
            "enhanced": False,
            "created_at": now,
            "updated_at": now,
            **columns,
        }
        with self.svc.db.transaction() as tx:
            tx.execute(generations.insert(), row)
        return generation

    def again(self, generation: GenerationId, **columns: object) -> None:
        """Another run, as regenerating makes it."""
        anew = {
            "status": "pending", "run": generations.c.run + 1, "attempts": 0, "due_at": self.clock(),
            "started_at": None, "planned_image_id": None, "provider_ref": None, "claimed_by": None,
            "lease_until": None, "enhanced": False,
        }  # fmt: skip
        self.set(generation, **anew, **columns)

    def set(self, generation: GenerationId, **columns: object) -> None:
        with self.svc.db.transaction() as tx:
            tx.execute(generations.update().where(generations.c.id == generation).values(**columns))

    def refer(self, generation: GenerationId, *what: Image, run: int = 1, role: str = "reference") -> None:
        with self.svc.db.transaction() as tx:
            for position, image in enumerate(what):
                row = {"position": position, "role": role, "image_id": image.id, "alias": None, "sha256": image.sha256}
                tx.execute(generation_inputs.insert(), {"generation_id": generation, "run": run, **row})

    def row(self, generation: GenerationId) -> Generation:
        with self.svc.db.read() as tx:
            found = tx.one_or_none(SELECT.where(generations.c.id == generation))
        assert found is not None
        return of_row(found)

    def until(self, holds: Callable[[], bool]) -> None:
        """Looked at whenever something changed, and now and then."""
        with self._changed:
            end_s = time.monotonic() + LONG_S
            while time.monotonic() < end_s:
                if holds():
                    return
                self._changed.wait(0.05)
        raise AssertionError("It did not come about in time.")

    def ended(self, generation: GenerationId) -> Generation:
        self.until(lambda: self.row(generation).status in ENDED)
        return self.row(generation)

    def image(self, generation: GenerationId, into: Access | None = None) -> Image:
        """What it has made."""
        output = self.row(generation).output_image_id
        assert output is not None
        with self.svc.db.read() as tx:
            return image_rows.again(tx, (into or self.project).caller, output)

    def images(self) -> list[str]:
        with self.svc.db.read() as tx:
            return [row.id for row in tx.all(sa.select(images.c.id).order_by(images.c.id))]

    def ledger(self) -> list[sa.Row]:
        with self.svc.db.read() as tx:
            return list(tx.all(sa.select(usage_records).order_by(usage_records.c.id)))

    def settled(self) -> None:
        """Nothing is wrong, and nothing is left over, once all that was planned is used or swept."""
        later = replace(self.svc, now=lambda: self.clock() + 2 * 3600 * 1000)
        assert run_once(later).failed == ()
        found = [finding for finding in doctor.examine(later).findings if finding.kind != "stuck_work"]
        assert [finding.sentence for finding in found] == []  # what a test has claimed and left is its own affair
        assert len(in_process.keys_of(self.svc.blobs)) == len(self.images())
