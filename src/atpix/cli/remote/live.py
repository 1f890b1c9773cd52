"""`atpix live`: addresses that make their own pictures, and the scopes they are in."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import App, Parameter, validators

from atpix.cli.addressing import Look, Signature
from atpix.cli.outcome import Exit, Misused
from atpix.cli.remote import arguments
from atpix.cli.remote.arguments import Json, Meta
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.deleting import Yes, ask
from atpix.cli.remote.drawing import Drawing
from atpix.cli.remote.listing import Extent, print_list
from atpix.cli.remote.presenting import as_json, plain, print_json, print_line, print_rows, say
from atpix_client import live_urls
from atpix_client.live import LiveScope, RegeneratedScope

live = App(name="live", help="URLs that make their own pictures, with ATPIX_URL and ATPIX_API_KEY.")
scopes = App(name="scopes", help="Where live URLs are made, and how many.")
live.command(scopes)

Slug = Annotated[str, Parameter(name="SCOPE", help="Its slug.")]
_HEADINGS = ("SCOPE", "PICTURES", "LIMIT", "NEW", "URL")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Rules:
    allow_new: Annotated[bool | None, Parameter(negative="--no-allow-new", help="Make new pictures.")] = None
    limit: Annotated[int | None, Parameter(validator=validators.Number(gte=0), help="So many pictures.")] = None
    meta: Meta = None

    def given(self) -> Mapping[str, Any]:
        """What is None is left as it is. Raises Misused."""
        return {
            "allow_new_generations": self.allow_new,
            "new_generations_limit": self.limit,
            "meta": None if self.meta is None else arguments.meta(self.meta),
        }


@live.command
def url(
    scope: Annotated[str, Parameter(name="SCOPE", help="Its slug, or its address, which needs no server.")],
    prompt: Annotated[str, Parameter(name="PROMPT", help="What the picture shows.")],
    /,
    *,
    drawing: Drawing | None = None,
    look: Look | None = None,
    signature: Signature | None = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Print the address of a picture that is made when somebody first asks for it; with --kid it is signed."""
    sign = (signature or Signature()).signer(int(time.time()), live_urls.sign)
    wanted = drawing or Drawing()
    try:
        made = live_urls.live_url(
            _address(scope, server),
            prompt,
            aspect_ratio=wanted.aspect_ratio,
            auto_enhance=wanted.auto_enhance,
            template=wanted.template,
            **(look or Look()).parameters(),
        )
    except ValueError as error:
        raise Misused(plain(f"{error}.")) from None
    made = made if sign is None else sign(made)
    if json:
        print_json({"url": made})
    else:
        print_line((made,))


@scopes.command
def create(slug: Slug, /, *, rules: Rules | None = None, server: Server | None = None, json: Json = False) -> None:
    """Make a scope, and print what its URLs begin with."""
    given = (rules or Rules()).given()
    with connected(server) as client:
        made = client.live.scopes.create(slug, **given)
    _print(made, json=json)


@scopes.command(name="list")
def list_scopes(*, extent: Extent | None = None, server: Server | None = None, json: Json = False) -> None:
    """Show scopes, newest first."""
    with connected(server) as client:
        print_list(extent, lambda size: client.live.scopes.iterate(page_size=size), _HEADINGS, _row, json=json)


@scopes.command
def show(slug: Slug, /, *, server: Server | None = None, json: Json = False) -> None:
    """One scope, and how many pictures it has."""
    with connected(server) as client:
        found = client.live.scopes.get(slug)
    _print(found, json=json)


@scopes.command
def update(slug: Slug, /, *, rules: Rules | None = None, server: Server | None = None, json: Json = False) -> None:
    """Change what is given; --meta replaces the whole."""
    given = (rules or Rules()).given()
    with connected(server) as client:
        changed = client.live.scopes.update(slug, **given)
    _print(changed, json=json)


@scopes.command
def regenerate(
    slug: Slug,
    /,
    *,
    image: Annotated[str | None, Parameter(help="Only this picture, by its image's id.")] = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Make its pictures again. Its URLs show the old ones until the new ones are there."""
    with connected(server) as client:
        done = client.live.scopes.regenerate(slug, image_id=image)
    if json:
        print_json(as_json(done))
    else:
        _account(done)
    if not done.skipped:
        return Exit.DONE
    return Exit.PARTLY if done.started or done.under_way else Exit.FAILED


@scopes.command
def delete(
    slug: Slug,
    /,
    *,
    yes: Yes = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """End its URLs. The pictures that they have made stay."""
    ask("End all URLs of this scope?", yes=yes)
    with connected(server) as client:
        deleted = client.live.scopes.delete(slug)
    if json:
        print_json(as_json(deleted))
    else:
        kept = f"{deleted.slug} is gone; {deleted.images_kept} of its pictures stay in the project"
        said = "1 that was being made is" if deleted.cancelled == 1 else f"{deleted.cancelled} being made are"
        say(f"{kept}; {said} cancelled." if deleted.cancelled else f"{kept}.")


def _address(scope: str, server: Server | None) -> str:
    if "://" in scope or scope.startswith("/"):
        return scope
    with connected(server) as client:
        return client.live.scopes.get(scope).url


def _account(done: RegeneratedScope) -> None:
    print_rows(("IMAGE", "GENERATION"), [(one.image_id, one.generation_id) for one in done.started])
    for skipped in done.skipped:
        say(f"{skipped.image_id}: {skipped.message} ({skipped.code})")
    counts = f"{len(done.started)} begun; {done.under_way} were under way already"
    say(f"{counts}; {len(done.skipped)} cannot be made again." if done.skipped else f"{counts}.")


def _print(scope: LiveScope, *, json: bool) -> None:
    if json:
        print_json(as_json(scope))
    else:
        print_rows(_HEADINGS, [_row(scope)])


def _row(scope: LiveScope) -> tuple[str, ...]:
    new = "yes" if scope.allow_new_generations else "no"
    return scope.slug, str(scope.current_generations), str(scope.new_generations_limit), new, scope.url
