"""From a storage URL to an obstore store with explicit patience."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import BaseError
from obstore.store import MemoryStore, from_url

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

_SCHEMES = ("s3", "gs", "az")


def bucket(url: str, options: Mapping[str, str], *, timeout_s: float, retries: int) -> "ObjectStore":
    """Open `memory://`, `s3://`, `gs://` or `az://`. The URL's query holds obstore's options.

    They win over `options`. Raises ValueError with a sentence for the operator. Nothing is sent yet.
    """
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return MemoryStore()
    if parts.scheme not in _SCHEMES or not parts.netloc:
        raise ValueError("The storage URL must be a folder, file://, memory://, s3://BUCKET, gs:// or az://.")
    chosen: dict[str, Any] = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if parts.scheme == "s3":
        chosen = _s3(options) | chosen
    client = _patience(timeout_s)
    client["allow_http"] = str(chosen.get("endpoint", "")).startswith("http://")
    try:
        return from_url(
            parts._replace(query="").geturl(),
            config=cast("S3Config", chosen),  # or another's: obstore refuses names it does not know
            client_options=client,
            retry_config=_persistence(timeout_s, retries),
        )
    except BaseError as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"The storage URL cannot be used: {reason}") from None


def _s3(given: Mapping[str, str]) -> dict[str, Any]:
    """Many servers speak S3 without buckets as host names, and without deleting many keys in one request."""
    defaults = {"virtual_hosted_style_request": "false", "disable_bulk_delete": "true"}
    return defaults | {name: value for name, value in given.items() if value}


def _patience(timeout_s: float) -> "ClientConfig":
    """Silence ends a request, length does not: `timeout` counts a whole body at the pace of our own client.

    Left alone, obstore waits for three minutes on a server that accepts and never answers.
    """
    silence = timedelta(seconds=timeout_s)
    return {"connect_timeout": silence, "read_timeout": silence, "timeout": timedelta(hours=24)}


def _persistence(timeout_s: float, retries: int) -> "RetryConfig":
    return {
        "max_retries": retries,
        "retry_timeout": timedelta(seconds=timeout_s * (retries + 1)),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=min(timeout_s, 5)),
            "base": 2,
        },
    }
