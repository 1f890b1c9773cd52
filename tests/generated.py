"""Rows of what was made here, without making it: for tests of flows, lineage and consequences."""

from dataclasses import dataclass
from itertools import count

import msgspec
import sqlalchemy as sa
from tests.access import Access

from atpix.db.generation_tables import generation_inputs, generations, live_images, live_scopes, usage_records
from atpix.db.tables import images
from atpix.ids import new_id
from atpix.services import Services


@dataclass(frozen=True)
class Made:
    """Writes records of one project as a run that has ended would."""

    svc: Services
    project: Access
    numbers: count

    def generation(self, output=None, *, flow=None, inputs=(), mask=None, prompt="a harbour", status="success", run=1):
        """`inputs` and `mask` are images, or None for one that is gone. The output is told who made it."""
        generation, now = new_id(), self.svc.now()
        row = {
            "id": generation, "project_id": self.project.row.id, "flow_id": flow, "key_id": self.project.caller.key,
            "status": status, "run": run, "prompt": prompt, "auto_enhance": False, "aspect_ratio": "1:1",
            "provider": "offline", "meta": "{}", "warnings": [], "due_at": now, "enhanced": False, "created_at": now,
            "updated_at": now, "output_image_id": output and output.id,
        }  # fmt: skip
        with self.svc.db.transaction() as tx:
            tx.execute(generations.insert().values(**row))
            self._inputs(tx, generation, run, inputs, mask)
            if output is not None:
                self._output(tx, generation, run, output, now)
        return generation

    def again(self, generation, output, *, run, inputs=()):
        """Another run of it, which made `output`."""
        with self.svc.db.transaction() as tx:
            mine = generations.c.id == generation
            tx.execute(sa.update(generations).where(mine).values(run=run, output_image_id=output.id))
            self._inputs(tx, generation, run, inputs, None)
            self._output(tx, generation, run, output, self.svc.now())

    def live(self, generation, slug=None):
        """A live URL that shows what the generation made."""
        now, scope = self.svc.now(), new_id()
        name = slug or f"scope-{next(self.numbers)}"
        row = {
            "id": scope, "project_id": self.project.row.id, "slug": name, "allow_new_generations": True,
            "new_generations_limit": 30, "meta": "{}", "created_at": now, "updated_at": now,
        }  # fmt: skip
        with self.svc.db.transaction() as tx:
            tx.execute(live_scopes.insert().values(**row))
            shown = {"id": new_id(), "scope_id": scope, "cache_key": scope.replace("-", ""), "created_at": now}
            tx.execute(live_images.insert().values(**shown, generation_id=generation))
        return name

    def _inputs(self, tx, generation, run, inputs, mask):
        given = [("reference", image) for image in inputs] + ([("mask", mask)] if mask is not None else [])
        for position, (role, image) in enumerate(given):
            row = {"generation_id": generation, "run": run, "position": position, "role": role, "alias": "@input"}
            sha256 = "0" * 64 if image is None else image.sha256
            tx.execute(generation_inputs.insert().values(**row, image_id=image and image.id, sha256=sha256))

    def _output(self, tx, generation, run, output, now):
        made = {"source": "generated", "generation_id": generation}
        tx.execute(images.update().where(images.c.id == output.id).values(**made))
        row = {
            "project_id": self.project.row.id, "at": now, "generation_id": generation, "run": run,
            "image_id": output.id, "provider": "offline", "outcome": "success", "usage": {}, "cost_micro_usd": 0,
            "processing_time_ms": 1,
        }  # fmt: skip
        tx.execute(usage_records.insert().values(**row))


def copied(svc: Services, image_id: str, n: int) -> list[str]:
    """So many more images like this one, in its flow; without bytes."""
    with svc.db.transaction() as tx:
        like = dict(tx.one_or_none(sa.select(images).where(images.c.id == image_id))._mapping)
        new = [like | {"id": new_id()} for _ in range(n)]
        tx.execute(images.insert(), new)
    return [row["id"] for row in new]


def json_of(response) -> dict:
    return msgspec.json.decode(response.content)


def many_of(svc: Services, project: Access, image, n: int) -> None:
    """So many generations that used this image; what they made is deleted."""
    now, ids = svc.now(), [new_id() for _ in range(n)]
    mine = {"project_id": project.row.id, "flow_id": None, "created_at": now, "updated_at": now, "due_at": now}
    same = {"status": "success", "run": 1, "prompt": "p", "auto_enhance": False, "aspect_ratio": "1:1"}
    rest = {"provider": "offline", "meta": "{}", "warnings": [], "enhanced": False}
    record = {"project_id": project.row.id, "at": now, "run": 1, "provider": "offline", "outcome": "success"}
    cost = {"usage": {}, "cost_micro_usd": 0, "processing_time_ms": 1}
    used = {"run": 1, "position": 0, "role": "reference", "image_id": image.id, "sha256": image.sha256}
    with svc.db.transaction() as tx:
        tx.execute(generations.insert(), [{**mine, **same, **rest, "id": each} for each in ids])
        tx.execute(generation_inputs.insert(), [{**used, "generation_id": each} for each in ids])
        records = [{**record, **cost, "generation_id": each, "image_id": new_id()} for each in ids]
        tx.execute(usage_records.insert(), records)
