"""`Server-Timing`: a word for everyone, and every step for those who may look."""

import time

from atpix.delivery.entries import RawHeader


class Steps:
    """The time since the last step belongs to the one that has just ended."""

    def __init__(self) -> None:
        self._last_s = time.perf_counter()
        self._took: list[tuple[str, float]] = []

    def ended(self, name: str) -> None:
        now_s = time.perf_counter()
        self._took.append((name, (now_s - self._last_s) * 1000))
        self._last_s = now_s

    def inside(self, steps_ms: dict[str, float], before: str = "") -> None:
        """What somebody else has measured, within the step that ended last."""
        self._took += [(f"{before}{name}", ms) for name, ms in steps_ms.items()]

    def as_one(self, where: str) -> RawHeader:
        """Of an original: where its row came from, and how long that took."""
        return b"server-timing", b'resolve;desc="%b";dur=%.1f' % (where.encode(), sum(ms for _, ms in self._took))

    def in_full(self, cache: str) -> RawHeader:
        took = ", ".join(f"{name};dur={ms:.1f}" for name, ms in self._took)
        return b"server-timing", f'cache;desc="{cache}", {took}'.encode()


def in_brief(cache: str) -> RawHeader:
    return b"server-timing", f'cache;desc="{cache}"'.encode()


ORIGINAL_REMEMBERED: RawHeader = (b"server-timing", b'resolve;desc="memory"')
RENDITION_REMEMBERED = in_brief("memory")
