"""What `atpix url` and `atpix renditions` take alike: how a picture shall look, and who signs its address."""

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, cast

from cyclopts import Parameter

from atpix.cli.outcome import Misused
from atpix.cli.remote.presenting import plain
from atpix.imaging import grammar
from atpix_client import signing, urls

_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

Text = str | None
Sign = Callable[..., str]
"""Of an address, a secret, its `kid` and `expires`."""


@Parameter(name="*", group="Picture")
@dataclass(frozen=True, kw_only=True)
class Look:
    """The parameters of delivery, as docs/guide.md explains them."""

    w: Annotated[Text, Parameter(help="Width in CSS pixels.")] = None
    h: Annotated[Text, Parameter(help="Height in CSS pixels.")] = None
    fit: Annotated[Text, Parameter(help="cover, contain, inside, fill or pad.")] = None
    ar: Annotated[Text, Parameter(help="Ratio of the sides: 16:9.")] = None
    dpr: Annotated[Text, Parameter(help="Pixels of the screen for each CSS pixel.")] = None
    fp: Annotated[Text, Parameter(help="Focal point: X,Y or auto.")] = None
    format: Annotated[Text, Parameter(help="auto, avif, webp, jpeg, png, gif, json, …")] = None
    q: Annotated[Text, Parameter(help="Quality: 1 to 100, or auto.")] = None
    max_bytes: Annotated[Text, Parameter(help="The largest file.")] = None
    bg: Annotated[Text, Parameter(help="Background: a colour such as ff8800.")] = None
    rot: Annotated[Text, Parameter(help="0, 90, 180 or 270 degrees.")] = None
    flip: Annotated[Text, Parameter(help="h, v or hv.")] = None
    blur: Annotated[Text, Parameter(help="Sigma in pixels.")] = None
    sharpen: Annotated[Text, Parameter(help="0 to 10.")] = None
    page: Annotated[Text, Parameter(help="Of an animation, from 1.")] = None
    anim: Annotated[Text, Parameter(help="0: the first frame only.")] = None
    up: Annotated[Text, Parameter(help="1: may be enlarged.")] = None
    preset: Annotated[Text, Parameter(help="A preset of the project.")] = None
    dl: Annotated[Text, Parameter(help="Save as a file of this name.")] = None

    def parameters(self) -> urls.Transformations:
        """Raises Misused for what delivery would not take as it is."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if faults := grammar.parse(list(given.items())).faults:
            raise Misused(" ".join(fault.message for fault in faults))
        return cast("urls.Transformations", given)


@Parameter(name="*", group="Signature")
@dataclass(frozen=True, kw_only=True)
class Signature:
    """A secret is never an argument: other users of the machine could read it in the list of processes."""

    kid: Annotated[Text, Parameter(help="Which of the project's urlKeys signs.")] = None
    secret_env: Annotated[str, Parameter(help="The variable that holds the secret.")] = "ATPIX_URL_SECRET"  # noqa: S105  a name
    secret_file: Annotated[Path | None, Parameter(help="A file that holds the secret.")] = None
    expires_in: Annotated[Text, Parameter(help="So long it is good: 90, 15m, 8h, 7d.")] = None

    def secret(self) -> str | None:
        """Raises Misused."""
        if self.secret_file is None:
            return os.environ.get(self.secret_env) or None
        try:
            return self.secret_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
            raise Misused(f"The file of --secret-file cannot be read: {reason}.") from None

    def expires(self, now_s: int) -> int | None:
        """Unix seconds. Raises Misused."""
        if self.expires_in is None:
            return None
        found = re.fullmatch(r"(\d{1,10})([smhd]?)", self.expires_in, re.ASCII)
        if found is None or not int(found[1]):
            raise Misused(f"--expires-in is a number of seconds, or 15m, 8h, 7d; {self.expires_in!r} is none.")
        return now_s + int(found[1]) * _UNITS_S[found[2]]

    def signer(self, now_s: int, sign: Sign = signing.sign) -> Callable[[str], str] | None:
        """By the rules for images or, with `live_urls.sign`, for live URLs. None: nobody has asked for a signature.

        Raises Misused.
        """
        if self.kid is None:
            if self.expires_in is not None:
                raise Misused("--expires-in is for signed URLs: give --kid too.")
            return None
        kid, secret, expires = self.kid, self.secret(), self.expires(now_s)
        if secret is None:
            raise Misused(f"There is no secret: set {self.secret_env}, or name a file with --secret-file.")
        return lambda url: signed(url, secret, kid, expires, sign)


def signed(url: str, secret: str, kid: str, expires: int | None, sign: Sign = signing.sign) -> str:
    """Raises Misused."""
    try:
        return sign(url, secret, kid, expires=expires)
    except ValueError as error:
        raise Misused(plain(f"{url}: {error}.")) from None
