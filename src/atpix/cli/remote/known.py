"""What the project holds already, by content: the list is read only as far as it must be."""

import threading
from dataclasses import dataclass
from urllib.parse import urljoin

from atpix_client import Atpix, Image, errors

RECORD_BYTES = 1_000
"""About what an image costs in a list."""


@dataclass(frozen=True, slots=True)
class Existing:
    id: str
    alias: str | None
    url: str

    @classmethod
    def of(cls, image: Image, base_url: str) -> "Existing":
        return cls(image.id, image.alias, urljoin(f"{base_url}/", image.storage_url))


class Known:
    """Newest first, so that a transfer that is taken up again reads little. Safe between threads."""

    def __init__(self, client: Atpix) -> None:
        self._client = client
        self._walk = client.images.iterate()
        self._found: dict[str, Existing] = {}
        self._lock = threading.Lock()
        self._whole = False

    @classmethod
    def if_cheap(cls, client: Atpix, bytes_to_send: int) -> "Known | None":
        """None when sending the files costs less than the list, or when the key may not read: let the server compare,
        which it does with the bytes in its hands.
        """
        try:
            total = client.images.list(limit=1).total
        except errors.Forbidden:
            return None
        return cls(client) if total * RECORD_BYTES <= bytes_to_send else None

    def find(self, sha256: str) -> Existing | None:
        """Raises the client's errors."""
        with self._lock:
            while sha256 not in self._found and not self._whole:
                self._read_on()
            return self._found.get(sha256)

    def _read_on(self) -> None:
        image = next(self._walk, None)
        if image is None:
            self._whole = True
        elif image.sha256 is not None:
            self._found.setdefault(image.sha256, Existing.of(image, self._client.base_url))
