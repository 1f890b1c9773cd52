"""What every test gets: a real server on SQLite and on PostgreSQL, and a project of its own in it.

Servers start once a pytest process. Tests go in through `client` (the SDK) or `raw` (the wire); `svc` is the same
database and store in process, on a clock that a test can move.
"""

import gc
from collections.abc import Iterator

import pytest

pytest_plugins = ("tests.backends", "tests.access", "tests.wire", "tests.invariants")
"""Databases and the servers on them: started once a pytest process, when first asked for."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests stay until the end: the collector need not look at them, neither now nor between tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
