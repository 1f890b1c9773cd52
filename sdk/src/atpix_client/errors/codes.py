"""One class for each error code, below that of its status."""

from collections.abc import Iterator

from atpix_client.errors.statuses import (
    APIStatusError,
    BadGateway,
    BadRequest,
    Conflict,
    ContentTooLarge,
    GatewayTimeout,
    NotFound,
    PaymentRequired,
    Problem,
    ServerFault,
    ServiceUnavailable,
    TooManyRequests,
    UnprocessableContent,
    UnsupportedMediaType,
)


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


class BudgetExceeded(PaymentRequired):
    """What the project may spend on generations this month is spent."""

    own_code = "BUDGET_EXCEEDED"


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


class GenerationInProgress(Conflict):
    own_code = "GENERATION_IN_PROGRESS"


class Cancelled(Conflict):
    """Of a generation that somebody stopped; no answer has it, only `Generation.error`."""

    own_code = "CANCELLED"


class IdempotencyKeyInUse(Conflict):
    own_code = "IDEMPOTENCY_KEY_IN_USE"


class FileTooLarge(ContentTooLarge):
    own_code = "FILE_TOO_LARGE"


class ImageTooLarge(ContentTooLarge):
    """Too many pixels, not too many bytes."""

    own_code = "IMAGE_TOO_LARGE"


class UnsupportedFileType(UnsupportedMediaType):
    own_code = "UNSUPPORTED_FILE_TYPE"


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


class RateLimitExceeded(TooManyRequests):
    own_code = "RATE_LIMIT_EXCEEDED"


class ScopeGenerationLimitExceeded(TooManyRequests):
    own_code = "SCOPE_GENERATION_LIMIT_EXCEEDED"


class ProviderRateLimit(TooManyRequests):
    own_code = "PROVIDER_RATE_LIMIT"


class InternalError(ServerFault):
    own_status, own_code = 500, "INTERNAL_ERROR"


class ProviderError(BadGateway):
    own_code = "PROVIDER_ERROR"


class StorageUnavailable(ServiceUnavailable):
    own_code = "STORAGE_UNAVAILABLE"


class Overloaded(ServiceUnavailable):
    own_code = "OVERLOADED"


class ProviderTimeout(GatewayTimeout):
    own_code = "PROVIDER_TIMEOUT"


def of(problem: Problem) -> APIStatusError:
    """By its code; a code that this version does not know becomes the class of its status, or of its hundred."""
    known = list(_below(APIStatusError))
    by_code = (kind for kind in known if problem.code and kind.own_code == problem.code)
    by_status = (kind for kind in known if kind.own_status == problem.status)
    fallback = ServerFault if problem.status >= 500 else APIStatusError
    return (next(by_code, None) or next(by_status, fallback))(problem)


def of_generation(code: str, message: str) -> APIStatusError:
    """What a generation failed of, with the status that an answer with this code has."""
    status = next((kind.own_status for kind in _below(APIStatusError) if kind.own_code == code), None)
    return of(Problem(status=status or 500, code=code, message=message))


def _below(kind: type[APIStatusError]) -> Iterator[type[APIStatusError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
