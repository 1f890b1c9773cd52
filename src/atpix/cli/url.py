"""`atpix url`: addresses of delivery, made and taken apart without asking anyone."""

import os
import time
from typing import Annotated

from cyclopts import App, Parameter

from atpix.cli.addressing import Look, Signature
from atpix.cli.explaining import explain
from atpix.cli.outcome import Misused
from atpix.cli.remote.arguments import Json
from atpix.cli.remote.presenting import print_json
from atpix_client import urls

url = App(name="url", help="Build, sign and explain the addresses of images.")
url.command(explain)

Url = Annotated[str, Parameter(name="URL", help="The address of an image or of a rendition.")]
InPath = Annotated[bool, Parameter(negative="", help="As /w=800,h=450, for caches that ignore queries.")]


@url.command
def build(
    ref: Annotated[str, Parameter(help="An image's id, its name, or its whole address.")],
    /,
    *,
    project: Annotated[str | None, Parameter(help="ORG/PROJECT, unless REF is an address.")] = None,
    cdn: Annotated[str | None, Parameter(help="What it begins with. ATPIX_CDN_URL, or ATPIX_URL/cdn")] = None,
    filename: Annotated[str | None, Parameter(help="A name at the end, for people and search engines.")] = None,
    in_path: InPath = False,
    look: Look | None = None,
    signature: Signature | None = None,
    json: Json = False,
) -> None:
    """Print the address of a rendition; with --kid it is signed."""
    sign = (signature or Signature()).signer(int(time.time()))
    try:
        made = urls.transformed(
            _address(ref, project, cdn), filename=filename, in_path=in_path, **(look or Look()).parameters()
        )
    except ValueError as error:
        raise Misused(f"{error}.") from None
    _print(made if sign is None else sign(made), json=json)


@url.command
def sign(address: Url, /, *, signature: Signature | None = None, json: Json = False) -> None:
    """Print the address with a signature. What it had of one before is replaced."""
    sign = (signature or Signature()).signer(int(time.time()))
    if sign is None:
        raise Misused("Say which key signs: --kid.")
    _print(sign(address), json=json)


def _address(ref: str, project: str | None, cdn: str | None) -> str:
    if "://" in ref or ref.startswith("/"):
        return ref
    organization, _, slug = (project or "").partition("/")
    if not (organization and slug) or "/" in slug:
        raise Misused("Say whose image it is: --project ORG/PROJECT.")
    base = cdn or os.environ.get("ATPIX_CDN_URL")
    if not base:
        base = f"{(os.environ.get('ATPIX_URL') or 'http://127.0.0.1:8000').rstrip('/')}/cdn"
    return urls.image_url(base, organization, slug, ref)


def _print(made: str, *, json: bool) -> None:
    if json:
        print_json({"url": made})
    else:
        print(made)
