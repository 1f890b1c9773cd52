"""What is shown while a picture is being made, in the form that whoever asked can show."""

import html
from typing import NamedTuple

from atpix.delivery.entries import COMMON, RawHeaders
from atpix.http.wire import encode
from atpix.ids import GenerationId
from atpix.live.addresses import LiveAddress
from atpix.live.dressing import EXPOSED_WHILE_PENDING
from atpix.live.questions import Question
from atpix.providers.values import pixels

RETRY_AFTER_S = 2
_AREA = 640 * 360
_MOST_WORDS = 300
_OF_THE_PAGE = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Not sandboxed, as images are: a sandbox would keep it from loading itself again. There is no script in it."""


class Placeholder(NamedTuple):
    media_type: bytes
    body: bytes
    policy: bytes | None = None

    @property
    def headers(self) -> RawHeaders:
        """Nobody may keep it."""
        own: RawHeaders = [EXPOSED_WHILE_PENDING]
        if self.policy is not None:
            own.append((b"content-security-policy", self.policy))
        return [
            *(line for line in COMMON if line[0] not in dict(own)),
            *own,
            (b"content-type", self.media_type),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", b"no-store"),
            (b"vary", b"Accept"),
            (b"retry-after", b"%d" % RETRY_AFTER_S),
        ]


def of(accept: bytes, address: LiveAddress, question: Question, generation: GenerationId) -> Placeholder:
    """A browser's page for its address bar, a picture for `<img>`, JSON for everyone else."""
    lowered = accept.lower()
    if b"text/html" in lowered:
        return Placeholder(b"text/html; charset=utf-8", _page(question).encode(), _OF_THE_PAGE)
    if b"image/" in lowered:
        return Placeholder(b"image/svg+xml", _drawing(question).encode())
    told = {"status": "pending", "scope": address.scope, "generationId": generation}
    return Placeholder(b"application/json", encode({"success": True, "data": told}))


def _page(question: Question) -> str:
    shown = question.prompt if len(question.prompt) <= _MOST_WORDS else f"{question.prompt[:_MOST_WORDS]}…"
    ratio = question.aspect_ratio.replace(":", "/")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{RETRY_AFTER_S}">
<title>A picture is being made</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f4f2; color: #333;
       font: 16px/1.5 system-ui, sans-serif }}
main {{ width: min(90vw, 640px); aspect-ratio: {ratio}; display: grid; place-items: center; background: #e2e2de;
       overflow: hidden }}
p {{ margin: 1rem; text-align: center; overflow-wrap: anywhere }}
</style>
<main><p dir="auto">{html.escape(shown)}</p></main>
<p>This picture is being made. The page shows it as soon as it is there.</p>
</html>
"""


def _drawing(question: Question) -> str:
    width, height = pixels(question.aspect_ratio, area=_AREA, multiple=8)
    dots = "".join(
        f'<circle cx="{width // 2 + offset}" cy="{height // 2}" r="7">'
        f'<animate attributeName="opacity" values="1;.25;1" dur="1.2s" begin="{begin}s" repeatCount="indefinite"/>'
        "</circle>"
        for offset, begin in ((-28, 0.0), (0, 0.2), (28, 0.4))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<rect width="100%" height="100%" fill="#e2e2de"/><g fill="#9a9a94">{dots}</g></svg>'
    )
