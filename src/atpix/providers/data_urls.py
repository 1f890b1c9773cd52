"""Images that go out inside a request: `data:` URLs (RFC 2397)."""

import base64

from atpix.providers.values import Reference


def of(reference: Reference) -> str:
    return f"data:{reference.media_type};base64,{base64.b64encode(reference.path.read_bytes()).decode()}"
