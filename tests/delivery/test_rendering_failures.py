"""What goes wrong in the middle of a rendition: which of it is the image's fault, and how long it is remembered."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.rendering import Client, children, rendering_with, renderings_of, stays, until
from tests.wire import eventually

from atpix.blobs import Blobs
from atpix.caller import ProjectSettings
from atpix.delivery import making
from atpix.delivery.errors import RenditionsSpent
from atpix.delivery.hanging_up import ClientLeft
from atpix.delivery.making import Job, RenderFailed
from atpix.errors import Overloaded, StorageUnavailable
from atpix.images.errors import ImageNotFound
from atpix.images.rows import blob_of
from atpix.imaging.pool import Queued


def make(svc, job: Job, source: Path | None = None):
    return making.make(svc, job, source or svc.blobs.local_path(blob_of(job.image)), Queued(), background=False)


def test_a_render_whose_child_is_killed_is_made_by_another(svc, job):
    with rendering_with(svc) as (own, child), ThreadPoolExecutor(1) as thread:
        child.suspend()
        under_way = thread.submit(make, own, job())
        eventually(lambda: own.renderers.load.busy)
        child.kill()

        assert under_way.result().stored is not None


def test_a_render_whose_children_die_is_our_fault_and_tried_again_soon(svc, job, tmp_path):
    os.mkfifo(tmp_path / "endless")
    with rendering_with(svc) as (own, first), ThreadPoolExecutor(1) as thread:
        others = set(children())
        under_way = thread.submit(make, own, job(), tmp_path / "endless")
        eventually(lambda: own.renderers.load.busy)
        first.kill()
        eventually(lambda: set(children()) - others)
        for second in set(children()) - others:
            second.kill()

        with pytest.raises(RenderFailed) as raised:
            under_way.result()

        assert (raised.value.status, raised.value.retry_after_s) == (503, 5)
        assert make(own, job()).stored is not None


def test_what_takes_too_long_is_not_tried_again_for_a_minute_and_counts_in_the_budget(svc, job):
    async def scenario(own, child):
        child.suspend()
        async with renderings_of(own) as (renderings, made):
            with pytest.raises(RenderFailed) as raised:
                await renderings.made(job(), stays)
            assert (raised.value.status, raised.value.retry_after_s) == (503, 60)
            with pytest.raises(RenderFailed) as again:
                await renderings.made(job(), stays)
            assert 0 < again.value.retry_after_s <= 60
            assert own.renderers.load.busy == 0
            assert made == []
            assert own.renditions.made(job().image.project_id, job().image.id) == 1

    with rendering_with(svc, timeout_s=0.5) as (own, child):
        asyncio.run(scenario(own, child))


def test_the_source_of_a_deleted_image_is_not_found_and_one_that_is_lost_is_unavailable(svc, job, client, tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(StorageUnavailable):
        make(svc, job(), gone)

    client.images.delete(job().image.id)

    with pytest.raises(ImageNotFound):
        make(svc, job(), gone)


def test_a_source_that_is_fetched_from_a_store_without_it_is_told_the_same_way(svc, job, client):
    async def scenario(error):
        async with renderings_of(replace(svc, blobs=Blobs.open("memory:///"))) as (renderings, _):
            with pytest.raises(error):
                await renderings.made(job(), stays)

    asyncio.run(scenario(StorageUnavailable))
    client.images.delete(job().image.id)
    asyncio.run(scenario(ImageNotFound))


def test_a_client_that_leaves_before_its_avif_has_begun_frees_its_place(svc, job):
    async def scenario():
        client = Client()
        async with renderings_of(svc) as (renderings, made):
            async with svc.renditions.alone(job().key, within_s=5):  # somebody else's turn
                leaving = asyncio.create_task(renderings.made_within(job(), 60, client.receive))
                await until(lambda: renderings.waiting == 1)
                client.leaves.set()
                with pytest.raises(ClientLeft):
                    await leaving
                assert renderings.waiting == 0
            assert made == []

    asyncio.run(scenario())


def test_an_avif_that_was_not_in_time_and_has_not_begun_goes_to_the_background(svc, job):
    async def scenario():
        async with renderings_of(svc) as (renderings, made):
            async with svc.renditions.alone(job().key, within_s=5):
                assert await renderings.made_within(job(), 0.01, stays) is None
                assert renderings.waiting == 0
                renderings.begin(job())
                assert renderings.waiting == 0
            await until(lambda: made)

    asyncio.run(scenario())


def test_whoever_waits_too_long_for_a_place_is_told_to_come_again(svc, job):
    """All places are taken by renders whose child stands still."""

    async def scenario(own, child):
        child.suspend()
        async with renderings_of(own) as (renderings, _):
            places = [asyncio.create_task(renderings.made(job(60 + n), stays)) for n in range(5)]
            await until(lambda: own.renderers.load.waiting == 4)
            with pytest.raises(Overloaded) as raised:
                await renderings.made(job(), stays)
            assert raised.value.retry_after_s
            child.resume()
            assert all(found.stored for found in await asyncio.gather(*places))

    with rendering_with(svc) as (own, child):
        impatient = own.settings.model_copy(update={"render_timeout_s": 0.1})
        asyncio.run(scenario(replace(own, settings=impatient), child))


def test_a_cross_at_the_focal_point_costs_the_budget_what_a_rendition_costs(svc, job):
    few = ProjectSettings(new_renditions_per_image=2)

    def shown(width: int) -> Job:
        one = job(width, show_focus=True)
        return replace(one, who=msgspec.structs.replace(one.who, settings=few))

    assert make(svc, shown(51)).body
    assert make(svc, shown(52)).body
    with pytest.raises(RenditionsSpent):
        make(svc, shown(53))
