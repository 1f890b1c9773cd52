"""Read on, for a while, what a client still sends when it has its answer.

To close on unread bytes is to reset the connection: most clients send to the end before they read, so they would see
the reset and never the answer (RFC 9112, section 9.6). What is read here is thrown away.
"""

import asyncio

from atpix.http.types import Message, Receive

LONGEST_S = 20.0
MOST_BYTES = 256 * 2**20


class Body:
    """A `receive` that remembers whether the end of the request came through it."""

    __slots__ = ("_receive", "_unread")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._unread = True

    async def __call__(self) -> Message:
        message = await self._receive()
        self._unread = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def finish(self) -> None:
        """Returns when the client has sent everything, has left, or has used up what it is granted."""
        left = MOST_BYTES
        try:
            async with asyncio.timeout(LONGEST_S):
                while self._unread and left > 0:
                    left -= len((await self()).get("body", b""))
        except TimeoutError:
            return
