"""What every test gets: a real server on SQLite and on PostgreSQL, and a project of its own in it.

Servers start once a pytest process. Tests go in through `client` (the SDK) or `raw` (the wire); `svc` is the same
database and store in process, on a clock that a test can move.
"""

pytest_plugins = ("tests.backends", "tests.access", "tests.wire", "tests.invariants")
