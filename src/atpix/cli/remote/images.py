"""`atpix images`."""

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from msgspec import UNSET

from atpix.cli.outcome import Misused
from atpix.cli.remote import arguments
from atpix.cli.remote.arguments import Flow, Json, Meta, OfFlow, Ref, named
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.deleting import delete
from atpix.cli.remote.downloading import download
from atpix.cli.remote.lineage import lineage
from atpix.cli.remote.listing import Extent, print_list
from atpix.cli.remote.presenting import IMAGE_HEADINGS, image_row, print_image
from atpix.cli.remote.uploading import upload
from atpix_client import FocalPoint

images = App(name="images", help="Upload, list, change, download and delete images, with ATPIX_URL and ATPIX_API_KEY.")
images.command(upload)
images.command(download)
images.command(delete)
images.command(lineage)

Source = Literal["uploaded", "generated"]
PointOrNone = Annotated[str | None, Parameter(name="--focal-point", help="X,Y, or `none` to clear it.")]


@images.command(name="list")
def list_images(
    *,
    flow: OfFlow = None,
    source: Annotated[Source | None, Parameter(help="Only those that came this way.")] = None,
    alias: Annotated[str | None, Parameter(help="Only the one of exactly this name.")] = None,
    include_deleted: Annotated[bool, Parameter(negative="", help="Those in the trash as well.")] = False,
    extent: Extent | None = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show images, newest first."""
    with connected(server) as client:
        print_list(
            extent,
            lambda page_size: client.images.iterate(
                flow_id=flow,
                source=source,
                alias=None if alias is None else named(alias),
                include_deleted=include_deleted or None,
                page_size=page_size,
            ),
            IMAGE_HEADINGS,
            lambda image: image_row(image, client.base_url),
            json=json,
        )


@images.command
def get(ref: Ref, /, *, flow: Flow = None, server: Server | None = None, json: Json = False) -> None:
    """Show what is known about an image."""
    with connected(server) as client:
        image = client.images.get(ref, flow_id=flow)
    print_image(image, json=json, base_url=client.base_url)


@images.command
def update(
    ref: Ref,
    /,
    *,
    focal_point: PointOrNone = None,
    meta: Meta = None,
    patch: Annotated[bool, Parameter(negative="", help="Merge META into what is there; null removes.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Change the focal point, replace the user's data, or both."""
    changes: dict[str, Any] = {
        "focal_point": UNSET if focal_point is None else _point(focal_point),
        "meta": UNSET if meta is None else arguments.meta(meta),
    }
    if all(value is UNSET for value in changes.values()):
        raise Misused("Say what to change: --focal-point, --meta or both.")
    with connected(server) as client:
        change = client.images.patch if patch else client.images.update
        image = change(ref, **changes)
    print_image(image, json=json, base_url=client.base_url)


@images.command
def restore(
    image_id: Annotated[str, Parameter(name="ID", help="Of an image in the trash.")],
    /,
    *,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Bring an image back from the trash. The names it had stay gone."""
    with connected(server) as client:
        image = client.images.restore(image_id)
    print_image(image, json=json, base_url=client.base_url)


def _point(text: str) -> FocalPoint | None:
    return None if text == "none" else arguments.focal_point(text)
