"""`atpix flows`."""

from itertools import islice
from typing import Annotated

from cyclopts import App, Parameter

from atpix.cli.outcome import Exit, Misused
from atpix.cli.remote import arguments, chain, made
from atpix.cli.remote.arguments import Json, Meta, named
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.deleting import Yes, ask
from atpix.cli.remote.listing import Extent, print_list
from atpix.cli.remote.made import Beginning
from atpix.cli.remote.presenting import IMAGE_HEADINGS, as_json, image_row, iso, print_json, print_rows, print_tree, say
from atpix_client import Atpix, DeletedFlow, Flow

flows = App(name="flows", help="Make, see, name and delete flows, with ATPIX_URL and ATPIX_API_KEY.")

Id = Annotated[str, Parameter(name="FLOW", help="A flow's id.")]
_MOST_DRAWN = 500


@flows.command
def create(*, meta: Meta = None, server: Server | None = None, json: Json = False) -> None:
    """Make an empty flow, and print its id."""
    with connected(server) as client:
        flow = client.flows.create(meta=None if meta is None else arguments.meta(meta))
    _print(flow, json=json)


@flows.command(name="list")
def list_flows(*, extent: Extent | None = None, server: Server | None = None, json: Json = False) -> None:
    """Show flows, newest first."""
    headings = ("ID", "GENERATIONS", "IMAGES", "CREATED", "NAMES")
    with connected(server) as client:
        print_list(extent, lambda page_size: client.flows.iterate(page_size=page_size), headings, _row, json=json)


@flows.command
def show(
    flow_id: Id,
    /,
    *,
    mermaid: Annotated[bool, Parameter(negative="", help="As a Mermaid flowchart.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Draw which image came from which."""
    with connected(server) as client:
        flow = client.flows.get(flow_id)
        images = list(islice(client.flows.iterate_images(flow_id), _MOST_DRAWN))
        generations = list(islice(client.flows.iterate_generations(flow_id), _MOST_DRAWN))
    if json:
        things = {"images": list(map(as_json, images)), "generations": list(map(as_json, generations))}
        print_json({"flow": as_json(flow), **things})
        return
    drawn = chain.of(flow, images, generations)
    if mermaid:
        print("\n".join(chain.mermaid(drawn)))
    else:
        print_tree(chain.tree(drawn))
    if max(flow.image_count, flow.generation_count) > _MOST_DRAWN:
        say(f"These are the newest {_MOST_DRAWN}.")


@flows.command
def images(flow_id: Id, /, *, extent: Extent | None = None, server: Server | None = None, json: Json = False) -> None:
    """Show the images of a flow, newest first."""
    with connected(server) as client:
        print_list(
            extent,
            lambda page_size: client.flows.iterate_images(flow_id, page_size=page_size),
            IMAGE_HEADINGS,
            lambda image: image_row(image, client.base_url),
            json=json,
        )


@flows.command
def alias(
    flow_id: Id,
    moves: Annotated[
        list[str], Parameter(name="@NAME=REF", help="The image that a name shall mean; `none` takes the name away.")
    ],
    /,
    *,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Give and take names within a flow, all of them or none."""
    wanted = dict(_move(text) for text in moves)
    with connected(server) as client:
        ids = {name: None if ref is None else _id_of(client, ref, flow_id) for name, ref in wanted.items()}
        flow = client.flows.assign_aliases(flow_id, ids)
    if json:
        print_json(as_json(flow))
    else:
        print_rows(("NAME", "IMAGE"), sorted(flow.aliases.items()))


@flows.command
def regenerate(
    flow_id: Id,
    /,
    *,
    beginning: Beginning | None = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Make the newest picture once more. The new one takes over the names of the old one."""
    with connected(server) as client:
        return made.begin(
            client,
            lambda key: client.flows.regenerate(flow_id, wait_s=0, idempotency_key=key),
            beginning,
            json=json,
        )


@flows.command
def delete(
    flow_id: Id,
    /,
    *,
    yes: Yes = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Delete a flow for good, with its pictures. Those that the project has a name for stay."""
    ask("Delete this flow, its generations and its images for good?", yes=yes)
    with connected(server) as client:
        deleted = client.flows.delete(flow_id)
    if json:
        print_json(as_json(deleted))
    else:
        _account(deleted)


def _account(deleted: DeletedFlow) -> None:
    gone = [("deleted", image) for image in deleted.deleted_images.ids]
    print_rows(("", "IMAGE"), gone + [("kept", image) for image in deleted.kept_images.ids])
    images, generations, kept = deleted.deleted_images, deleted.deleted_generations, deleted.kept_images
    say(f"Deleted {images.count} images and {generations.count} generations; kept {kept.count}, which have a name.")


def _print(flow: Flow, *, json: bool) -> None:
    if json:
        print_json(as_json(flow))
    else:
        print_rows(("ID",), [(flow.id,)])


def _row(flow: Flow) -> tuple[str, ...]:
    counts = (str(flow.generation_count), str(flow.image_count))
    return (flow.id, *counts, iso(flow.created_at), " ".join(sorted(flow.aliases)))


def _move(text: str) -> tuple[str, str | None]:
    """Raises Misused."""
    name, equals, ref = text.partition("=")
    if not equals or not name or not ref:
        raise Misused(f"Say which image a name shall mean, like @hero=REF or @hero=none; {text!r} does not.")
    return named(name), None if ref == "none" else ref


def _id_of(client: Atpix, ref: str, flow_id: str) -> str:
    return client.images.get(ref, flow_id=flow_id).id if ref.startswith("@") else ref
