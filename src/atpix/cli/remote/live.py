"""`atpix live`: addresses that make their own pictures, and the scopes they are in."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from cyclopts import App, Parameter, validators

from atpix.cli.addressing import Look, Signature
from atpix.cli.outcome import Exit, Misused
from atpix.cli.remote import arguments
from atpix.cli.remote.arguments import Json, Meta
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.deleting import confirmed
from atpix.cli.remote.presenting import as_json, plain, print_json, print_line, print_rows, say
from atpix.generations.prompts import Template
from atpix.providers.values import AspectRatio
from atpix_client import live_urls
from atpix_client.live import LiveScope

live = App(name="live", help="URLs that make their own pictures, with ATPIX_URL and ATPIX_API_KEY.")
scopes = App(name="scopes", help="Where live URLs are made, and how many.")
live.command(scopes)

Slug = Annotated[str, Parameter(name="SCOPE", help="Its slug.")]
Allowed = Annotated[bool | None, Parameter(name="--allow-new", negative="--no-allow-new", help="Make new pictures.")]
Most = Annotated[int | None, Parameter(name="--limit", validator=validators.Number(gte=0), help="So many pictures.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What belongs to the question beside the prompt."""

    aspect_ratio: Annotated[AspectRatio | None, Parameter(help="Else 16:9.")] = None
    no_enhance: Annotated[bool, Parameter(negative="", help="The prompt as it is.")] = False
    template: Annotated[Template | None, Parameter(help="How an enhancer improves the prompt.")] = None


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
    sign, wanted = _signer(signature or Signature()), drawing or Drawing()
    try:
        made = live_urls.live_url(
            _address(scope, server),
            prompt,
            aspect_ratio=wanted.aspect_ratio,
            auto_enhance=False if wanted.no_enhance else None,
            template=wanted.template,
            **(look or Look()).parameters(),
        )
        made = made if sign is None else sign(made)
    except ValueError as error:
        raise Misused(plain(f"{error}.")) from None
    if json:
        print_json({"url": made})
    else:
        print_line((made,))


@scopes.command
def create(
    slug: Slug,
    /,
    *,
    allow_new: Allowed = None,
    most: Most = None,
    meta: Meta = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Make a scope, and print what its URLs begin with."""
    with connected(server) as client:
        made = client.live.scopes.create(
            slug, allow_new_generations=allow_new, new_generations_limit=most, meta=_meta(meta)
        )
    _print(made, json=json)


@scopes.command(name="list")
def list_scopes(
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1), help="So many at most.")] = 20,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show scopes, newest first."""
    with connected(server) as client:
        walk = client.live.scopes.iterate(page_size=min(limit + 1, 100))
        found = list(islice(walk, limit))
        more = next(walk, None) is not None
    if json:
        print_json([as_json(scope) for scope in found])
        return
    print_rows(("SCOPE", "PICTURES", "LIMIT", "NEW", "URL"), map(_row, found))
    if more and sys.stdout.isatty():
        say("There are more: --limit N shows them.")


@scopes.command
def show(slug: Slug, /, *, server: Server | None = None, json: Json = False) -> None:
    """One scope, and how many pictures it has."""
    with connected(server) as client:
        found = client.live.scopes.get(slug)
    _print(found, json=json)


@scopes.command
def update(
    slug: Slug,
    /,
    *,
    allow_new: Allowed = None,
    most: Most = None,
    meta: Meta = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Change what is given; --meta replaces the whole."""
    with connected(server) as client:
        changed = client.live.scopes.update(
            slug, allow_new_generations=allow_new, new_generations_limit=most, meta=_meta(meta)
        )
    _print(changed, json=json)


@scopes.command
def regenerate(
    slug: Slug,
    /,
    *,
    image: Annotated[str | None, Parameter(help="Only this picture, by its image's id.")] = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Make its pictures again. Its URLs show the old ones until the new ones are there."""
    with connected(server) as client:
        done = client.live.scopes.regenerate(slug, image_id=image)
    if json:
        print_json(as_json(done))
        return
    print_rows(("IMAGE", "GENERATION"), [(one.image_id, one.generation_id) for one in done.started])
    say(f"{len(done.started)} begun; {done.under_way} were under way already.")


@scopes.command
def delete(
    slug: Slug,
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative="", help="Do not ask.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """End its URLs. The pictures that they have made stay."""
    if not yes and not confirmed("End all URLs of this scope?"):
        say("Nothing was deleted.")
        return Exit.FAILED
    with connected(server) as client:
        deleted = client.live.scopes.delete(slug)
    if json:
        print_json(as_json(deleted))
    else:
        say(f"{deleted.slug} is gone; {deleted.images_kept} of its pictures stay in the project.")
    return Exit.DONE


def _address(scope: str, server: Server | None) -> str:
    if "://" in scope or scope.startswith("/"):
        return scope
    with connected(server) as client:
        return client.live.scopes.get(scope).url


def _signer(signature: Signature) -> Callable[[str], str] | None:
    """None: nobody has asked for a signature. Raises Misused."""
    if signature.signer(0) is None:
        return None
    kid, secret, expires = signature.kid, signature.secret(), signature.expires(int(time.time()))
    assert kid is not None
    assert secret is not None
    return lambda made: live_urls.sign(made, secret, kid, expires=expires)


def _meta(text: str | None) -> dict[str, object] | None:
    return None if text is None else arguments.meta(text)


def _print(scope: LiveScope, *, json: bool) -> None:
    if json:
        print_json(as_json(scope))
    else:
        print_rows(("SCOPE", "PICTURES", "LIMIT", "NEW", "URL"), [_row(scope)])


def _row(scope: LiveScope) -> tuple[str, ...]:
    new = "yes" if scope.allow_new_generations else "no"
    return scope.slug, str(scope.current_generations), str(scope.new_generations_limit), new, scope.url
