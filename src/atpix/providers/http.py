"""The HTTP client of all providers: bounded in time and bytes, with every failure told as ProviderFailed.

Each request has a connection of its own. A kept one may have been closed by the other side a moment ago, and whether a
request that met that was taken, and charged, nobody knows; beside seconds of drawing a handshake is little.
"""

import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpcore2
import httpx2
import msgspec
from pydantic import SecretStr

from atpix.providers import faults, inline, telling
from atpix.providers.dialling import Deadline, Dialler, Forbidden, Resolve, resolve
from atpix.providers.values import Json, ProviderFailed
from atpix.settings import Settings

Files = Sequence[tuple[str, tuple[str, bytes, str]]]
"""Of a multipart form: (field, (file name, bytes, media type)), in order; a field may come several times."""

MAX_REDIRECTS = 3
_MIB = 2**20
_PORTS = {"http": 80, "https": 443}


class Key(NamedTuple):
    """Goes out as `{header}: {scheme} {secret}` to the base URL's origin only, and stands in no message. An empty
    secret sends no header.
    """

    secret: SecretStr
    header: str = "Authorization"
    scheme: str = "Bearer"

    def headers(self) -> dict[str, str]:
        secret = self.secret.get_secret_value()
        return {self.header: f"{self.scheme} {secret}".strip()} if secret else {}

    def unsaid(self, told: Any) -> Any:  # noqa: ANN401  JSON, whatever it is
        """Some providers repeat what they were sent."""
        secret = self.secret.get_secret_value()
        return telling.without(secret, told) if secret else told


class Http:
    """One provider's client, for any number of threads.

    `resolve` and `network` are the world outside; tests hand in their own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        provider: str,
        base_url: str,
        key: Key,
        timeout_s: float | None = None,
        answer_bytes: int | None = None,
        resolve: Resolve = resolve,
        network: httpcore2.NetworkBackend | None = None,
    ) -> None:
        self._provider = provider
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._timeout_s = timeout_s or settings.provider_timeout_s
        self._max_file_bytes = settings.max_file_bytes
        self._answer_bytes = answer_bytes or settings.max_file_bytes * 4 // 3 + _MIB
        self._resolve = resolve
        self._network = network or httpcore2.SyncBackend()
        self._tls: ssl.SSLContext | None = None
        self._opening = threading.Lock()

    def call(
        self,
        path: str,
        body: Json | None = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
    ) -> Json:
        """Send JSON or a (multipart) form, get a JSON object. `path` begins with a slash and is appended to the base
        URL; a whole URL must have the same origin, since the key goes with it. Redirects are not followed.

        Raises Refusal, with the decoded body, when the status is not 2xx; other ProviderFailed when there is no answer
        that can be used. What is returned or raised is without the key. Unless `answer_bytes` says less, the answer may
        hold a picture in base64, of the size that an upload may have.
        """
        url = self._url(path)
        with faults.translated(self._provider):
            request = httpx2.Request(
                method, url, headers=self._headers(headers), json=body, data=dict(form) if form else None, files=files
            )
            with self._answer(request, public_only=False) as answer:
                text = self._read(answer, self._answer_bytes)
        return self._decoded(answer, text)

    def fetch(self, url: str, target: Path, max_bytes: int | None = None) -> None:
        """The bytes behind a URL that a provider named, written to `target`: http, https or `data:`.

        Every hop must lead to public addresses only, except to the base URL's own origin. Raises ProviderFailed.
        """
        limit = max_bytes or self._max_file_bytes
        with faults.translated(self._provider):
            if url[:5].lower() == "data:":
                target.write_bytes(inline.decoded(self._provider, url, limit))
                return
            deadline = Deadline(self._timeout_s)
            for _ in range(MAX_REDIRECTS + 1):
                onward = self._fetched(url, target, limit, deadline)
                if onward is None:
                    return
                url = onward
        raise ProviderFailed("PROVIDER_ERROR", f"{self._provider} named a picture behind too many redirects.")

    def said(self, body: Json) -> str:
        """The sentence in a body that has no picture: cut, and without the key."""
        return faults.quoted(body, self._key.secret)

    def _fetched(self, url: str, target: Path, limit: int, deadline: Deadline) -> str | None:
        """One hop; the next URL, or None when the bytes have been written."""
        own = self._is_own(httpx2.URL(url))
        request = httpx2.Request("GET", url, headers=self._headers({"Accept": "image/*, */*;q=0.5"}, own=own))
        faults.require_web_address(self._provider, request.url)
        with self._answer(request, public_only=not own, deadline=deadline) as answer:
            if answer.is_redirect:
                location = self._key.unsaid(answer.headers.get("Location", ""))
                return str(request.url.join(location)) if location else faults.lost(self._provider)
            if not answer.is_success:
                raise faults.picture_missing(self._provider, answer)
            with target.open("wb") as file:
                for piece in self._pieces(answer, limit):
                    file.write(piece)
            return None

    @contextmanager
    def _answer(
        self, request: httpx2.Request, *, public_only: bool, deadline: Deadline | None = None
    ) -> Iterator[httpx2.Response]:
        dialler = Dialler(
            deadline or Deadline(self._timeout_s),
            public_only=public_only,
            resolve=self._resolve,
            network=self._network,
        )
        try:
            with (
                httpcore2.ConnectionPool(
                    ssl_context=self._secured(request.url.scheme), max_connections=1, network_backend=dialler
                ) as pool,
                pool.stream(
                    request.method, str(request.url), headers=request.headers.raw, content=request.read()
                ) as answer,
            ):
                yield httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer), request=request)
        except Forbidden:
            raise faults.internal_address(self._provider, request.url) from None

    def _secured(self, scheme: str) -> ssl.SSLContext | None:
        """Made once, when first needed: it reads every root certificate there is."""
        if scheme != "https":
            return None
        with self._opening:
            if self._tls is None:
                self._tls = httpx2.create_ssl_context(trust_env=False)
            return self._tls

    def _headers(self, more: Mapping[str, str] | None, *, own: bool = True) -> dict[str, str]:
        plain = {"User-Agent": "atpix", "Accept": "application/json", "Accept-Encoding": "identity"}
        return {**plain, "Connection": "close", **(more or {}), **(self._key.headers() if own else {})}

    def _url(self, path: str) -> httpx2.URL:
        if path.startswith("/"):
            return httpx2.URL(self._base_url + path)
        url = httpx2.URL(path)
        if not self._is_own(url):
            raise ProviderFailed("PROVIDER_ERROR", f"{self._provider} wants to be asked at another host, {url.host}.")
        return url

    def _is_own(self, url: httpx2.URL) -> bool:
        return _origin(url) == _origin(httpx2.URL(self._base_url))

    def _read(self, answer: httpx2.Response, limit: int) -> bytes:
        return b"".join(self._pieces(answer, limit))

    def _pieces(self, answer: httpx2.Response, limit: int) -> Iterator[bytes]:
        """Raises ProviderFailed as soon as there is more than `limit`."""
        if (telling.whole(answer.headers.get("Content-Length", "")) or 0) > limit:
            raise faults.too_large(self._provider, limit)
        n = 0
        for piece in answer.iter_bytes():
            n += len(piece)
            if n > limit:
                raise faults.too_large(self._provider, limit)
            yield piece

    def _decoded(self, answer: httpx2.Response, text: bytes) -> Json:
        body: Json | None = self._key.unsaid(_json(text))
        if not answer.is_success:
            raise faults.refusal(self._provider, answer, body or {}, secret=self._key.secret)
        if body is None:
            raise faults.not_json(self._provider, text)
        return body


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _json(text: bytes) -> Json | None:
    try:
        body: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
