"""The request after a move gets the new image: for every reader, with every validator, from every process."""

import itertools
import threading
from contextlib import closing

import httpx2
import pytest
from tests.photographs import photo
from tests.wire import Wire, eventually

from atpix.services import Services


@pytest.mark.parametrize("form", ["{}", "W/{}", "*", '"other", {}'])
def test_who_has_the_bytes_already_gets_304(public, hero, form):
    for address in (hero.by_id, hero.by_alias):
        etag = public.get(address).headers["etag"]

        answer = public.get(address, headers={"If-None-Match": form.format(etag)})

        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"]
        assert "content-length" not in answer.headers or answer.headers["content-length"] == "0"


def test_the_request_after_a_move_gets_the_new_image_also_with_the_old_validators(public, hero, client, upload):
    known = public.get(hero.by_alias).headers["etag"]
    new = upload(photo(2))
    validators = [
        {},
        {"If-None-Match": known},
        {"If-Modified-Since": "Fri, 31 Dec 2100 23:59:59 GMT"},
        {"Range": "bytes=0-9999999", "If-Range": known},
    ]

    client.images.assign_alias(new.id, "@hero")

    for headers in validators:
        answer = public.get(hero.by_alias, headers=headers)
        assert answer.status_code == 200
        assert answer.content == photo(2)
        assert answer.headers["content-location"].endswith(new.id)


def test_a_removed_name_is_not_found_at_once(public, hero, client):
    assert public.get(hero.by_alias).status_code == 200

    client.images.remove_alias("@hero")

    assert public.get(hero.by_alias).status_code == 404
    assert public.get(hero.by_id).status_code == 200


def test_a_name_given_again_is_found_at_once(public, client, upload, project):
    address = f"{project.cdn}/@hero"
    assert public.get(address).status_code == 404

    image = upload(photo(3), alias="@hero")
    assert public.get(address).content == photo(3)

    client.images.delete(image.id)
    assert public.get(address).status_code == 404


def test_readers_see_the_old_or_the_new_and_never_neither(public, client, upload, project, threads_reading):
    a, b = upload(photo(1), alias="@hero"), upload(photo(2))
    with threads_reading(f"{project.cdn}/@hero") as seen:
        for image in itertools.islice(itertools.cycle((b, a)), 60):
            client.images.assign_alias(image.id, "@hero")

    assert {status for status, _ in seen} == {200}
    assert {content for _, content in seen} <= {photo(1), photo(2)}


@pytest.fixture
def threads_reading(server):
    """Read an address on several connections while the block runs."""

    class Reading:
        def __init__(self, address):
            self._address, self._stop, self._seen = address, threading.Event(), []
            self._threads = [threading.Thread(target=self._read) for _ in range(3)]

        def __enter__(self):
            for thread in self._threads:
                thread.start()
            return self._seen

        def __exit__(self, *_):
            self._stop.set()
            for thread in self._threads:
                thread.join()

        def _read(self):
            with httpx2.Client(base_url=server.url, trust_env=False, verify=False) as connection:
                while not self._stop.is_set():
                    answer = connection.get(self._address)
                    self._seen.append((answer.status_code, answer.content))

    return Reading


def test_no_process_serves_an_old_holder_after_a_move_was_acknowledged(shared, new_project, connect):
    """Readers keep their connections, so that each stays with one of the two processes."""
    server = shared(workers=2)
    with closing(Services.open(server.settings)) as svc:
        access = new_project(svc)
    client = connect(server, access)
    pictures = [client.images.upload(photo(n)).id for n in range(3)]
    readers = [httpx2.Client(trust_env=False, verify=False) for _ in range(8)]
    etags = {}
    for n in range(100):
        image = pictures[n % 3]
        client.images.assign_alias(image, "@hero")
        for reader in readers[n % 4 :: 4]:
            wire = Wire(reader, server.url, {})
            old = {"If-None-Match": etags[reader]} if reader in etags else {}
            answer = wire.get(f"{access.cdn}/@hero", headers=old)
            assert answer.status_code == 200
            assert answer.headers["content-location"] == f"{access.cdn}/{image}"
            etags[reader] = answer.headers["etag"]
    for reader in readers:
        reader.close()


def test_an_image_deleted_by_one_process_is_gone_from_the_other_within_a_second(shared, new_project, connect):
    server = shared(workers=2)
    with closing(Services.open(server.settings)) as svc:
        access = new_project(svc)
    client = connect(server, access)
    image = client.images.upload(photo(1), alias="@hero")
    readers = [httpx2.Client(trust_env=False, verify=False) for _ in range(6)]
    assert {reader.get(image.storage_url).status_code for reader in readers} == {200}

    client.images.delete(image.id)

    assert {reader.get(f"{server.url}{access.cdn}/@hero").status_code for reader in readers} == {404}
    eventually(lambda: {reader.get(image.storage_url).status_code for reader in readers} == {404})
    for reader in readers:
        reader.close()
