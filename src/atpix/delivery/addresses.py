"""Addresses of images: `/cdn/{org}/{project}/img/{ref}[/{any-file-name}]`."""

from dataclasses import dataclass

from atpix.errors import NotFound, ValidationFailed
from atpix.ids import ImageRef, Slug, parse_ref, parse_slug

PREFIX = "/cdn/"


@dataclass(frozen=True, slots=True)
class Address:
    organization: Slug
    project: Slug
    ref: ImageRef


def parse(path: str) -> Address:
    """`path` is decoded. The file name at the end is for people and search engines only.

    Raises NotFound, ValidationFailed, AliasFormatCheck.
    """
    match path.removeprefix(PREFIX).split("/", 4):
        case [organization, project, "img", ref] | [organization, project, "img", ref, _]:
            slugs = _slug(organization), _slug(project)
            return Address(*slugs, parse_ref(ref))
        case _:
            raise _nowhere()


def _slug(text: str) -> Slug:
    """What can be none is looked up nowhere: databases differ on what text they take."""
    try:
        return parse_slug(text, "")
    except ValidationFailed:
        raise _nowhere() from None


def _nowhere() -> NotFound:
    return NotFound("An image's address is /cdn/{organization}/{project}/img/{id or @alias}.")
