"""Which server, which key, and what its failures are called on a command line."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atpix.cli.outcome import Exit, Misused, Refused, Unusable
from atpix.cli.remote.presenting import plain
from atpix_client import Atpix, errors


@Parameter(name="*", group="Server")
@dataclass(frozen=True, kw_only=True)
class Server:
    """A key is never an argument: other users of the machine could read it in the list of processes."""

    url: Annotated[str | None, Parameter(help="Its address. ATPIX_URL")] = None
    api_key_file: Annotated[Path | None, Parameter(help="A file that holds the key, instead of ATPIX_API_KEY.")] = None


@contextmanager
def connected(server: Server | None, sleep: Callable[[float], object] = time.sleep) -> Iterator[Atpix]:
    """A client; what it raises leaves as a sentence with an exit code. Raises Misused, Refused, Unusable."""
    with opened(server or Server(), sleep) as client:
        try:
            yield client
        except errors.AtpixError as error:
            raise told(error, client.base_url) from error


def opened(server: Server, sleep: Callable[[float], object]) -> Atpix:
    """Raises Misused."""
    try:
        return Atpix(None if server.api_key_file is None else _key(server.api_key_file), server.url, sleep=sleep)
    except errors.MissingAPIKey:
        raise Misused("There is no API key: set ATPIX_API_KEY, or name a file with --api-key-file.") from None
    except ValueError as error:
        raise Misused(str(error)) from None


def told(error: errors.AtpixError, url: str, what_now: str = "") -> Unusable | Refused:
    kind = Unusable if exit_of(error) is Exit.UNAVAILABLE else Refused
    return kind(plain(f"{sentence(error, url)} {what_now}".rstrip()))


def exit_of(error: errors.AtpixError) -> Exit:
    match error:
        case errors.APIConnectionError() | errors.APIAnswerError() | errors.ServerFault():
            return Exit.UNAVAILABLE
        case _:
            return Exit.FAILED


def sentence(error: errors.AtpixError, url: str) -> str:
    match error:
        case errors.APIConnectionError():
            return _unanswered(error, url)
        case errors.Unauthorized():
            return f"The server at {url} does not accept this key: it is wrong, expired or revoked."
        case errors.APIStatusError(code=None):
            return f"What answers at {url} does not seem to be Atpix: {error.status} {error.message}."
        case errors.ServerFault():
            return f"{error.message} (request {error.request_id})"
        case _:
            return error.message if isinstance(error, errors.APIStatusError) else str(error)


def _unanswered(error: errors.APIConnectionError, url: str) -> str:
    if isinstance(error, errors.APITimeoutError):
        return f"The server at {url} did not answer in time."
    if error.maybe_done:
        return f"The connection to {url} broke: {_cause(error)}."
    return f"The server at {url} cannot be reached: {_cause(error)}."


def _cause(error: errors.APIConnectionError) -> str:
    """`[Errno 111] Connection refused` is for programmers as far as the bracket."""
    text = str(error.__cause__ or error).rpartition("] ")[2].rstrip(".")
    return text or type(error.__cause__).__name__


def _key(path: Path) -> str:
    """Raises Misused."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        # Not repeated: it may be the key itself.
        raise Misused(f"The file of --api-key-file cannot be read: {reason}.") from None
