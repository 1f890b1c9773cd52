"""An image that is delivered, and its two public addresses."""

from dataclasses import dataclass, replace

import pytest
from tests.photographs import photo

from atpix.delivery.making import Job
from atpix.images import rows
from atpix.imaging.grammar import canonical
from atpix.imaging.spec import Output, Spec
from atpix.renditions import rendition_key
from atpix_client import Image


@dataclass(frozen=True)
class Delivered:
    image: Image
    content: bytes
    by_id: str
    by_alias: str


@pytest.fixture
def hero(upload, project) -> Delivered:
    content = photo(1)
    image = upload(content, alias="@hero")
    return Delivered(image, content, f"{project.cdn}/{image.id}", f"{project.cdn}/@hero")


@pytest.fixture
def job(svc, project, upload):
    """Of a new image, each width another."""
    image = upload(photo(6))
    with svc.db.read() as tx:
        row = rows.find(tx, project.caller, image.id).image

    def make(width: int = 50, **others) -> Job:
        spec = Spec(width=width, output=Output.PNG)
        key = rendition_key(
            row.project_id, row.id, canonical(spec), Output.PNG, follows_focus=False, focus=row.focal_point
        )
        job = Job(who=project.caller, image=row, spec=spec, output=Output.PNG, key=key, key_parameters=canonical(spec))
        return replace(job, **others)

    return make
