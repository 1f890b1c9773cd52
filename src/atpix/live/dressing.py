"""The answer of delivery to a picture's own address, as that of the live URL it stands behind.

The bytes and their validators are the picture's; how long they may be kept is a name's, since another picture may come.
"""

from collections.abc import Awaitable
from functools import lru_cache
from typing import NamedTuple

from atpix.delivery.entries import RawHeader, RawHeaders
from atpix.http.types import Message, Send
from atpix.ids import ImageId
from atpix.settings import Settings

_OURS = b"X-Cache-Status, X-Generation-Id, X-Image-Id, X-Scope"
_EXPOSE = b"access-control-expose-headers"
EXPOSED_WHILE_PENDING: RawHeader = (_EXPOSE, b"Retry-After, X-Cache-Status, X-Generation-Id, X-Scope")
_EXPOSED: RawHeader = (
    _EXPOSE,
    b"Accept-Ranges, Content-Length, Content-Location, Content-Range, ETag, %b" % _OURS,
)
_TAGS = frozenset({b"cache-tag", b"surrogate-key"})
_REPLACED = _TAGS | {b"cache-control", b"last-modified", b"content-location", _EXPOSED[0]}
_KEPT_AS_IT_IS = b"private, no-store"
_FOR_EVER = 31_536_000


class Life(NamedTuple):
    """Seconds. `left_s`: until the address itself is good no more; None: it has no end. `is_new`: nobody keeps it."""

    fresh_s: int
    stale_s: int
    left_s: int | None = None
    is_new: bool = False

    @classmethod
    def of(cls, settings: Settings, left_s: int | None, *, is_new: bool) -> "Life":
        return cls(settings.alias_max_age_s, settings.alias_stale_s, left_s, is_new)


class Suit(NamedTuple):
    """What is said beside delivery's own headers. `tag` is one more to purge by."""

    own: RawHeaders
    tag: bytes

    @classmethod
    def of(cls, scope: str, image: ImageId, location: str | None, generation: str | None) -> "Suit":
        """`generation`: the one that has just made it."""
        own: RawHeaders = [
            (b"x-cache-status", b"HIT" if generation is None else b"MISS"),
            (b"x-scope", scope.encode()),
            (b"x-image-id", image.encode()),
            _EXPOSED,
        ]
        if generation is not None:
            own.append((b"x-generation-id", generation.encode()))
        if location is not None:
            own.append((b"content-location", location.encode("latin-1")))
        return cls(own, f"live-{scope}".encode())


class Dressing:
    """A `send` for one answer. `gone`: delivery has no such picture any more; then nothing was sent."""

    __slots__ = ("_life", "_send", "_suit", "gone")

    def __init__(self, send: Send, suit: Suit, life: Life) -> None:
        self._send, self._suit, self._life = send, suit, life
        self.gone = False

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            if message["status"] == 404:
                self.gone = True
            elif message["status"] < 400:
                message["headers"] = self._dressed(message["headers"])
            else:
                message["headers"] = [*_unkept(message["headers"]), *self._suit.own[:2]]
        return _nothing() if self.gone else self._send(message)

    def _dressed(self, theirs: RawHeaders) -> RawHeaders:
        kept, replaced = [], {}
        for line in theirs:
            if line[0] in _REPLACED:
                replaced[line[0]] = line[1]
            else:
                kept.append(line)
        return [
            *kept,
            (b"cache-control", _cache_control(replaced.get(b"cache-control", b""), self._life)),
            (b"cache-tag", replaced.get(b"cache-tag", b"") + b"," + self._suit.tag),
            (b"surrogate-key", replaced.get(b"surrogate-key", b"") + b" " + self._suit.tag),
            *self._suit.own,
        ]


def _unkept(theirs: RawHeaders) -> RawHeaders:
    """Another picture may be fine, and comes to the same address."""
    return [(name, b"no-store" if name == b"cache-control" else value) for name, value in theirs]


@lru_cache(maxsize=1024)
def _cache_control(theirs: bytes, life: Life) -> bytes:
    """A name's life, no longer than delivery itself has said, and no longer than the address is good."""
    if theirs == _KEPT_AS_IT_IS:
        return theirs
    if life.is_new:
        return b"no-store"
    longest = _FOR_EVER if life.left_s is None else max(0, life.left_s)
    said = theirs.partition(b"max-age=")[2].partition(b",")[0]
    longest = min(longest, int(said) if said.isdigit() else 0)
    fresh_s = min(life.fresh_s, longest)
    stale_s = min(life.stale_s, longest - fresh_s)
    return b"public, max-age=%d" % fresh_s + (b", stale-while-revalidate=%d" % stale_s if stale_s else b"")


async def _nothing() -> None:
    return
