"""`atpix renditions`: two commands ask a server, `stats` looks at this machine's shelf."""

from cyclopts import App

renditions = App(name="renditions", help="Purge, warm and count renditions.")
renditions.command("atpix.cli.remote.renditions:purge", name="purge")
renditions.command("atpix.cli.remote.renditions:warm", name="warm")
renditions.command("atpix.cli.shelf:stats", name="stats")
