"""What goes wrong between us and a provider, in sentences for whoever asked for the picture, without any secret."""

import email.utils
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, NoReturn

import httpcore2
import httpx2
from pydantic import SecretStr

from atpix.providers import telling
from atpix.providers.values import Json, ProviderFailed

_SAID_CHARS = 300
_LONGEST_WAIT_S = 24 * 3600.0
_BUSY = frozenset({408, 425})


class Refusal(ProviderFailed):
    """The provider answered with a status that is not 2xx. `body` is its answer, {} where it was not JSON; `said` the
    sentence in it, cut and without the key.
    """

    def __init__(
        self,
        code: Literal["PROVIDER_ERROR", "PROVIDER_RATE_LIMIT"],
        message: str,
        *,
        status: int,
        body: Json,
        said: str = "",
        worth_retrying: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, message, worth_retrying=worth_retrying, retry_after_s=retry_after_s)
        self.status = status
        self.body = body
        self.said = said


@contextmanager
def translated(provider: str) -> Iterator[None]:
    """Whatever HTTP raises inside is a ProviderFailed outside."""
    try:
        yield
    except httpcore2.TimeoutException:
        message = f"{provider} did not answer in time. Try again, or raise ATPIX_PROVIDER_TIMEOUT_S."
        raise ProviderFailed("PROVIDER_TIMEOUT", message, worth_retrying=True) from None
    except (httpcore2.ConnectError, httpcore2.UnsupportedProtocol) as error:
        trust = " Its certificate was not accepted." if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} cannot be reached.{trust}", worth_retrying=True) from None
    except (httpcore2.NetworkError, httpcore2.RemoteProtocolError):
        raise ProviderFailed(
            "PROVIDER_ERROR", f"{provider} broke its answer off, or gave none.", worth_retrying=True
        ) from None
    except httpx2.DecodingError:
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} sent a damaged answer.", worth_retrying=True) from None
    except (httpx2.InvalidURL, httpcore2.ProtocolError, ValueError):  # ValueError: a port beyond all ports
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} named an address that is none.") from None


def refusal(provider: str, answer: httpx2.Response, body: Json, *, secret: SecretStr) -> Refusal:
    status, said = answer.status_code, quoted(body, secret)
    telling = partial(Refusal, status=status, body=body, said=said)
    again = partial(
        telling, worth_retrying=True, retry_after_s=retry_after_s(answer.headers.get("Retry-After"), time.time())
    )
    words = f" It says: {said}" if said else ""
    if status in {401, 403}:
        return telling("PROVIDER_ERROR", f"{provider} refused the server's key.")
    if status == 429:
        return again("PROVIDER_RATE_LIMIT", f"{provider} allows no more requests now. Try again later.{words}")
    if status >= 500 or status in _BUSY:
        return again("PROVIDER_ERROR", f"{provider} failed with status {status}. Try again later.{words}")
    if 300 <= status < 400:
        message = f"{provider} answered with a redirect, which is not followed. Is its base URL right?"
        return telling("PROVIDER_ERROR", message)
    return telling("PROVIDER_ERROR", f"{provider} refused the request with status {status}.{words}")


def what_it_says(body: Json) -> str:
    """The sentence in an error's body, in the shapes that providers use; empty where there is none."""
    for name in ("error", "detail", "message", "title"):
        value = body.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("message") or value.get("msg")
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def quoted(body: Json, secret: SecretStr) -> str:
    """What it says, cut, on one line, and without the key, should the provider have repeated it."""
    said, key = what_it_says(body), secret.get_secret_value()
    return " ".join((said.replace(key, "[key]") if key else said).split())[:_SAID_CHARS]


def retry_after_s(value: str | None, now_s: float) -> float | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3), never negative, a day at most. None when it is neither."""
    if not value:
        return None
    if (said := telling.whole(value)) is not None:
        return min(float(said), _LONGEST_WAIT_S)
    try:
        at_s = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, at_s - now_s), _LONGEST_WAIT_S)


def not_json(provider: str, text: bytes) -> ProviderFailed:
    if not text.strip():
        return ProviderFailed("PROVIDER_ERROR", f"{provider} answered with nothing.")
    kind = "a web page" if text.lstrip()[:1] == b"<" else "something that is not a JSON object"
    return ProviderFailed("PROVIDER_ERROR", f"{provider} answered with {kind}. Is its base URL right?")


def too_large(provider: str, limit: int) -> ProviderFailed:
    return ProviderFailed("PROVIDER_ERROR", f"{provider} sent more than {limit:,} bytes, which was not taken.")


def internal_address(provider: str, url: httpx2.URL) -> ProviderFailed:
    return ProviderFailed(
        "PROVIDER_ERROR", f"{provider} named a picture at {url.host}, which is not a public address; not fetched."
    )


def picture_missing(provider: str, answer: httpx2.Response) -> ProviderFailed:
    status = answer.status_code
    return ProviderFailed(
        "PROVIDER_ERROR",
        f"The picture that {provider} named could not be fetched: status {status}.",
        worth_retrying=status >= 500 or status == 429,
        retry_after_s=retry_after_s(answer.headers.get("Retry-After"), time.time()),
    )


def require_web_address(provider: str, url: httpx2.URL) -> None:
    if url.scheme not in {"http", "https"} or not url.host:
        message = f"{provider} named a picture by an address that is neither http nor https; not fetched."
        raise ProviderFailed("PROVIDER_ERROR", message)


def lost(provider: str) -> NoReturn:
    raise ProviderFailed("PROVIDER_ERROR", f"{provider} named a picture behind a redirect to nowhere.")
