"""What a server's process does as soon as it is told to end: long before its last request has been answered."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType


def heed(leave: Callable[[], None]) -> None:
    """From now on `leave` is called on the running loop at SIGTERM and SIGINT, beside what happens anyway.

    In the main thread, after the server has set its own handlers. Those of granian's event loop are behind a wake-up
    descriptor and need Python's only to be there, so that one more may stand in front.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def heard(number: int, frame: FrameType | None, before: object = before) -> None:
            loop.call_soon_threadsafe(leave)  # nothing more here: any lock may be held by this very thread
            if callable(before):
                before(number, frame)

        if callable(before):
            signal.signal(number, heard)
            signal.siginterrupt(number, False)
