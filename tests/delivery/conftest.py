"""An image that is delivered, and its two public addresses."""

from dataclasses import dataclass

import pytest
from tests.photographs import photo

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
