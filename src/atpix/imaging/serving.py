"""What every child process does: requests from stdin, answers to stdout, one after the other, until it is killed.

It holds nothing worth stealing or saving: no environment of its parent's, no connections, no state but pixels. It may
be killed at any moment, and it ends itself the moment its parent is gone, in the middle of a decode if need be (a
thread of its own waits on stdin, and decoding does not hold the interpreter's lock).
"""

import ctypes
import errno
import os
import queue
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyvips

from atpix.imaging import messages
from atpix.imaging.errors import DecoderFailed, ImagingError, TooMuchMemory

_NICENESS = 10
"""Below the server. With 5, API reads took 3 times as long beside a full queue of renders, with 10 1.5 times."""
_STAYS_AT_MOST = 1 / 3
"""Of the memory that is allowed. A child that keeps more after its work would fail at a later image, and blame it."""

_FAILURES = {DecoderFailed.__name__, TooMuchMemory.__name__}
_NEEDS_TOO_MUCH = messages.Refused(TooMuchMemory.__name__, "Decoding the image needs more memory than is allowed.")


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
            _give_back()
        else:
            told = _told(answer, request)
            last = _is_failure(told) or _data_bytes() > max_memory_bytes * _STAYS_AT_MOST
            answers.write(messages.framed(messages.parting(messages.packed(told), last=last)))
            answers.flush()
            timeout_s = messages.KEPT_S


def _is_failure(told: messages.Answer) -> bool:
    return isinstance(told, messages.Refused) and told.error in _FAILURES


def _data_bytes() -> int:
    """What counts against RLIMIT_DATA, freed or not: an allocator does not return everything."""
    pages = Path("/proc/self/statm").read_text().split()[5]
    return int(pages) * resource.getpagesize()


def _give_back() -> None:
    """To the system, where its allocator knows how."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


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
    except MemoryError:
        return _NEEDS_TOO_MUCH
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return _NEEDS_TOO_MUCH
        return messages.Refused("OSError", error.strerror or "The file cannot be read or written.", error.errno)
