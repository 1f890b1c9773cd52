"""A rendition is made once, whoever asks, and for nobody when nobody waits any more."""

import asyncio
import http.client
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from io import BytesIO

import PIL.Image
import pytest
from tests.photographs import photo
from tests.wire import Wire, eventually

from atpix.delivery.hanging_up import ClientLeft
from atpix.delivery.making import Job
from atpix.delivery.rendering import Renderings
from atpix.images import rows
from atpix.imaging.grammar import canonical
from atpix.imaging.spec import Output, Spec
from atpix.renditions import rendition_key
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


@pytest.fixture
def job(svc, project, upload):
    """Of a new image."""
    image = upload(photo(6))
    with svc.db.read() as tx:
        row = rows.find(tx, project.caller, image.id).image

    def make(width: int = 50) -> Job:
        spec = Spec(width=width, output=Output.PNG)
        key = rendition_key(
            row.project_id, row.id, canonical(spec), Output.PNG, follows_focus=False, focus=row.focal_point
        )
        return Job(who=project.caller, image=row, spec=spec, output=Output.PNG, key=key, key_parameters=canonical(spec))

    return make


@asynccontextmanager
async def renderings_of(svc: Services):
    made: list[bool] = []
    renderings = Renderings(svc, lambda: made.append(True))
    try:
        yield renderings, made
    finally:
        renderings.close()


async def stays() -> dict[str, str]:
    return await asyncio.Event().wait()


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
