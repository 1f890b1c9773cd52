"""`atpix generations`."""

from typing import Annotated, Literal

from cyclopts import App, Parameter
from msgspec import UNSET

from atpix.cli.outcome import Exit
from atpix.cli.remote import arguments, made
from atpix.cli.remote.arguments import Json, OfFlow
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.deleting import Yes, ask
from atpix.cli.remote.generating import Model, Provider, Seed
from atpix.cli.remote.listing import Extent, print_list
from atpix.cli.remote.made import Afterwards, Beginning
from atpix.cli.remote.presenting import as_json, iso, print_json, print_rows, say, shortened
from atpix_client import Generation

generations = App(
    name="generations", help="See, repeat, cancel and delete what was asked for, with ATPIX_URL and ATPIX_API_KEY."
)

Id = Annotated[str, Parameter(name="ID", help="A generation's.")]
Status = Literal["pending", "processing", "success", "failed"]
_LETTERS = 60


@generations.command(name="list")
def list_generations(
    *,
    flow: OfFlow = None,
    status: Annotated[Status | None, Parameter(help="Only those that stand so.")] = None,
    extent: Extent | None = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show what was asked for, newest first."""
    with connected(server) as client:
        print_list(
            extent,
            lambda page_size: client.generations.iterate(flow_id=flow, status=status, page_size=page_size),
            ("ID", "STATUS", "CREATED", "IMAGE", "PROMPT"),
            _row,
            json=json,
        )


@generations.command
def show(generation_id: Id, /, *, server: Server | None = None, json: Json = False) -> None:
    """Show all that is known about one."""
    with connected(server) as client:
        generation = client.generations.get(generation_id)
    if json:
        print_json(as_json(generation))
    else:
        print_rows(("", ""), [(name, value) for name, value in _facts(generation, client.base_url).items() if value])


@generations.command
def watch(
    generation_id: Id,
    /,
    *,
    afterwards: Afterwards | None = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Wait until it ends."""
    wanted = afterwards or Afterwards()
    wanted.check()
    with connected(server) as client:
        return made.finish(client, client.generations.get(generation_id), wanted, json=json)


@generations.command
def regenerate(
    generation_id: Id,
    /,
    *,
    beginning: Beginning | None = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Make it once more. The new picture takes over the names of the old one."""
    with connected(server) as client:
        return made.begin(
            client,
            lambda key: client.generations.regenerate(generation_id, wait_s=0, idempotency_key=key),
            beginning,
            json=json,
        )


@generations.command
def replay(
    generation_id: Id,
    /,
    *,
    provider: Provider = None,
    model: Model = None,
    seed: Seed = None,
    flow: Annotated[str | None, Parameter(help="The flow's id, or `new`; `none` for no flow.")] = None,
    beginning: Beginning | None = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Make another by the same recipe, perhaps elsewhere. It has none of the names."""
    into = UNSET if flow is None else None if flow == "none" else arguments.flow_id(flow)
    with connected(server) as client:
        return made.begin(
            client,
            lambda key: client.generations.replay(
                generation_id,
                provider=UNSET if provider is None else provider,
                model=UNSET if model is None else model,
                seed=UNSET if seed is None else seed,
                flow_id=into,
                wait_s=0,
                idempotency_key=key,
            ),
            beginning,
            json=json,
            new_flow=into if isinstance(into, str) and flow == "new" else None,
        )


@generations.command
def cancel(generation_id: Id, /, *, server: Server | None = None, json: Json = False) -> None:
    """Stop it, if it has not ended."""
    with connected(server) as client:
        generation = client.generations.cancel(generation_id)
    if json:
        print_json(as_json(generation))
    else:
        print_rows(made.HEADINGS, [made.row(generation, client.base_url)])
    if generation.error is None or generation.error.code != "CANCELLED":
        say("It had ended before.")


@generations.command
def delete(
    generation_id: Id,
    /,
    *,
    yes: Yes = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Delete it for good, with its pictures. Those that the project has a name for stay."""
    ask("Delete this generation and its pictures for good?", yes=yes)
    with connected(server) as client:
        deleted = client.generations.delete(generation_id)
    if json:
        kept, gone = deleted.kept_image_ids, deleted.deleted_image_ids
        print_json({"id": deleted.id, "deletedImageIds": gone, "keptImageIds": kept})
    else:
        rows = [("deleted", image) for image in deleted.deleted_image_ids]
        print_rows(("", "IMAGE"), rows + [("kept", image) for image in deleted.kept_image_ids])


def _row(generation: Generation) -> tuple[str, ...]:
    standing = generation.error.code if generation.error else generation.status
    return (
        generation.id,
        standing,
        iso(generation.created_at),
        generation.output_image_id or "",
        shortened(generation.prompt, _LETTERS),
    )


def _facts(generation: Generation, base_url: str) -> dict[str, str]:
    _, status, image, names, flow, url = made.row(generation, base_url)
    error = generation.error
    inputs = [*generation.referenced_images, *([generation.mask] if generation.mask else [])]
    return {
        "id": generation.id,
        "status": f"{status}: {error.message} ({error.code})" if error else status,
        "prompt": generation.prompt,
        "original prompt": generation.original_prompt or "",
        "ratio": generation.aspect_ratio,
        "provider": " ".join(filter(None, (generation.provider, generation.model))),
        "seed": "" if generation.seed is None else str(generation.seed),
        "run": str(generation.run),
        "image": image,
        "names": names,
        "url": url,
        "flow": flow,
        "made from": ", ".join(f"{one.alias or ''} {one.image_id or '(deleted)'}".strip() for one in inputs),
        "warnings": " ".join(generation.warnings),
        "took": "" if generation.processing_time_ms is None else f"{generation.processing_time_ms / 1000:.1f} s",
        "cost": "" if generation.cost_usd is None else f"{generation.cost_usd:.4f} USD",
        "created": iso(generation.created_at),
        "updated": iso(generation.updated_at),
    }
