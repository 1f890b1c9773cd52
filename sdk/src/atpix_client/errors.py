"""What can go wrong. The tree mirrors the statuses of the API and, below them, its error codes:

AtpixError
├── MissingAPIKey
├── SourceChanged                      the file shrank while it was sent
├── APIConnectionError                 no answer
│   └── APITimeoutError
├── APIAnswerError                     a success, but not in the form of an Atpix server
└── APIStatusError                     status, code, message, details, request_id, retry_after
    ├── BadRequest 400
    │   ├── ValidationFailed, AliasFormatCheck, ReservedAlias, TechnicalAliasRequiresFlow
    │   └── ScopeInvalidFormat, ImageNotInScope
    ├── Unauthorized 401
    ├── Forbidden 403
    ├── NotFound 404
    │   ├── ImageNotFound, AliasNotFound, FlowNotFound
    │   ├── GenerationNotFound, ScopeNotFound
    │   └── OrganizationNotFound, ProjectNotFound, KeyNotFound
    ├── MethodNotAllowed 405
    ├── RequestTimeout 408                 an upload took too long
    ├── Conflict 409
    │   ├── AliasConflict, DuplicateImage, ScopeAlreadyExists, IdempotencyKeyInUse
    │   └── OrganizationAlreadyExists, ProjectAlreadyExists, KeyNotActive
    ├── Gone 410
    ├── PreconditionFailed 412
    ├── ContentTooLarge 413
    │   └── FileTooLarge, ImageTooLarge
    ├── UnsupportedMediaType 415
    │   └── UnsupportedFileType
    ├── UnprocessableContent 422
    │   └── InvalidImage, PrivateMetadata, IdempotencyKeyReused, ContentBlocked
    ├── TooManyRequests 429
    │   └── RateLimitExceeded, ScopeGenerationLimitExceeded, ProviderRateLimit
    └── ServerFault 5xx
        ├── InternalError 500
        ├── ProviderError 502
        ├── ServiceUnavailable 503
        │   └── StorageUnavailable, Overloaded
        └── ProviderTimeout 504

A code that this version does not know becomes the class of its status, or of its hundred.
"""

from typing import ClassVar

from msgspec import Struct


class AtpixError(Exception):
    """Every exception that this package raises about the service."""


class MissingAPIKey(AtpixError):
    def __init__(self) -> None:
        super().__init__("No API key: pass api_key= or set ATPIX_API_KEY.")


class SourceChanged(AtpixError):
    pass


class APIConnectionError(AtpixError):
    def __init__(self, message: str, maybe_done: bool = True) -> None:  # noqa: FBT001, FBT002 (pickles by position)
        super().__init__(message, maybe_done)
        self.message = message
        self.maybe_done = maybe_done
        """False when the request certainly never reached the server."""

    def __str__(self) -> str:
        return self.message


class APITimeoutError(APIConnectionError):
    pass


class APIAnswerError(AtpixError):
    pass


class Detail(Struct, frozen=True):
    path: str = ""
    message: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """The facts of an error answer. One value, so that the exceptions survive pickling."""

    status: int
    code: str | None = None
    message: str
    details: list[Detail] = []
    request_id: str | None = None
    retry_after: float | None = None
    """Seconds."""


class APIStatusError(AtpixError):
    own_status: ClassVar[int | None] = None
    """The status this class stands for when the code says nothing more precise."""
    own_code: ClassVar[str | None] = None

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.status = problem.status
        self.code = problem.code
        """`None` when the answer came from something other than Atpix, such as a proxy."""
        self.message = problem.message
        self.details = problem.details
        self.request_id = problem.request_id
        self.retry_after = problem.retry_after

    def __str__(self) -> str:
        faults = "".join(f"; {detail.path}: {detail.message}" for detail in self.details)
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status} {self.code or ''}".strip() + f": {self.message}{faults}{request}"


class BadRequest(APIStatusError):
    own_status = 400


class ValidationFailed(BadRequest):
    own_code = "VALIDATION_ERROR"


class AliasFormatCheck(BadRequest):
    own_code = "ALIAS_FORMAT_CHECK"


class ReservedAlias(BadRequest):
    own_code = "RESERVED_ALIAS"


class TechnicalAliasRequiresFlow(BadRequest):
    own_code = "TECHNICAL_ALIAS_REQUIRES_FLOW"


class ScopeInvalidFormat(BadRequest):
    own_code = "SCOPE_INVALID_FORMAT"


class ImageNotInScope(BadRequest):
    own_code = "IMAGE_NOT_IN_SCOPE"


class Unauthorized(APIStatusError):
    own_status, own_code = 401, "UNAUTHORIZED"


class Forbidden(APIStatusError):
    own_status, own_code = 403, "FORBIDDEN"


class NotFound(APIStatusError):
    """Also what an address that is no endpoint answers."""

    own_status, own_code = 404, "NOT_FOUND"


class ImageNotFound(NotFound):
    own_code = "IMAGE_NOT_FOUND"


class AliasNotFound(NotFound):
    own_code = "ALIAS_NOT_FOUND"


class FlowNotFound(NotFound):
    own_code = "FLOW_NOT_FOUND"


class GenerationNotFound(NotFound):
    own_code = "GENERATION_NOT_FOUND"


class ScopeNotFound(NotFound):
    own_code = "SCOPE_NOT_FOUND"


class OrganizationNotFound(NotFound):
    own_code = "ORGANIZATION_NOT_FOUND"


class ProjectNotFound(NotFound):
    own_code = "PROJECT_NOT_FOUND"


class KeyNotFound(NotFound):
    own_code = "KEY_NOT_FOUND"


class MethodNotAllowed(APIStatusError):
    own_status, own_code = 405, "METHOD_NOT_ALLOWED"


class RequestTimeout(APIStatusError):
    own_status, own_code = 408, "REQUEST_TIMEOUT"


class Conflict(APIStatusError):
    own_status = 409


class AliasConflict(Conflict):
    own_code = "ALIAS_CONFLICT"


class DuplicateImage(Conflict):
    """The answer to `on_duplicate="reject"`."""

    own_code = "DUPLICATE_IMAGE"


class ScopeAlreadyExists(Conflict):
    own_code = "SCOPE_ALREADY_EXISTS"


class OrganizationAlreadyExists(Conflict):
    own_code = "ORGANIZATION_ALREADY_EXISTS"


class ProjectAlreadyExists(Conflict):
    own_code = "PROJECT_ALREADY_EXISTS"


class KeyNotActive(Conflict):
    own_code = "KEY_NOT_ACTIVE"


class IdempotencyKeyInUse(Conflict):
    own_code = "IDEMPOTENCY_KEY_IN_USE"


class Gone(APIStatusError):
    own_status = 410


class PreconditionFailed(APIStatusError):
    own_status, own_code = 412, "PRECONDITION_FAILED"


class ContentTooLarge(APIStatusError):
    own_status = 413


class FileTooLarge(ContentTooLarge):
    own_code = "FILE_TOO_LARGE"


class ImageTooLarge(ContentTooLarge):
    """Too many pixels, not too many bytes."""

    own_code = "IMAGE_TOO_LARGE"


class UnsupportedMediaType(APIStatusError):
    own_status = 415


class UnsupportedFileType(UnsupportedMediaType):
    own_code = "UNSUPPORTED_FILE_TYPE"


class UnprocessableContent(APIStatusError):
    own_status = 422


class InvalidImage(UnprocessableContent):
    """The right type, but its bytes do not decode."""

    own_code = "INVALID_IMAGE"


class PrivateMetadata(UnprocessableContent):
    """The project refuses pictures that tell where or by whom they were taken."""

    own_code = "PRIVATE_METADATA"


class IdempotencyKeyReused(UnprocessableContent):
    own_code = "IDEMPOTENCY_KEY_REUSED"


class ContentBlocked(UnprocessableContent):
    own_code = "CONTENT_BLOCKED"


class TooManyRequests(APIStatusError):
    own_status = 429


class RateLimitExceeded(TooManyRequests):
    own_code = "RATE_LIMIT_EXCEEDED"


class ScopeGenerationLimitExceeded(TooManyRequests):
    own_code = "SCOPE_GENERATION_LIMIT_EXCEEDED"


class ProviderRateLimit(TooManyRequests):
    own_code = "PROVIDER_RATE_LIMIT"


class ServerFault(APIStatusError):
    pass


class InternalError(ServerFault):
    own_status, own_code = 500, "INTERNAL_ERROR"


class ProviderError(ServerFault):
    own_code = "PROVIDER_ERROR"


class ServiceUnavailable(ServerFault):
    own_status = 503


class StorageUnavailable(ServiceUnavailable):
    own_code = "STORAGE_UNAVAILABLE"


class Overloaded(ServiceUnavailable):
    own_code = "OVERLOADED"


class ProviderTimeout(ServerFault):
    own_code = "PROVIDER_TIMEOUT"
