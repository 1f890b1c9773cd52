"""Addresses of images: `/cdn/{org}/{project}/img/{ref}[/{options}][/{any-file-name}]`.

Options in the path, `w=800,h=450`, are for caches that ignore queries; they mean what the query would.
"""

from dataclasses import dataclass

from atpix.errors import NotFound, ValidationFailed
from atpix.ids import ImageRef, Slug, parse_ref, parse_slug

PREFIX = "/cdn/"


@dataclass(frozen=True, slots=True)
class Address:
    """`options` is the segment of the path that holds them, as it was written; empty when there is none."""

    organization: Slug
    project: Slug
    ref: ImageRef
    options: str = ""

    @property
    def resource(self) -> str:
        """What a signature covers of the path: whose image, and which. Neither prefix, options nor file name."""
        return f"/{self.organization}/{self.project}/img/{self.ref}"


def parse(path: str) -> Address:
    """`path` is decoded. The file name at the end is for people and search engines only.

    Raises NotFound, ValidationFailed, AliasFormatCheck.
    """
    match path.removeprefix(PREFIX).split("/", 4):
        case [organization, project, "img", ref]:
            return Address(_slug(organization), _slug(project), parse_ref(ref))
        case [organization, project, "img", ref, rest]:
            return Address(_slug(organization), _slug(project), parse_ref(ref), _options(rest))
        case _:
            raise _nowhere()


def may_hold_options(path: str) -> bool:
    """Never false for an address that has some: what is neither in the path nor in the query is nowhere."""
    return "=" in path


def _options(rest: str) -> str:
    """A first segment without `=` is a file name, and so is all that follows it."""
    first = rest.partition("/")[0]
    return first if "=" in first else ""


def _slug(text: str) -> Slug:
    """What can be none is looked up nowhere: databases differ on what text they take."""
    try:
        return parse_slug(text, "")
    except ValidationFailed:
        raise _nowhere() from None


def _nowhere() -> NotFound:
    return NotFound("An image's address is /cdn/{organization}/{project}/img/{id or @alias}[/{options}].")
