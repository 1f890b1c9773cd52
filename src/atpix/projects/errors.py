"""What can go wrong with organizations, projects and keys."""

from atpix.errors import AtpixError
from atpix.ids import KeyId, ProjectId, Slug


class OrganizationNotFound(AtpixError):
    status, code = 404, "ORGANIZATION_NOT_FOUND"

    def __init__(self, slug: Slug) -> None:
        super().__init__(f"No organization {slug}; create it with POST /organizations.", organization=slug)


class OrganizationAlreadyExists(AtpixError):
    status, code = 409, "ORGANIZATION_ALREADY_EXISTS"

    def __init__(self, slug: Slug) -> None:
        super().__init__(f"There is an organization {slug} already; choose another slug.", organization=slug)


class ProjectNotFound(AtpixError):
    status, code = 404, "PROJECT_NOT_FOUND"

    def __init__(self, which: ProjectId | str) -> None:
        super().__init__(f"No project {which}; GET /projects lists those there are.", project=which)


class ProjectAlreadyExists(AtpixError):
    status, code = 409, "PROJECT_ALREADY_EXISTS"

    def __init__(self, organization: Slug, slug: Slug) -> None:
        super().__init__(
            f"There is a project {organization}/{slug} already; choose another slug.",
            organization=organization,
            project=slug,
        )


class KeyNotFound(AtpixError):
    status, code = 404, "KEY_NOT_FOUND"

    def __init__(self, which: KeyId | str) -> None:
        super().__init__(f"No key {which}; GET /keys lists those there are.", key=which)


class KeyNotActive(AtpixError):
    """Only a key that works can be replaced by another."""

    status, code = 409, "KEY_NOT_ACTIVE"

    def __init__(self, key: KeyId) -> None:
        super().__init__("This key is revoked or has expired; create a new one instead.", key=key)
