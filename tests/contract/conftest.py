"""One server and one project for all requests that are made up here."""

from dataclasses import dataclass

import httpx2
import pytest
from tests.backends import Backends
from tests.photographs import photo

from atpix.caller import SCOPES
from atpix.projects import actions


@dataclass(frozen=True)
class Api:
    """`url`, and a key for each kind of operation."""

    url: str
    organization: str
    project: str
    keys: dict[str, str]

    def headers(self, tag: str) -> dict[str, str]:
        return {"X-API-Key": self.keys[tag]} if tag in self.keys else {}


@pytest.fixture(scope="session")
def api(backends: Backends) -> Api:
    server, svc = backends.server("sqlite"), backends.services("sqlite")
    row = actions.ensure_project(svc, "contract/shop")
    ours = actions.create_key(svc, row, scopes=SCOPES).text
    keys = {
        "Images": ours,
        "Flows": ours,
        "Generations": ours,
        "Administration": actions.create_key(svc, None, scopes=()).text,
    }
    api = Api(server.url, "contract", "shop", keys)
    with httpx2.Client(trust_env=False) as client:
        sent = client.post(
            f"{api.url}/api/v1/images/upload",
            headers=api.headers("Images"),
            files={"file": ("a.jpg", photo(1))},
            data={"alias": "@hero"},
        )
        assert sent.status_code == 201
    return api
