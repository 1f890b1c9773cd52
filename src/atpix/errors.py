"""What can go wrong, as the wire says it: the class is the outcome, `code` is the promise.

Each feature adds its own in its `errors.py`; here stand those that belong to none.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple


class Fault(NamedTuple):
    """One thing wrong in a request: where (`focalPoint.x`) and what to do about it."""

    path: str
    message: str


class AtpixError(Exception):
    """The base of all expected failures. `message` tells the caller what to do; `facts` go into the log, `headers` into
    the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    retry_after_s: int | None = None
    headers: Mapping[str, str] = {}

    def __init__(self, message: str, *, faults: tuple[Fault, ...] = (), **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults
        self.facts = facts


class InternalError(AtpixError):
    """What nobody expected. The message never says what it was; the log does, under the request's id."""

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side. Report the requestId to the operator of this server.")


class ValidationFailed(AtpixError):
    status, code = 400, "VALIDATION_ERROR"

    @classmethod
    def at(cls, path: str, message: str) -> "ValidationFailed":
        return cls(f"{path}: {message}" if path else message, faults=(Fault(path, message),))


class Unauthorized(AtpixError):
    """Missing, wrong, expired and revoked keys get one and the same answer, so that it tells a guesser nothing."""

    status, code = 401, "UNAUTHORIZED"

    def __init__(self) -> None:
        super().__init__("Send a valid key in the header X-API-Key or as Authorization: Bearer.")


class Forbidden(AtpixError):
    status, code = 403, "FORBIDDEN"


class NotFound(AtpixError):
    status, code = 404, "NOT_FOUND"


class MethodNotAllowed(AtpixError):
    status, code = 405, "METHOD_NOT_ALLOWED"


class RequestTimeout(AtpixError):
    status, code = 408, "REQUEST_TIMEOUT"

    def __init__(self) -> None:
        super().__init__("The body took too long to arrive; send it again over a faster line.")


class PreconditionFailed(AtpixError):
    status, code = 412, "PRECONDITION_FAILED"


class FileTooLarge(AtpixError):
    status, code = 413, "FILE_TOO_LARGE"


class StorageUnavailable(AtpixError):
    """The database or the store of bytes cannot be reached, or has no room. Nothing was changed."""

    status, code, retry_after_s = 503, "STORAGE_UNAVAILABLE", 5


class StorageFull(StorageUnavailable):
    def __init__(self) -> None:
        super().__init__("The server's storage is full. Nothing was kept; ask its operator to make room.")


class Overloaded(AtpixError):
    status, code, retry_after_s = 503, "OVERLOADED", 2


class DatabaseBusy(Overloaded):
    """It answers nobody in time. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__("The database is busy; try again in a moment.")
