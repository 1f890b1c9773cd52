"""Flows on the wire, and records of generations in them."""

from itertools import count

import pytest
from tests.generated import Made


class Flows:
    """What users send; `data` of the answer, or the whole answer where a refusal is expected."""

    def __init__(self, raw):
        self.raw = raw

    def create(self, **body):
        return self.raw.post("/api/v1/flows", json=body).json()["data"]

    def get(self, flow):
        return self.raw.get(f"/api/v1/flows/{flow}").json()["data"]

    def name(self, flow, **options):
        names = options.pop("names")
        return self.raw.put(f"/api/v1/flows/{flow}/aliases", json={"aliases": names}, **options)

    def delete(self, flow):
        return self.raw.delete(f"/api/v1/flows/{flow}")


@pytest.fixture
def flows(raw):
    return Flows(raw)


@pytest.fixture
def made(svc, project):
    return Made(svc, project, count(1))
