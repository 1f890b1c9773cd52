"""Addresses of images: `/cdn/{org}/{project}/img/{ref}[/{any-file-name}]`."""

from dataclasses import dataclass

from atpix.errors import NotFound
from atpix.ids import ImageRef, parse_ref

PREFIX = "/cdn/"


@dataclass(frozen=True, slots=True)
class Address:
    organization: str
    project: str
    ref: ImageRef


def parse(path: str) -> Address:
    """`path` is decoded. The file name at the end is for people and search engines only.

    Raises NotFound, ValidationFailed, AliasFormatCheck.
    """
    match path.removeprefix(PREFIX).split("/", 4):
        case [organization, project, "img", ref] | [organization, project, "img", ref, _] if organization and project:
            return Address(organization, project, parse_ref(ref))
        case _:
            raise NotFound("An image's address is /cdn/{organization}/{project}/img/{id or @alias}.")
