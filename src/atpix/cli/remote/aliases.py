"""`atpix aliases`: names of images, those of the project."""

from typing import Annotated
from urllib.parse import urljoin

from cyclopts import App, Parameter
from msgspec import UNSET

from atpix.cli.remote.arguments import Json, Ref, named
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.presenting import print_json, print_rows, say
from atpix_client import Image

aliases = App(name="aliases", help="Give, take and list the names of images, with ATPIX_URL and ATPIX_API_KEY.")

Name = Annotated[str, Parameter(name="@NAME", help="The `@` may be left out, where a shell takes it for itself.")]


@aliases.command(name="set")
def set_alias(
    name: Name,
    ref: Ref,
    /,
    *,
    expect_image: Annotated[str | None, Parameter(help="Only if this image has the name now; `none`: nobody.")] = None,
    fail_if_taken: Annotated[bool, Parameter(negative="", help="Leave the name with another that has it.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Make a name mean this image. Whichever image had it loses it in the same step."""
    expected = None if expect_image == "none" else expect_image
    with connected(server) as client:
        assigned = client.images.assign_alias(
            ref,
            named(name),
            expect_image_id=UNSET if expect_image is None else expected,
            on_conflict="fail" if fail_if_taken else UNSET,
        )
    alias, url = named(name), _address(assigned.image, client.base_url)
    if json:
        print_json({"alias": alias, "imageId": assigned.image.id, "displaced": assigned.displaced, "url": url})
        return
    print_rows(("ALIAS", "ID", "URL"), [(alias, assigned.image.id, url)])
    if assigned.displaced:
        say(f"{alias} was the name of {assigned.displaced} before.")


@aliases.command
def unset(name: Name, /, *, server: Server | None = None, json: Json = False) -> None:
    """Take a name from the image that has it. The image stays."""
    alias = named(name)
    with connected(server) as client:
        image = client.images.remove_alias(alias)
    if json:
        print_json({"alias": alias, "imageId": image.id})
    else:
        print_rows(("ALIAS", "ID"), [(alias, image.id)])


@aliases.command(name="list")
def list_aliases(
    *,
    prefix: Annotated[str, Parameter(help="Only names that begin so.")] = "",
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show all names, sorted. It reads the list of all images, 100 a request, since servers list no names yet."""
    start = named(prefix)
    with connected(server) as client:
        found = sorted(
            (image.alias, image.id, _address(image, client.base_url))
            for image in client.images.iterate()
            if image.alias is not None and image.alias.startswith(start)
        )
    if json:
        print_json([{"alias": alias, "imageId": image_id, "url": url} for alias, image_id, url in found])
    else:
        print_rows(("ALIAS", "ID", "URL"), found)


def _address(image: Image, base_url: str) -> str:
    """The public one by name, which shows whatever image has the name."""
    own = urljoin(f"{base_url}/", image.storage_url)
    return f"{own.rpartition('/')[0]}/{image.alias}" if image.alias else own
