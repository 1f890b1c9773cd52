"""The bytes of what is small stay in memory, what has just been made among them."""

import asyncio

import pytest
from tests.photographs import photo

from atpix.delivery.entries import Entry
from atpix.delivery.making import Job, Made
from atpix.delivery.memory import Memory
from atpix.delivery.rendering import Renderings
from atpix.images import rows
from atpix.imaging.spec import Output, Spec
from atpix.renditions import rendition_key


@pytest.fixture
def job(svc, project, upload) -> Job:
    image = upload(photo(6))
    with svc.db.read() as tx:
        row = rows.find(tx, project.caller, image.id).image
    key = rendition_key(row.project_id, row.id, "w=50", Output.PNG, follows_focus=False, focus=None)
    return Job(who=project.caller, image=row, spec=Spec(width=50), output=Output.PNG, key=key, key_parameters="w=50")


def entry_of(made: Made) -> Entry:
    stored = made.stored
    return Entry(stored.blob_key, stored.path, stored.size, stored.etag, "", [], [], [], is_rendition=True)


def test_what_was_just_made_is_not_read_again(svc, job):
    async def see() -> None:
        memory = Memory(svc.blobs, 1_000_000)
        renderings = Renderings(svc, lambda: None, memory)
        made = await renderings.made(job, asyncio.Event().wait)
        renderings.close()
        written = made.stored.path.read_bytes()
        svc.renditions.discard(job.key)

        assert made.body is None
        assert await memory.get(entry_of(made)) == written

    asyncio.run(see())
