"""A rendition is made once, whoever asks, and for nobody when nobody waits any more."""

import asyncio
import http.client
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO

import PIL.Image
import pytest
from tests.photographs import photo
from tests.rendering import Client, rendering_with, renderings_of, stays, until
from tests.wire import Wire, eventually

from atpix.delivery.hanging_up import ClientLeft
from atpix.services import Services

CLIENTS = 50


def renders(server, wire) -> int:
    text = wire.get(f"{server.url}/metrics").text
    return int(float(re.search(r"^atpix_renders_total (\S+)", text, re.MULTILINE)[1]))


def answered(server, wire, status: int) -> bool:
    return f'route="delivery",status="{status}"' in wire.get(f"{server.url}/metrics").text


def get(server, path: str, **headers: str) -> tuple[int, bytes]:
    """On a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("database", ["sqlite"])
def test_many_who_ask_two_processes_for_a_new_rendition_get_one_and_the_same(shared, new_project, connect, wire):
    server = shared(workers=2)
    with closing(Services.open(server.settings)) as svc:
        access = new_project(svc)
    image = connect(server, access).images.upload(photo(1, size=(1600, 1200)))
    before = renders(server, wire)

    with ThreadPoolExecutor(CLIENTS) as clients:
        path = f"{access.cdn}/{image.id}?w=1200&h=1200&format=webp"
        answers = set(clients.map(lambda _: get(server, path), range(CLIENTS)))

    ((status, body),) = answers
    assert status == 200
    assert PIL.Image.open(BytesIO(body)).size == (1200, 1200)
    eventually(lambda: renders(server, wire) == before + 1)


@pytest.mark.parametrize("database", ["sqlite"])
def test_small_answers_do_not_wait_behind_renders_and_a_full_queue_says_so(serve, new_project, connect, wire):
    server = serve(renderers=1, render_queue=1, avif_wait_s=0)
    with closing(Services.open(server.settings)) as svc:
        access = new_project(svc)
    client, public = connect(server, access), Wire(wire, server.url, {})
    image = client.images.upload(photo(1, size=(1300, 900)))
    small = f"{access.cdn}/{image.id}?w=32"
    assert public.get(small).status_code == 200

    with ThreadPoolExecutor(24) as clients:
        path = f"{access.cdn}/{image.id}?format=avif&w=12"
        under_way = [clients.submit(get, server, f"{path}{n:02}") for n in range(24)]
        for _ in range(20):
            assert public.get(small).status_code == 200
            assert client.images.get(image.id).id == image.id
        answers = [future.result() for future in under_way]

    statuses = {status for status, _ in answers}
    assert statuses == {200, 503}
    refused = next(body for status, body in answers if status == 503)
    assert b'"OVERLOADED"' in refused
    assert public.get(f"{path}99").status_code == 200


async def leaves() -> dict[str, str]:
    return {"type": "http.disconnect"}


def test_what_nobody_waits_for_any_more_is_not_made(svc, job):
    async def scenario():
        async with renderings_of(svc) as (renderings, made):
            async with svc.renditions.alone(job().key, within_s=5):  # somebody else's turn
                with pytest.raises(ClientLeft):
                    await renderings.made(job(), leaves)
                assert renderings.waiting == 0
            await asyncio.sleep(0)
            assert made == []
            assert await svc.renditions.find(job().key) is None

    asyncio.run(scenario())


def test_who_leaves_takes_nothing_from_those_who_stay(svc, job):
    async def scenario():
        async with renderings_of(svc) as (renderings, made):
            async with svc.renditions.alone(job().key, within_s=5):
                staying = asyncio.create_task(renderings.made(job(), stays))
                await asyncio.sleep(0)
                with pytest.raises(ClientLeft):
                    await renderings.made(job(), leaves)
            found = await staying
            assert found.stored is not None
            assert made == [True]

    asyncio.run(scenario())


def test_what_stands_in_the_background_comes_forward_when_somebody_waits(svc, job):
    async def scenario():
        async with renderings_of(svc) as (renderings, made):
            renderings.begin(job())
            found = await renderings.made(job(), stays)
            assert found.stored is not None
            assert made in ([True], [])

    asyncio.run(scenario())


def test_who_hangs_up_in_line_for_a_child_leaves_it_at_once_and_who_stays_is_next(svc, job):
    async def scenario(own, child):
        child.suspend()
        async with renderings_of(own) as (renderings, made):
            clients = [Client() for _ in range(8)]
            asking = [asyncio.create_task(renderings.made(job(60 + n), one.receive)) for n, one in enumerate(clients)]
            await until(lambda: own.renderers.load.waiting == 4)
            assert renderings.waiting == 7
            for client in clients:
                client.leaves.set()
            answers = await asyncio.gather(*asking, return_exceptions=True)
            assert {type(answer) for answer in answers} == {ClientLeft}
            assert (renderings.waiting, own.renderers.load.waiting) == (0, 0)

            again = asyncio.create_task(renderings.made(job(99), stays))  # none of those: any of them may have begun
            await until(lambda: own.renderers.load.waiting == 1)
            child.resume()
            assert (await again).stored is not None
            await until(lambda: len(made) == 2)  # the other one had begun
            await until(lambda: own.renditions.made(job().image.project_id, job().image.id) == 2)

    with rendering_with(svc) as (own, child):
        asyncio.run(scenario(own, child))


def test_what_two_wait_for_in_line_is_made_when_one_of_them_leaves(svc, job):
    async def scenario(own, child):
        child.suspend()
        async with renderings_of(own) as (renderings, made):
            first = asyncio.create_task(renderings.made(job(60), stays))
            await until(lambda: own.renderers.load.busy)
            client = Client()
            leaving = asyncio.create_task(renderings.made(job(61), client.receive))
            staying = asyncio.create_task(renderings.made(job(61), stays))
            await until(lambda: own.renderers.load.waiting == 1)
            client.leaves.set()
            with pytest.raises(ClientLeft):
                await leaving
            assert renderings.waiting == own.renderers.load.waiting == 1
            child.resume()
            assert all(found.stored for found in await asyncio.gather(first, staying))
            assert made == [True, True]

    with rendering_with(svc) as (own, child):
        asyncio.run(scenario(own, child))


def test_what_is_not_in_time_in_line_goes_behind_and_comes_forward_when_somebody_waits(svc, job):
    async def scenario(own, child):
        child.suspend()
        async with renderings_of(own) as (renderings, made):
            first = asyncio.create_task(renderings.made(job(60), stays))
            await until(lambda: own.renderers.load.busy)
            assert await renderings.made_within(job(61), 0.1, stays) is None
            renderings.begin(job(61))
            await until(lambda: own.renderers.load.waiting == 1)
            assert renderings.waiting == 0
            forward = asyncio.create_task(renderings.made(job(61), stays))
            await until(lambda: renderings.waiting == 1)
            child.resume()
            assert all(found.stored for found in await asyncio.gather(first, forward))
            assert made == [True, True]

    with rendering_with(svc) as (own, child):
        asyncio.run(scenario(own, child))


def test_a_client_that_hangs_up_frees_its_place_on_the_wire(server, svc, project, public, job, wire):
    """The turn is held here, so that the server has to wait."""
    path = f"{project.cdn}/{job().image.id}?w=50&format=png"

    async def scenario():
        async with svc.renditions.alone(job().key, within_s=5):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await asyncio.to_thread(eventually, lambda: waiting(server, wire) == 1)
            connection.close()
            await asyncio.to_thread(eventually, lambda: waiting(server, wire) == 0)
            await asyncio.to_thread(eventually, lambda: answered(server, wire, 499))

    asyncio.run(scenario())
    assert public.get(path).status_code == 200


def waiting(server, wire) -> int:
    text = wire.get(f"{server.url}/metrics").text
    return int(float(re.search(r"^atpix_renderers_waiting (\S+)", text, re.MULTILINE)[1]))
