"""What every exception is, and one class for each status."""

from typing import ClassVar

from msgspec import Struct


class AtpixError(Exception):
    """Every exception that this package raises about the service."""

    may_be_done: bool = False
    """The service may have done what it was asked for, all the same: the answer was lost, or that to an earlier attempt
    at the same call. A POST with the same `idempotency_key` finds out.
    """


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


class StillGenerating(AtpixError):
    """A wait has ended, and the generation has not: it goes on, and may be waited for again."""

    def __init__(self, generation_id: str, waited_s: float) -> None:
        super().__init__(generation_id, waited_s)
        self.generation_id = generation_id
        self.waited_s = waited_s

    def __str__(self) -> str:
        return f"Generation {self.generation_id} is still under way after {self.waited_s:g} s."


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
        told = [f"{detail.path}: {detail.message}" if detail.path else detail.message for detail in self.details]
        faults = "".join(f"; {fault}" for fault in told if fault not in self.message)
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status} {self.code or ''}".strip() + f": {self.message}{faults}{request}"


class BadRequest(APIStatusError):
    own_status = 400


class Unauthorized(APIStatusError):
    own_status, own_code = 401, "UNAUTHORIZED"


class PaymentRequired(APIStatusError):
    own_status = 402


class Forbidden(APIStatusError):
    own_status, own_code = 403, "FORBIDDEN"


class NotFound(APIStatusError):
    """Also what an address that is no endpoint answers."""

    own_status, own_code = 404, "NOT_FOUND"


class MethodNotAllowed(APIStatusError):
    own_status, own_code = 405, "METHOD_NOT_ALLOWED"


class RequestTimeout(APIStatusError):
    own_status, own_code = 408, "REQUEST_TIMEOUT"


class Conflict(APIStatusError):
    own_status = 409


class Gone(APIStatusError):
    own_status = 410


class PreconditionFailed(APIStatusError):
    own_status, own_code = 412, "PRECONDITION_FAILED"


class ContentTooLarge(APIStatusError):
    own_status = 413


class UnsupportedMediaType(APIStatusError):
    own_status = 415


class UnprocessableContent(APIStatusError):
    own_status = 422


class TooManyRequests(APIStatusError):
    own_status = 429


class ServerFault(APIStatusError):
    pass


class BadGateway(ServerFault):
    own_status = 502


class ServiceUnavailable(ServerFault):
    own_status = 503


class GatewayTimeout(ServerFault):
    own_status = 504
