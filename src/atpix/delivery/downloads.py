"""`dl`: a name to save a file under. RFC 6266, with RFC 8187's encoding for what is not ASCII."""

import mimetypes
import re
from urllib.parse import quote

_LONGEST = 120
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+')
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/gif": ".gif",
    "application/json": ".json",
    "text/plain": ".txt",
}
_ENDINGS_OF_IMAGES = re.compile(r"\.(?:jpe?g|png|webp|avif|gif|svg|json|txt)$", re.IGNORECASE)


def disposition(wished: str, media_type: str) -> str:
    """The header's value. No separator of paths, no control, no mark that turns text around is left in the name, and
    its ending is that of the bytes.
    """
    name = safe_name(wished, media_type)
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    if plain == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def safe_name(wished: str, media_type: str) -> str:
    stem = _UNSAFE.sub("_", wished)
    stem = _ENDINGS_OF_IMAGES.sub("", stem).strip(" .")[:_LONGEST].strip(" .") or "image"
    kind = media_type.partition(";")[0].strip()
    return stem + (_ENDINGS.get(kind) or mimetypes.guess_extension(kind) or "")
