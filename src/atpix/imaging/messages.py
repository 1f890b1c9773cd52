"""What a worker and its children say to each other: MessagePack, each message behind its length."""

from pathlib import Path

import msgspec

from atpix.imaging import errors
from atpix.imaging.orders import Order, Rendered
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Examined, Limits

LENGTH_BYTES = 4
KEPT_S = 5.0
"""How long after its last answer a render child keeps the pixels of an image."""

_LAST, _NOT_LAST = b"\x01", b"\x00"


class Examine(msgspec.Struct, frozen=True, tag=True):
    path: str
    media_type: MediaType
    limits: Limits


class Strip(msgspec.Struct, frozen=True, tag=True):
    source: str
    target: str
    media_type: MediaType


class Rasterise(msgspec.Struct, frozen=True, tag=True):
    source: str
    target: str
    limits: Limits


class Rasterised(msgspec.Struct, frozen=True, tag=True):
    pass


class Stripped(msgspec.Struct, frozen=True, tag=True):
    changed: bool


class Seen(msgspec.Struct, frozen=True, tag=True):
    examined: Examined


class Drawn(msgspec.Struct, frozen=True, tag=True):
    rendered: Rendered


class Refused(msgspec.Struct, frozen=True, tag=True):
    """An error of `atpix.imaging.errors` by its name, or `OSError` with its number, and what it says."""

    error: str
    message: str
    errno: int | None = None


Request = Examine | Strip | Rasterise
Answer = Seen | Stripped | Rasterised | Drawn | Refused

_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_orders: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        errors.UnsupportedType,
        errors.InvalidImage,
        errors.ImageTooLarge,
        errors.DecoderFailed,
        errors.TooMuchMemory,
    )
}


def packed(message: Request | Order | Answer) -> bytes:
    return msgspec.msgpack.encode(message)


def parting(body: bytes, *, last: bool) -> bytes:
    """A child's answer, with the word whether it is its last: then the child wants to be replaced."""
    return (_LAST if last else _NOT_LAST) + body


def parted(body: bytes) -> tuple[bytes, bool]:
    """The answer, and whether it is the last."""
    return body[1:], body[:1] != _NOT_LAST


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def request(body: bytes) -> Request:
    return _requests.decode(body)


def order(body: bytes) -> Order:
    return _orders.decode(body)


def answer(body: bytes) -> Answer:
    return _answers.decode(body)


def told(answer: Answer) -> Answer:
    """The same answer; what was refused is raised."""
    if isinstance(answer, Refused):
        if answer.error == "OSError":
            raise OSError(answer.message) if answer.errno is None else OSError(answer.errno, answer.message)
        raise _ERRORS.get(answer.error, errors.DecoderFailed)(answer.message)
    return answer


def examine(path: Path, media_type: MediaType, limits: Limits) -> Examine:
    return Examine(str(path.absolute()), media_type, limits)


def strip(source: Path, target: Path, media_type: MediaType) -> Strip:
    return Strip(str(source.absolute()), str(target.absolute()), media_type)


def rasterise(source: Path, target: Path, limits: Limits) -> Rasterise:
    return Rasterise(str(source.absolute()), str(target.absolute()), limits)
