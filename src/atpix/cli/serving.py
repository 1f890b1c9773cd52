"""`atpix serve`: check everything first, then let granian run the worker processes until a signal.

Of granian (2.8, read and tried): at SIGTERM a worker stops accepting, closes idle connections, finishes running
requests, also half-received uploads, and only then ends. `workers_kill_timeout` bounds that. Each worker listens for
itself (SO_REUSEPORT), so a taken port goes unnoticed unless it is tried before.
"""

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from atpix import meters
from atpix import settings as settings_module
from atpix.cli import glance, opening, welcome
from atpix.cli.opening import Data
from atpix.cli.outcome import Exit, Unusable
from atpix.providers import configured
from atpix.settings import Settings

if TYPE_CHECKING:
    from granian.server.common import AbstractServer

_HEADERS_READ_WITHIN_MS = 15_000
_HEAD_BYTES = 64 * 1024  # all headers together


def serve(
    *,
    data: Data = None,
    host: Annotated[str | None, Parameter(help="The address to listen at. ATPIX_HOST")] = None,
    port: Annotated[int | None, Parameter(help="0 picks a free one. ATPIX_PORT")] = None,
    workers: Annotated[int | None, Parameter(help="Processes, on SQLite too. ATPIX_WORKERS")] = None,
    demo: Annotated[bool, Parameter(negative="", help="Make default/demo and show its first key, once.")] = False,
) -> Exit:
    """Serve until SIGTERM or SIGINT; then finish running requests (ATPIX_SHUTDOWN_S) and end with 0."""
    settings = settings_module.load(data=data, host=host, port=port, workers=workers)
    check(settings)
    settings = settings.model_copy(update={"port": free_port(settings.host, settings.port)})
    settings_module.hand_down(settings)
    meters.forget_ended(settings.data)
    threading.Thread(target=welcome.when_ready, args=(settings,), kwargs={"demo": demo}, daemon=True).start()
    return _run(_server(settings))


def check(settings: Settings) -> None:
    """Folder, database, schema, store and providers are usable. Raises Unusable, DatabaseFault, StorageUnavailable,
    SettingsFault.
    """
    configured.require(settings)
    opening.require_folder(settings.data)
    if not glance.is_as_we_left_it(settings):
        opening.require_database(settings)
    opening.require_store(settings)


def free_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0. Raises Unusable when it is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Past connections of ours may linger at the port; only another listener is in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unusable(f"Cannot listen at {host}:{port}: {reason}. Choose another with --port or --host.") from None
        return int(probe.getsockname()[1])


def _server(settings: Settings) -> "AbstractServer[Any]":
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    # A forked worker would inherit threads and locks of what was opened here; a spawned one begins afresh.
    multiprocessing.set_start_method("spawn", force=True)
    return Server(
        "atpix.web:from_environment",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_READ_WITHIN_MS, max_buffer_size=_HEAD_BYTES),
        websockets=False,
        backlog=2048,
        backpressure=1024,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.shutdown_s,
        log_level=LogLevels.debug if settings.log_level == "debug" else LogLevels.warning,
        log_dictconfig=_LOGS,
    )


def _run(server: "AbstractServer[Any]") -> Exit:
    try:
        server.serve(target_loader=partial(_in_worker, os.getpid()), wrap_loader=False)
    except SystemExit:
        # Ctrl-C reaches the workers as well; one that ends before we told it to looks to granian like a crash.
        if not server.interrupt_signal:
            print("atpix: The workers keep failing; the log above says why.", file=sys.stderr)
            return Exit.UNAVAILABLE
    return Exit.DONE


def _in_worker(parent: int) -> Any:  # noqa: ANN401  granian's type of an application
    """The application, in a process that does not outlive its parent, not even one that was killed."""
    die_with(parent)
    # Ctrl-C goes to the whole terminal group. The parent passes it on as SIGTERM, and a granian worker that gets two
    # signals at once sometimes waits for ever (1 in 10, measured).
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # What a start makes is there until the end: the collector need not look at it, neither now nor ever.
    gc.disable()
    from atpix.web import from_environment

    application = from_environment()
    gc.freeze()
    gc.enable()
    return application


def die_with(parent: int) -> None:
    """Linux only: SIGKILL when the parent is gone. What was half-done is swept, as after any other crash."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(Exit.FAILED)


_LOGS: dict[str, Any] = {
    "formatters": {
        "generic": {"()": "atpix.cli.granian_log.JsonLines"},
        "access": {"()": "atpix.cli.granian_log.JsonLines"},
    },
    "handlers": {
        "console": {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"},
        "access": {"formatter": "access", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"},
    },
}
