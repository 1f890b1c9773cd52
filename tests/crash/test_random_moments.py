"""Killed at random moments under load: what was acknowledged is so, and nothing is half-way."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
import pytest
from tests.access import Access
from tests.backends import Backends
from tests.crash.conftest import Mortal, OneByOne, settled
from tests.photographs import photo
from tests.wire import Wire, eventually

CLIENTS = 4
LIVE, TRASHED, GONE = "live", "trashed", "gone"


@dataclass
class Ledger:
    """What one client knows of its own images and names. Of what got no answer it knows two outcomes."""

    images: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, set[str | None]] = field(default_factory=dict)

    def certain(self, state: str) -> list[str]:
        return [image for image, states in self.images.items() if states == {state}]

    def release(self, image: str, *, certain: bool) -> None:
        for name, holders in self.names.items():
            if image in holders:
                self.names[name] = {None} if certain else holders | {None}


class Client:
    """Uploads, names, trashes, restores and deletes until its server dies."""

    def __init__(self, number: int, mortal: Mortal, access: Access, ledger: Ledger, chance: random.Random) -> None:
        self.done = 0
        self.thread = threading.Thread(target=self._until_it_dies, daemon=True)
        self._number, self._ledger, self._chance = number, ledger, chance
        self._base = f"http://127.0.0.1:{mortal.server.port}/api/v1/images"
        self._headers = {"X-API-Key": access.key}

    def _until_it_dies(self) -> None:
        actions = (
            self._upload,
            self._upload_named,
            self._move,
            self._move_shared,
            self._trash,
            self._restore,
            self._delete,
        )
        with httpx2.Client(trust_env=False, timeout=30, verify=False, headers=self._headers) as self._http:
            try:
                while True:
                    self._chance.choice(actions)()
                    self.done += 1
            except httpx2.TransportError:
                return

    def _sent(self, method: str, path: str, **options) -> dict:
        answer = self._http.request(method, self._base + path, **options)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["data"]

    def _pick(self, state: str) -> str | None:
        images = self._ledger.certain(state)
        return self._chance.choice(images) if images else None

    def _upload(self, **form: str) -> str:
        files = {"file": photo(self._chance.randrange(40))}
        image = self._sent("POST", "/upload", data=form, files=files, headers={"Idempotency-Key": uuid4().hex})["id"]
        self._ledger.images[image] = {LIVE}
        return image

    def _upload_named(self) -> None:
        name = f"@own-{self._number}-{self._chance.randrange(3)}"
        before = self._ledger.names.get(name, {None})
        self._ledger.names[name] = before | {"another"}  # an image whose id nobody was told
        self._ledger.names[name] = {self._upload(alias=name, flowAlias="@cover")}

    def _move(self) -> None:
        """Only this client gives these names to these images, so it knows who has them."""
        if image := self._pick(LIVE):
            name = f"@own-{self._number}-{self._chance.randrange(3)}"
            before = self._ledger.names.get(name, {None})
            if before == {image}:
                return
            self._ledger.release(image, certain=False)
            self._ledger.names[name] = before | {image}
            self._sent("PUT", f"/{image}/alias", json={"alias": name})
            self._ledger.release(image, certain=True)
            self._ledger.names[name] = {image}

    def _move_shared(self) -> None:
        """Everybody wants this one, so it goes to images of its own."""
        self._sent("POST", "/upload", data={"alias": "@shared"}, files={"file": photo(self._number)})

    def _trash(self) -> None:
        self._taken(self._pick(LIVE), TRASHED, "?trash=true")

    def _delete(self) -> None:
        self._taken(self._pick(self._chance.choice((LIVE, TRASHED))), GONE, "")

    def _taken(self, image: str | None, state: str, query: str) -> None:
        if image is not None:
            self._ledger.images[image].add(state)
            self._ledger.release(image, certain=False)
            self._sent("DELETE", f"/{image}{query}")
            self._ledger.images[image] = {state}
            self._ledger.release(image, certain=True)

    def _restore(self) -> None:
        if image := self._pick(TRASHED):
            self._ledger.images[image].add(LIVE)
            self._sent("POST", f"/{image}/restore")
            self._ledger.images[image] = {LIVE}


def everything(raw: Wire) -> Iterator[dict]:
    cursor: dict[str, str] = {}
    while True:
        answer = raw.get("/api/v1/images", params={"includeDeleted": "true", "limit": "100", **cursor})
        assert answer.status_code == 200
        yield from answer.json()["data"]
        if not (following := answer.json()["pagination"].get("nextCursor") or answer.json().get("nextCursor")):
            return
        cursor = {"cursor": following}


def hold_against(raw: Wire, ledgers: list[Ledger]) -> None:
    """What the API shows is among what each client believes; from now on they know."""
    shown = {image["id"]: image for image in everything(raw)}
    holders = {image["alias"]: image["id"] for image in shown.values() if image["alias"]}
    known = {image for ledger in ledgers for image in ledger.images}
    for ledger in ledgers:
        for image, states in ledger.images.items():
            now = GONE if image not in shown else TRASHED if "deletedAt" in shown[image] else LIVE
            assert now in states
            ledger.images[image] = {now}
        for name, believed in ledger.names.items():
            holder = holders.get(name)
            assert holder in believed or ("another" in believed and holder not in known)
            ledger.names[name] = {holder}


def survive(mortal: Mortal, access: Access, rounds: int) -> None:
    raw = Wire(OneByOne(mortal), "", {"X-API-Key": access.key})
    chance = random.Random(rounds)
    ledgers = [Ledger() for _ in range(CLIENTS)]
    for number in range(rounds):
        clients = [
            Client(n, mortal, access, ledger, random.Random(number * 10 + n)) for n, ledger in enumerate(ledgers)
        ]
        for client in clients:
            client.thread.start()
        enough = chance.randrange(20, 70)
        eventually(lambda: sum(client.done for client in clients) > enough or not _all_at_work(clients))  # noqa: B023
        assert _all_at_work(clients)
        mortal.kill()
        for client in clients:
            client.thread.join(30)
        mortal.start()
        hold_against(raw, ledgers)
    assert settled(mortal.svc, deep=True)


def _all_at_work(clients: list[Client]) -> bool:
    return all(client.thread.is_alive() for client in clients)


def storage(store: str, backends: Backends) -> dict[str, object]:
    if store == "disk":
        return {}
    server = backends.s3
    return {
        "storage_url": f"s3://{server.bucket}/{uuid4().hex}",
        **{f"s3_{name}": value for name, value in server.options.items()},
    }


@pytest.mark.parametrize(
    ("database", "store", "rounds"), [("sqlite", "disk", 3), ("postgresql", "disk", 2), ("sqlite", "s3", 1)]
)
def test_what_was_acknowledged_survives_kills_at_random_moments(
    backends: Backends, tmp_path, new_access, database: str, store: str, rounds: int
):
    mortal = Mortal(tmp_path, database_url=backends.empty_database(database), workers=2, **storage(store, backends))
    try:
        survive(mortal, new_access(mortal.svc), rounds)
    finally:
        mortal.close()
