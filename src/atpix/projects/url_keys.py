"""The keys that a project's URLs are signed with: several at a time, so that one can follow another without a gap."""

import re
import secrets
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from atpix.caller import UrlKey
from atpix.errors import ValidationFailed

MASK = "***"
_MOST = 16
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_SECRET = re.compile(r"[!-~]{16,256}", re.ASCII)
_RANDOM_BYTES = 32


class UrlKeyIn(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Without a secret the server makes one, and shows it in this answer and never again."""

    secret: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET


Patch = Mapping[str, UrlKeyIn | None]


def with_secrets(patch: Patch) -> tuple[dict[str, UrlKeyIn | None], dict[str, str]]:
    """The patch with every missing secret made, and those secrets by `kid`. What is in use already refuses them, so
    that a change that succeeds has put all of them in force.
    """
    made = {
        kid: secrets.token_urlsafe(_RANDOM_BYTES)
        for kid, key in patch.items()
        if key is not None and key.secret is UNSET
    }
    return dict(patch) | {kid: UrlKeyIn(secret) for kid, secret in made.items()}, made


def merged(present: Mapping[str, UrlKey], patch: Patch) -> dict[str, UrlKey]:
    """A secret never changes under its `kid`: URLs that are out there would stop without anyone having meant it.

    Raises ValidationFailed.
    """
    after = dict(present)
    for kid, key in patch.items():
        place = f"settings.urlKeys.{kid}"
        if key is None:
            after.pop(kid, None)
        elif not _KID.fullmatch(kid):
            raise ValidationFailed.at("settings.urlKeys", "a kid is 1 to 32 letters, digits, _ or -.")
        elif kid in present:
            if key.secret not in {MASK, present[kid].secret}:
                raise ValidationFailed.at(place, "is there already; add a key of another name, then remove this one.")
        elif not isinstance(key.secret, str) or not _SECRET.fullmatch(key.secret):
            raise ValidationFailed.at(f"{place}.secret", "must be 16 to 256 visible ASCII characters.")
        else:
            after[kid] = UrlKey(key.secret)
    if len(after) > _MOST:
        raise ValidationFailed.at("settings.urlKeys", f"a project has {_MOST} keys at most; remove one.")
    return after


def masked(keys: Mapping[str, UrlKey], reveal: Mapping[str, str]) -> dict[str, UrlKey]:
    return {kid: UrlKey(reveal.get(kid, MASK)) for kid in keys}
