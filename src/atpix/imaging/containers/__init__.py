"""The five file formats as structures, without their pixels: one module each, all with the same three functions.

- `frames(data)` walks the whole structure and counts the frames. It raises InvalidImage when a length leads past
  the end of the file: what the decoders forgive (a missing trailer, dropped frames), this does not.
- `notes(data)` yields the payloads in which cameras and editors write: `Note.EXIF` (TIFF) and `Note.XMP`.
- `edits(data)` yields, in order, the replacements that take private metadata out and leave every pixel, the colour
  profile and the orientation.

Every loop advances by at least one structure's header, and stops at `reading.MAX_PARTS`.
"""

from types import ModuleType

from atpix.imaging.containers import avif, gif, jpeg, png, webp
from atpix.imaging.errors import UnsupportedType
from atpix.imaging.sniff import MediaType


def of(media_type: MediaType) -> ModuleType:
    """The module that knows this format."""
    match media_type:
        case MediaType.JPEG:
            return jpeg
        case MediaType.PNG:
            return png
        case MediaType.WEBP:
            return webp
        case MediaType.GIF:
            return gif
        case MediaType.AVIF:
            return avif
        case _:
            raise UnsupportedType(f"{media_type.value} is not taken here. Send PNG, JPEG, WebP, AVIF or GIF.")
