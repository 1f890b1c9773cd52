"""Live URLs: `/cdn/{org}/{project}/live/{scope}?prompt=…`."""

from dataclasses import dataclass

from atpix.delivery.addresses import PREFIX, Address
from atpix.errors import NotFound, ValidationFailed
from atpix.ids import ImageId, Slug, parse_slug

_KIND = "/live/"


@dataclass(frozen=True, slots=True)
class LiveAddress:
    organization: Slug
    project: Slug
    scope: Slug

    @property
    def resource(self) -> str:
        """What a signature covers of the path."""
        return f"/{self.organization}/{self.project}/live/{self.scope}"

    def path_of(self, image: ImageId) -> str:
        """Where delivery has a picture that it stands for."""
        return f"{PREFIX}{self.organization}/{self.project}/img/{image}"

    def image(self, image: ImageId) -> Address:
        """The same, taken apart."""
        return Address(self.organization, self.project, image)


def is_live(path: str) -> bool:
    """Whether a path of delivery's is of this kind; every request for an image asks."""
    return _KIND in path and path.split("/", 5)[4:5] == ["live"]


def parse(path: str) -> LiveAddress:
    """`path` is decoded: what was an encoded slash or dot is one here. Raises NotFound."""
    match path.removeprefix(PREFIX).split("/"):
        case [organization, project, "live", scope]:
            return LiveAddress(_slug(organization), _slug(project), _slug(scope))
        case _:
            raise _nowhere()


def _slug(text: str) -> Slug:
    """What can be none is looked up nowhere."""
    try:
        return parse_slug(text, "")
    except ValidationFailed:
        raise _nowhere() from None


def _nowhere() -> NotFound:
    return NotFound("A live URL is /cdn/{organization}/{project}/live/{scope}?prompt=…")
