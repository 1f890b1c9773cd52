"""What can go wrong with live URLs and their scopes."""

from atpix.errors import AtpixError
from atpix.ids import Slug


class ScopeInvalidFormat(AtpixError):
    status, code = 400, "SCOPE_INVALID_FORMAT"

    def __init__(self) -> None:
        super().__init__("A scope's slug is 1 to 63 lower-case letters, digits or inner hyphens, like heroes.")


class ScopeNotFound(AtpixError):
    status, code = 404, "SCOPE_NOT_FOUND"

    def __init__(self, slug: str) -> None:
        super().__init__(f"No scope {slug} in this project; POST /api/v1/live/scopes makes one.", scope=slug)


class ScopeAlreadyExists(AtpixError):
    status, code = 409, "SCOPE_ALREADY_EXISTS"

    def __init__(self, slug: Slug) -> None:
        super().__init__(f"There is a scope {slug} already; choose another slug, or change that one.", scope=slug)
