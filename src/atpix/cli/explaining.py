"""`atpix url explain`: what delivery makes of an address, by the same code; and what a server says about it."""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
from cyclopts import Parameter

from atpix.cli.addressing import Signature, signed
from atpix.cli.outcome import Misused, Refused
from atpix.cli.remote.arguments import Json
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.presenting import iso, plain, print_json, print_rows
from atpix.delivery import signing as delivery_signing
from atpix.errors import NotFound, ValidationFailed
from atpix.imaging import grammar
from atpix.imaging.grammar import Parsed
from atpix.live import addresses, questions
from atpix.live.questions import Asked
from atpix_client import failures, signing, urls

_BROWSER = "image/avif,image/webp,*/*;q=0.8"


@dataclass(frozen=True)
class Read:
    """An address, taken apart: whose it is, `what` it is of, what it asks for, and which pairs a signature covers."""

    resource: str
    what: Mapping[str, Any]
    parsed: Parsed
    covered: Sequence[tuple[str, str]]


def explain(
    address: Annotated[str, Parameter(name="URL", help="The address of an image or of a rendition, or a live URL.")],
    /,
    *,
    ask: Annotated[bool, Parameter(negative="", help="Ask the server too, with the key.")] = False,
    accept: Annotated[str, Parameter(help="With --ask: the formats that are taken.")] = _BROWSER,
    signature: Signature | None = None,
    server: Server | None = None,
    json: Json = False,
) -> None:
    """Show what an address asks for: what is read, adjusted and ignored, and whether its signature is right."""
    read = _of_image(address) or _live(address)
    secret = (signature or Signature()).secret()
    parsed = read.parsed
    told: dict[str, Any] = {
        **read.what,
        "parameters": dict(parsed.given),
        "canonical": grammar.canonical(parsed.spec),
        "faults": [{"parameter": fault.parameter, "message": fault.explained} for fault in parsed.faults],
        "preset": parsed.handling.preset,
        "expiresAt": None if parsed.handling.expires is None else _moment(parsed.handling.expires),
        "signature": _verdict(read, secret),
    }
    if ask:
        told["server"] = _asked(read, secret, accept, server)
    if json:
        print_json(told)
    else:
        _print(read, told)


def _of_image(address: str) -> Read | None:
    try:
        resource, pairs = signing.parameters(address)
    except ValueError:
        return None
    parsed = grammar.parse(pairs)
    return Read(resource, {"image": resource}, parsed, parsed.given)


def _live(address: str) -> Read:
    """Raises Misused."""
    try:
        parts = urlsplit(address)
        scope = addresses.parse("/".join(unquote(parts.path).split("/")[-4:])).resource
        asked = questions.read(parts.query.encode("utf-8", "surrogateescape"))
    except (NotFound, ValueError):
        kinds = "/ORGANIZATION/PROJECT/img/REF, nor of a live URL, …/ORGANIZATION/PROJECT/live/SCOPE"
        raise Misused(plain(f"{address} is no address of an image, …{kinds}.")) from None
    except ValidationFailed as error:
        raise Misused(error.message) from None
    return Read(scope, {"scope": scope, **_question(asked)}, asked.parsed, asked.signed)


def _question(asked: Asked) -> Mapping[str, Any]:
    """Or why a server refuses it."""
    try:
        question = asked.question
    except ValidationFailed as error:
        return {"refused": error.message}
    return {
        "prompt": question.prompt,
        "aspectRatio": question.aspect_ratio,
        "autoEnhance": question.auto_enhance,
        "template": question.template,
    }


def _verdict(read: Read, secret: str | None) -> str:
    handling = read.parsed.handling
    if handling.signature is None:
        return "none"
    if read.parsed.may_be_forged:
        return "refused: it does not cover all that is written, or more than one could be meant"
    if handling.expires is not None and handling.expires <= time.time():
        return "expired"
    if secret is None:
        return "not checked: there is no secret"
    given = handling.signature.encode("utf-8", "surrogatepass")
    expected = delivery_signing.sign(secret, read.resource, read.covered)
    return "right" if hmac.compare_digest(expected.encode(), given) else "wrong: another key, address or parameter"


def _asked(read: Read, secret: str | None, accept: str, server: Server | None) -> Mapping[str, Any]:
    """The key goes to the server of --url or ATPIX_URL, whatever host the address names.

    Raises Misused, Refused, Unusable.
    """
    if "image" not in read.what:
        raise Misused("--ask is for images: whoever asks for a live URL has its picture made.")
    parsed = read.parsed
    pairs = [pair for pair in parsed.given if pair[0] not in {"exp", "kid"}]
    path = f"/cdn{quote(read.resource, safe='/@')}?{urls.query_of([*pairs, ('fp_debug', '1')])}"
    handling = parsed.handling
    if handling.signature is not None:
        if secret is None or handling.key_id is None:
            raise Misused("A signed address cannot be asked about without the secret: a question is signed, too.")
        path = signed(path, secret, handling.key_id, handling.expires)
    with connected(server) as client:
        runner = client.images.runner
        with failures.translated():
            answer = runner.http.request(
                "GET",
                f"{runner.server.base_url}{path}",
                headers={"X-API-Key": runner.server.api_key, "Accept": accept},
                timeout=runner.server.timeout,
            )
    if answer.status_code >= 400:
        raise Refused(f"The server answers {answer.status_code}: {_message(answer.content)}")
    explained = answer.headers.get("atpix-explain")
    return {
        "status": answer.status_code,
        "mediaType": answer.headers.get("content-type"),
        "bytes": len(answer.content),
        "timing": answer.headers.get("server-timing"),
        "explained": None if explained is None else msgspec.json.decode(explained),
    }


def _moment(unix_s: int) -> str:
    try:
        return iso(datetime.fromtimestamp(unix_s, UTC))
    except (ValueError, OverflowError, OSError):
        return f"{unix_s} s after 1970"


def _message(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (msgspec.DecodeError, LookupError, TypeError):
        return "something that is not Atpix's."


def _print(read: Read, told: Mapping[str, Any]) -> None:
    rows = [
        *((name, _text(value)) for name, value in read.what.items()),
        *((f"parameter {name}", value) for name, value in told["parameters"].items()),
        ("canonical", told["canonical"] or "the original"),
        *(("note", fault["message"]) for fault in told["faults"]),
        ("preset", told["preset"] or ""),
        ("expires", told["expiresAt"] or ""),
        ("signature", told["signature"]),
    ]
    server = dict(told.get("server", {}))
    explained = server.pop("explained", None) or {}
    rows += [(f"server {name}", _text(value)) for name, value in (server | explained).items()]
    print_rows(("", ""), [(name, value) for name, value in rows if value])


def _text(value: Any) -> str:  # noqa: ANN401  what JSON may hold
    """For people: nothing for what there is none of, and `true`, `x 0.3, y 0.4`, and sentences one after another."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dict():
            return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
        case list():
            return " ".join(map(_text, value))
        case _:
            return str(value)
