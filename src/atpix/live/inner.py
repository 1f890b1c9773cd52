"""The picture's own address, as a live URL's request is handed on to delivery."""

from urllib.parse import urlsplit

from atpix.caller import ProjectSettings
from atpix.delivery import signing
from atpix.delivery.addresses import Address
from atpix.ids import ImageId
from atpix.imaging import grammar
from atpix.live.addresses import LiveAddress
from atpix.live.questions import Asked
from atpix.settings import Settings

_LONGEST = 500


def query(settings: ProjectSettings, address: Address, asked: Asked) -> bytes:
    """Where delivery wants a signature, the server signs for itself: the live URL's own was good. This one leaves the
    process in no answer, so it may be without an end.
    """
    if not settings.signed_urls:
        return asked.shape
    kid, key = next(iter(settings.url_keys.items()))
    written = b"&".join(piece for piece in (asked.shape, b"kid=" + kid.encode()) if piece)
    signature = signing.sign(key.secret, address.resource, grammar.given_of(grammar.pairs_of(written)))
    return written + b"&sig=" + signature.encode()


def location(settings: Settings, address: LiveAddress, image: ImageId, asked: Asked) -> str | None:
    """Permanent, for `Content-Location`. None: too long for a header."""
    if len(asked.shape) > _LONGEST:
        return None
    own = f"{urlsplit(settings.cdn).path}/{address.organization}/{address.project}/img/{image}"
    return f"{own}?{asked.shape.decode('latin-1')}" if asked.shape else own
