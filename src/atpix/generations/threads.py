"""Threads that are made when there is work for them and end when there is none: most of their time they wait for a
provider, so there may be very many.
"""

import threading
from collections import deque
from collections.abc import Callable

_IDLE_S = 10.0


class Threads:
    """At most `most` at once. They end with the process: what they do may be killed anywhere."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._changed = threading.Condition()
        self._tasks: deque[Callable[[], None]] = deque()
        self._alive = self._idle = 0

    @property
    def free(self) -> int:
        """How many more tasks would begin at once."""
        with self._changed:
            return self._most - self._unended

    @property
    def _unended(self) -> int:
        return self._alive - self._idle + len(self._tasks)

    def run(self, task: Callable[[], None]) -> None:
        """`task` raises nothing."""
        with self._changed:
            self._tasks.append(task)
            if len(self._tasks) > self._idle and self._alive < self._most:
                self._begin_one()
            else:
                self._changed.notify()

    def _begin_one(self) -> None:
        """The system may refuse: then those that live come to it later. Raises RuntimeError when none does."""
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        except RuntimeError:
            if not self._alive:
                raise
        else:
            self._alive += 1

    def wait(self, timeout_s: float) -> bool:
        """Until all have ended. False: not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._unended, timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.notify_all() if not self._unended else None
                self._changed.wait_for(lambda: self._tasks, _IDLE_S)
                self._idle -= 1
                if not self._tasks:
                    self._alive -= 1
                    return
                task = self._tasks.popleft()
            task()
