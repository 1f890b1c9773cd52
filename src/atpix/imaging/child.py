"""A decoder child: `python -m atpix.imaging.child MAX_MEMORY_BYTES`, requests on stdin, answers on stdout.

It holds nothing worth stealing or saving: no environment of its parent's, no connections, no state between
requests. It may be killed at any moment, and it ends itself the moment its parent is gone, in the middle of a
decode if need be (a thread of its own waits on stdin, and decoding does not hold the interpreter's lock).
"""

import os
import queue
import resource
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from atpix.imaging import drawing, examine, messages, metadata
from atpix.imaging.errors import ImagingError

_NICENESS = 5


def main() -> None:
    max_memory_bytes = int(sys.argv[1])
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _silence()
    _bound(max_memory_bytes)
    examine.secure()
    waiting: queue.SimpleQueue[messages.Request] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    while True:
        answers.write(messages.packed(_answer(waiting.get())))
        answers.flush()


def _silence() -> None:
    """What libraries print must not reach the pipe of answers, nor quote from images into the log."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def _bound(max_memory_bytes: int) -> None:
    """Private memory is bounded, not address space: threads and libraries reserve far more than they use."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (max_memory_bytes, max_memory_bytes))


def _read(requests: BinaryIO, waiting: "queue.SimpleQueue[messages.Request]") -> None:
    try:
        while head := requests.read(messages.LENGTH_BYTES):
            waiting.put(messages.request(requests.read(int.from_bytes(head, "big"))))
    finally:
        os._exit(0)


def _answer(request: messages.Request) -> messages.Answer:
    try:
        match request:
            case messages.Examine():
                seen = examine.examine(Path(request.path), request.media_type, request.limits)
                return messages.Seen(seen)
            case messages.Strip():
                source, target = Path(request.source), Path(request.target)
                return messages.Stripped(metadata.strip_private(source, target, request.media_type))
            case messages.Rasterise():
                drawing.rasterise(Path(request.source), Path(request.target), request.limits)
                return messages.Rasterised()
    except ImagingError as error:
        return messages.Refused(type(error).__name__, str(error))
    except OSError as error:
        return messages.Refused("OSError", error.strerror or "The file cannot be read or written.")
    except MemoryError:
        return messages.Refused("DecoderFailed", "Decoding the image needs more memory than is allowed.")


if __name__ == "__main__":
    main()
