"""The images that go into another, on their way to its provider: small, without metadata, as files."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from atpix.caller import Caller
from atpix.errors import AtpixError, Overloaded, StorageUnavailable
from atpix.generations.queue import Claimed
from atpix.generations.rows import Input
from atpix.ids import BlobKey
from atpix.images import rows, uploads
from atpix.images.errors import InvalidImage
from atpix.images.rows import Image
from atpix.imaging import errors as imaging
from atpix.imaging.orders import Order, Original, Rendered
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.providers.values import Reference
from atpix.services import Services


class ReferenceLost(AtpixError):
    """It was there when it was asked for, and was deleted, or trashed, before its turn came."""

    status, code = 404, "IMAGE_NOT_FOUND"

    def __init__(self, one: Input) -> None:
        called = one.alias or f"of SHA-256 {one.sha256}"
        super().__init__(f"The reference {called} was deleted meanwhile; generate again with images that are there.")


_SIDE_PX = 2048
_QUALITY = 90


def prepared(svc: Services, claimed: Claimed, folder: Path) -> tuple[tuple[Reference, ...], Reference | None]:
    """The references, in their order, and the mask.

    Raises ReferenceLost, InvalidImage, Overloaded, StorageUnavailable.
    """
    references, mask = [], None
    for one in claimed.inputs:
        made = _reference(svc, claimed.who, one, folder)
        if one.role == "mask":
            mask = made
        else:
            references.append(made)
    return tuple(references), mask


def _reference(svc: Services, who: Caller, one: Input, folder: Path) -> Reference:
    image = _image(svc, who, one)
    output = Output.PNG if image.has_alpha or one.role == "mask" else Output.JPEG
    target = folder / f"{one.position}.{output}"
    key = rows.blob_of(image)
    try:
        source = svc.blobs.local_path(key) or fetched(svc, key, folder / f"{one.position}.original")
        rendered = _rendered(svc, image, source, target, output)
    except FileNotFoundError:
        _image(svc, who, one)  # raises when it was deleted meanwhile
        raise StorageUnavailable("A reference's bytes cannot be read right now.") from None
    except OSError as error:
        raise StorageUnavailable("The server's data folder takes no file right now.") from error
    return Reference(target, rendered.media_type, rendered.width, rendered.height, one.sha256, one.alias)


def _image(svc: Services, who: Caller, one: Input) -> Image:
    if one.image_id is not None:
        with svc.db.read() as tx:
            image = rows.by_id(tx, who, one.image_id)
        if image is not None and image.deleted_at is None:
            return image
    raise ReferenceLost(one)


def _rendered(svc: Services, image: Image, source: Path, target: Path, output: Output) -> Rendered:
    order = Order(
        source=str(source),
        media_type=MediaType(image.media_type),
        target=str(target),
        spec=Spec(width=_SIDE_PX, height=_SIDE_PX, fit="inside", output=output, quality=_QUALITY, animate=False),
        output=output,
        same=image.id,
        limits=uploads.limits(svc),
        original=Original.NEVER,
    )
    try:
        try:
            return svc.renderers.render(order)
        except imaging.DecoderDied:  # of something else, perhaps
            return svc.renderers.render(order)
    except imaging.Busy as error:
        raise Overloaded("Many images are being rendered right now; try again in a moment.") from error
    except imaging.ImagingError as error:
        raise _unusable(image, error) from error


def _unusable(image: Image, error: imaging.ImagingError) -> AtpixError:
    return InvalidImage(f"The reference {image.id} cannot be used: {error}")


def fetched(svc: Services, key: BlobKey, target: Path) -> Path:
    """From a bucket. Raises FileNotFoundError, StorageUnavailable."""
    asyncio.run(_fetch(svc, key, target))
    return target


async def _fetch(svc: Services, key: BlobKey, target: Path) -> None:
    try:
        with target.open("wb") as file:
            async with (
                asyncio.timeout(svc.settings.storage_timeout_s * 2),
                aclosing(await svc.blobs.stream(key)) as chunks,
            ):
                async for chunk in chunks:
                    file.write(chunk)
    except TimeoutError as error:
        raise StorageUnavailable("The image's bytes cannot be read right now.") from error
