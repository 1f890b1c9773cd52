"""What the kernel says of a process of ours. Linux only; elsewhere there is nothing to read."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Usage(NamedTuple):
    resident_bytes: int
    cpu_seconds: float
    open_files: int


def usage(pid: int) -> Usage | None:
    """None when it has ended, or cannot be seen from here. Fields: proc(5), statm and stat."""
    proc = Path("/proc") / str(pid)
    with suppress(OSError, IndexError, ValueError):
        pages = int((proc / "statm").read_text().split()[1])
        after_name = (proc / "stat").read_text().rpartition(")")[2].split()
        ticks = int(after_name[11]) + int(after_name[12])
        files = sum(1 for _ in (proc / "fd").iterdir())
        return Usage(pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"), files)
    return None
