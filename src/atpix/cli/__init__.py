"""The command line. Local commands work on the data folder and the database; the others go through the SDK.

Nothing heavy is imported until a command needs it: `atpix serve` must be up in a moment, and its workers import this
package as well.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Exits with a code of docs/cli.md."""
    import sys

    from atpix.cli import outcome

    sys.exit(outcome.of(lambda: app()(arguments)))


def app() -> "App":
    """Every command by the place where it is; the module is imported when its command is called."""
    from cyclopts import App

    commands = App(
        name="atpix",
        help="Keep images under names people can say, and serve them.",
        version=_version,
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    commands.command("atpix.cli.serving:serve", name="serve", help="Serve until told to stop.")
    commands.command("atpix.cli.keys:keys", name="keys", help="Make, list, revoke and rotate API keys.")
    commands.command("atpix.cli.projects:projects", name="projects", help="Show and change a project's settings.")
    commands.command("atpix.cli.upkeep:migrate", name="migrate", help="Bring the database to this program's schema.")
    commands.command("atpix.cli.upkeep:config", name="config", help="Show the settings in effect; secrets are masked.")
    commands.command("atpix.cli.upkeep:doctor", name="doctor", help="Check that rows, bytes and names agree.")
    commands.command("atpix.cli.remote.images:images", name="images", help="Upload, list, change, download, delete.")
    commands.command(
        "atpix.cli.remote.aliases:aliases", name="aliases", help="Give, take and list the names of images."
    )
    commands.command("atpix.cli.remote.generating:generate", name="generate", help="Make a picture of a prompt.")
    commands.command(
        "atpix.cli.remote.generations:generations", name="generations", help="See, repeat, cancel, delete generations."
    )
    commands.command("atpix.cli.remote.flows:flows", name="flows", help="Make, draw, name and delete flows.")
    commands.command("atpix.cli.remote.live:live", name="live", help="URLs that make their own pictures.")
    commands.command("atpix.cli.remote.usage:usage", name="usage", help="What generations used, took and cost.")
    commands.command("atpix.cli.url:url", name="url", help="Build, sign and explain the addresses of images.")
    commands.command("atpix.cli.renditions:renditions", name="renditions", help="Purge, warm and count renditions.")
    return commands


def _version() -> str:
    from importlib.metadata import version

    return version("atpix")
