"""`atpix images lineage`."""

import sys
from typing import Annotated

from cyclopts import Parameter, validators

from atpix.cli.outcome import Misused
from atpix.cli.remote import chain
from atpix.cli.remote.arguments import Flow, Json, Ref
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.presenting import as_json, plain, print_json, print_tree, say

Depth = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=100), help="Steps each way; else 10.")]


def lineage(
    ref: Ref,
    /,
    *,
    flow: Flow = None,
    depth: Depth = None,
    mermaid: Annotated[bool, Parameter(negative="", help="As a Mermaid flowchart.")] = False,
    graphml: Annotated[bool, Parameter(negative="", help="For programs that draw graphs.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Draw what went into an image, and what was made of it."""
    if mermaid + graphml + json > 1:
        raise Misused("Give one of --mermaid, --graphml and --json.")
    with connected(server) as client:
        if mermaid or graphml:
            drawn = client.images.draw_lineage(ref, "mermaid" if mermaid else "graphml", flow_id=flow, depth=depth)
            _print(drawn)
            return
        found = client.images.lineage(ref, flow_id=flow, depth=depth)
    if json:
        print_json(as_json(found))
        return
    print_tree(chain.tree(chain.of_lineage(found)))
    if found.truncated:
        say("There is more, further away: --depth N, 100 at most.")


def _print(document: str) -> None:
    """To programs as it is: in XML a tab means a tab."""
    lines = document.splitlines()
    print("\n".join(map(plain, lines) if sys.stdout.isatty() else lines))
