"""What every child process does: requests from stdin, answers to stdout, one after the other, until it is killed.

It holds nothing worth stealing or saving: no environment of its parent's, no connections, no state but pixels. It may
be killed at any moment, and it ends itself the moment its parent is gone, in the middle of a decode if need be (a
thread of its own waits on stdin, and decoding does not hold the interpreter's lock).
"""

import os
import queue
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import pyvips

from atpix.imaging import messages
from atpix.imaging.errors import ImagingError

_NICENESS = 5


def serve(answer: Callable[[bytes], messages.Answer], forget: Callable[[], None] = lambda: None) -> None:
    """Never returns. `forget` is called once when nothing was asked for KEPT_S."""
    max_memory_bytes = int(sys.argv[1])
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _silence()
    _bound(max_memory_bytes)
    _secure()
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    timeout_s: float | None = None
    while True:
        try:
            request = waiting.get(timeout=timeout_s)
        except queue.Empty:
            timeout_s = None
            forget()
        else:
            answers.write(messages.framed(messages.packed(_told(answer, request))))
            answers.flush()
            timeout_s = messages.KEPT_S


def _silence() -> None:
    """What libraries print must not reach the pipe of answers, nor quote from images into the log."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def _bound(max_memory_bytes: int) -> None:
    """Private memory is bounded, not address space: threads and libraries reserve far more than they use."""
    with suppress(OSError):
        os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (max_memory_bytes, max_memory_bytes))


def _secure() -> None:
    """Nothing is cached, one thread decodes, and only libvips' trusted loaders are open."""
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)
    pyvips.block_untrusted_set(True)


def _read(requests: BinaryIO, waiting: "queue.SimpleQueue[bytes]") -> None:
    try:
        while head := requests.read(messages.LENGTH_BYTES):
            waiting.put(requests.read(int.from_bytes(head, "big")))
    finally:
        os._exit(0)


def _told(answer: Callable[[bytes], messages.Answer], request: bytes) -> messages.Answer:
    try:
        return answer(request)
    except ImagingError as error:
        return messages.Refused(type(error).__name__, str(error))
    except OSError as error:
        return messages.Refused("OSError", error.strerror or "The file cannot be read or written.")
    except MemoryError:
        return messages.Refused("DecoderFailed", "Decoding the image needs more memory than is allowed.")
