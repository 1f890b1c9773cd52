"""The type of a file is found in its first bytes by this table, never in its name or in what a client says."""

import enum
import re

HEAD_BYTES = 512
"""How much of a file `sniff` wants to see. Less works for all but SVG."""

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
# Every group is possessive or atomic: a hostile head cannot make this backtrack.
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+)?(?:(?><!--.*?-->)\s*+)*+(?:<!DOCTYPE\s++svg\b|<svg[\s>/])",
    re.IGNORECASE | re.DOTALL,
)


class MediaType(enum.StrEnum):
    """What can be told apart. Not everything that has a name here is taken: see `DECODABLE`."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    AVIF = "image/avif"
    GIF = "image/gif"
    SVG = "image/svg+xml"
    HEIC = "image/heic"


DECODABLE = frozenset({MediaType.PNG, MediaType.JPEG, MediaType.WEBP, MediaType.AVIF, MediaType.GIF})


def sniff(head: bytes) -> MediaType | None:
    """The type of the file that begins with `head` (`HEAD_BYTES` of it), or None for anything unknown."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return MediaType.GIF
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    return MediaType.SVG if _SVG.match(head[:HEAD_BYTES]) else None


def _sniff_brands(head: bytes) -> MediaType | None:
    """ISO/IEC 14496-12, file type box: a major brand, a version, then compatible brands to its end."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))}
    if brands & _AVIF_BRANDS:
        return MediaType.AVIF
    return MediaType.HEIC if brands & _HEIC_BRANDS else None
