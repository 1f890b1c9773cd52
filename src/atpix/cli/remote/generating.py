"""`atpix generate`."""

from typing import Annotated

from cyclopts import Parameter, validators

from atpix.cli.outcome import Exit
from atpix.cli.remote import arguments, made
from atpix.cli.remote.arguments import Json, Meta, named
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.drawing import Drawing
from atpix.cli.remote.made import Beginning

Seed = Annotated[int | None, Parameter(validator=validators.Number(gte=0), help="The same again, where it is taken.")]
Provider = Annotated[str | None, Parameter(help="Who makes it; else the project's, else the server's.")]
Model = Annotated[str | None, Parameter(help="Of the provider.")]


def generate(  # noqa: PLR0913
    prompt: Annotated[str, Parameter(help="What to see. `@hero` in it is the image of that name.")],
    /,
    *,
    flow: Annotated[str | None, Parameter(help="The flow's id, or `new`.")] = None,
    alias: Annotated[str | None, Parameter(help="A name for the picture.")] = None,
    flow_alias: Annotated[str | None, Parameter(help="A name for it within the flow.")] = None,
    ref: Annotated[list[str] | None, Parameter(negative="", help="An image that goes in; may be repeated.")] = None,
    mask: Annotated[str | None, Parameter(help="The image that says which part of the first --ref may change.")] = None,
    drawing: Drawing | None = None,
    provider: Provider = None,
    model: Model = None,
    seed: Seed = None,
    meta: Meta = None,
    beginning: Beginning | None = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Make a picture of a prompt."""
    wanted, own_name = drawing or Drawing(), None if flow_alias is None else named(flow_alias)
    into = None if flow is None else arguments.flow_id(flow)
    with connected(server) as client:
        return made.begin(
            client,
            lambda key: client.generations.create(
                prompt,
                aspect_ratio=wanted.aspect_ratio,
                reference_images=ref,
                mask=mask,
                flow_id=into,
                alias=None if alias is None else named(alias),
                flow_alias=own_name,
                provider=provider,
                model=model,
                seed=seed,
                auto_enhance=wanted.auto_enhance,
                template=wanted.template,
                meta=None if meta is None else arguments.meta(meta),
                wait_s=0,
                idempotency_key=key,
            ),
            beginning,
            json=json,
            flow_alias=own_name,
            new_flow=into if flow == "new" else None,
        )
