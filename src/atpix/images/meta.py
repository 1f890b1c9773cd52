"""A user's own JSON beside an image: an object, 64 KiB and 32 levels at most. It comes back as it was sent."""

import msgspec

from atpix.errors import ValidationFailed

MAX_BYTES = 64 * 1024
MAX_LEVELS = 32


def parse(text: str | bytes, path: str = "meta") -> str:
    """The same JSON without white space. Raises ValidationFailed."""
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise ValidationFailed.at(path, f"is nested deeper than {MAX_LEVELS} levels.") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValidationFailed.at(path, f"is not valid JSON: {error}.") from None
    return checked(value, path)


def checked(value: object, path: str = "meta") -> str:
    """The JSON text of a decoded value. Raises ValidationFailed."""
    if not isinstance(value, dict):
        raise ValidationFailed.at(path, "must be a JSON object.")
    if _levels(value, MAX_LEVELS) > MAX_LEVELS:
        raise ValidationFailed.at(path, f"is nested deeper than {MAX_LEVELS} levels.")
    encoded = msgspec.json.encode(value)
    if len(encoded) > MAX_BYTES:
        raise ValidationFailed.at(path, f"takes {len(encoded)} bytes of JSON; {MAX_BYTES} are the limit.")
    if b"\\u0000" in encoded and _has_nul(value):
        raise ValidationFailed.at(path, "holds a NUL character, which databases refuse; leave it out.")
    return encoded.decode()


def merged(text: str, patch: dict[str, object]) -> str:
    """The JSON merge patch (RFC 7396) of a stored `meta`. Raises ValidationFailed."""
    return checked(_merge(msgspec.json.decode(text), patch))


def _merge(target: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _levels(value: object, left: int) -> int:
    """How deep it goes; stops counting one past `left`."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return 0
    return 1 if left <= 0 else 1 + max((_levels(item, left - 1) for item in inner), default=0)


def _has_nul(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_has_nul(item) for pair in value.items() for item in pair)
        case list():
            return any(_has_nul(item) for item in value)
        case _:
            return False
