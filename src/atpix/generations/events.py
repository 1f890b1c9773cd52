"""A generation's states as server-sent events (WHATWG HTML, section 9.2): one at once, one a change, until it ends.

An event's id names the state. A client that was cut off sends the last one (`Last-Event-ID`) and gets what is new; when
it has seen the end, 204 tells it not to come again.
"""

import math
import time
from collections.abc import AsyncIterator

from atpix.generations import actions
from atpix.generations.answering import Asking
from atpix.generations.errors import GenerationNotFound
from atpix.generations.rows import Shown
from atpix.generations.waiting import looks
from atpix.http.conditional import etag_of
from atpix.http.wire import encode
from atpix.ids import GenerationId

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
ALIVE_EVERY_S = 15.0
_RETRY_MS = 2000


def has_seen_the_end(asking: Asking, shown: Shown, last_seen: str | None) -> bool:
    return shown.generation.has_ended and last_seen == _state(_data(asking, shown))


async def stream(asking: Asking, generation: GenerationId, last_seen: str | None) -> AsyncIterator[bytes]:
    """Ends after the last state, or with `deleted`."""
    yield b"retry: %d\n\n" % _RETRY_MS
    written_s = time.monotonic()
    with asking.waiters.watching(generation) as watch:
        async for _ in looks(watch, math.inf):
            try:
                shown = await asking.svc.db.on_loop(actions.get, asking.svc, asking.who, generation)
            except GenerationNotFound:
                yield b'event: deleted\ndata: {"id":"%b"}\n\n' % generation.encode()
                return
            data = _data(asking, shown)
            if (state := _state(data)) != last_seen:
                yield b"event: status\nid: %b\ndata: %b\n\n" % (state.encode(), data)
                last_seen, written_s = state, time.monotonic()
            if shown.generation.has_ended:
                return
            if time.monotonic() - written_s >= ALIVE_EVERY_S:
                yield b": still there\n\n"
                written_s = time.monotonic()


def _data(asking: Asking, shown: Shown) -> bytes:
    """JSON has no line breaks outside of strings here, and escapes those inside."""
    return encode(asking.out(shown))


def _state(data: bytes) -> str:
    return etag_of(data).strip('"')
