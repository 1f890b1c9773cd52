"""A disposable child process: a file that crashes, hangs or bloats a decoder costs one request.

Plain processes and pipes instead of pebble, which the design names, for measured reasons: multiprocessing imports
the parent's main module into every child (the whole server: 0.87 s and 53 MB against 0.13 s and 28 MB), keeps three
threads and a 0.1 s poll in the parent, and takes 0.8 ms a call at four callers against 0.2 ms here. Nothing runs
between calls, time-outs are exact, and the children end by themselves when the parent is killed.
"""

import os
import select
import subprocess
import sys
import time
from contextlib import suppress

from atpix.imaging import messages
from atpix.imaging.errors import DecoderDied, DecoderFailed

_MAX_ANSWER_BYTES = 1 << 20


class Process:
    """`python -m MODULE MAX_MEMORY_BYTES` and its two pipes; used by one thread at a time. `spent`: it said that its
    last answer was its last.
    """

    def __init__(self, module: str, max_memory_bytes: int) -> None:
        self.tasks = 0
        self.spent = False
        environment = {
            "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
            "PYTHONUTF8": "1",
            "VIPS_BLOCK_UNTRUSTED": "1",
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", module, str(max_memory_bytes)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def send(self, message: bytes) -> None:
        """Raises BrokenPipeError when the child is gone."""
        self.tasks += 1
        assert self._process.stdin
        if self._process.poll() is not None:
            raise BrokenPipeError
        self._process.stdin.write(messages.framed(message))

    def receive(self, deadline: float) -> bytes:
        """The answer. Raises DecoderFailed when there is none by `deadline` (of time.monotonic), DecoderDied."""
        length = int.from_bytes(self._read(messages.LENGTH_BYTES, deadline), "big")
        if length > _MAX_ANSWER_BYTES:
            raise DecoderFailed("The decoder gave no answer that can be read.")
        answer, self.spent = messages.parted(self._read(length, deadline))
        return answer

    def end(self) -> None:
        """Kill and collect it. There is nothing in it to finish."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe
                pipe.close()
        self._process.wait()

    def _read(self, length: int, deadline: float) -> bytes:
        assert self._process.stdout
        descriptor, body = self._process.stdout.fileno(), b""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while len(body) < length:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise DecoderFailed("Decoding the image took too long.")
            part = os.read(descriptor, length - len(body))
            if not part:
                raise DecoderDied("The decoder died on this image.")
            body += part
        return body
