"""How a command ends: an exit code (the table is in docs/cli.md), and one sentence on standard error when it failed."""

import os
import re
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any, ClassVar

_KEY = re.compile(r"atp_[0-9A-Za-z]{9,}")
"""More than the prefix by which keys are told apart: whoever mistook an option has typed it, and logs are kept."""


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    PARTLY = 4
    INTERRUPTED = 130


class Told(Exception):
    """Its text is the sentence for the user."""

    exit: ClassVar[Exit]


class Unusable(Told):
    """A folder, a database, a store or a port that cannot be used as it is: a sentence for the operator."""

    exit = Exit.UNAVAILABLE


class Misused(Told):
    """Arguments or an environment that cannot be understood. The sentence says what would be right."""

    exit = Exit.USAGE


class Refused(Told):
    """The server said no: its sentence, or ours about it."""

    exit = Exit.FAILED


def of(command: Callable[[], Any]) -> int:
    """Run it. What it returns is its exit code, None is success."""
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`atpix keys list | head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001  the last resort before the user
        sentence, exit_code = explained(error)
        print(f"atpix: {_KEY.sub('atp_…', sentence)}", file=sys.stderr)
        return exit_code
    return Exit.DONE if code is None else int(code)


def explained(error: Exception) -> tuple[str, Exit]:
    """For people, without a trace of the code. Raises the error itself when debugging is on and nobody expected it."""
    from cyclopts import CycloptsError

    match error:
        case Told():
            return str(error), error.exit
        case CycloptsError():
            return f"{error} See: atpix --help", Exit.USAGE
        case _:
            return _explained_by_the_server_side(error)


def _explained_by_the_server_side(error: Exception) -> tuple[str, Exit]:
    """Apart, since the remote commands work without the database's libraries, which take long to import."""
    from atpix.db import DatabaseFault
    from atpix.errors import AtpixError
    from atpix.settings import SettingsFault

    match error:
        case SettingsFault():
            return f"The settings are unusable.\n{error}", Exit.USAGE
        case DatabaseFault():
            return str(error), Exit.UNAVAILABLE
        case AtpixError():
            return error.message, Exit.FAILED if error.status < 500 else Exit.UNAVAILABLE
        case _ if os.environ.get("ATPIX_LOG_LEVEL") == "debug":
            raise error
        case _:
            kind = type(error).__name__
            return f"Something unexpected went wrong ({kind}). ATPIX_LOG_LEVEL=debug shows where.", Exit.FAILED
