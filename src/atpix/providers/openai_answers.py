"""What OpenAI's images API answers, and servers that speak as it does: a picture, or why there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from atpix.providers import inline
from atpix.providers.faults import Refusal
from atpix.providers.telling import counted
from atpix.providers.values import Json, ProviderFailed, Usage

_BLOCKED = frozenset({"moderation_blocked", "content_policy_violation", "content_filter", "contentFilter"})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TURNED_DOWN = "rejected as a result of our safety system"


class Picture(msgspec.Struct):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Answer(msgspec.Struct):
    data: list[Picture] = []


class _Details(msgspec.Struct):
    text_tokens: int = 0
    image_tokens: int = 0

    def __post_init__(self) -> None:
        self.text_tokens, self.image_tokens = counted(self.text_tokens), counted(self.image_tokens)


class Tokens(msgspec.Struct):
    """A server that does not tell them apart is taken to have counted text in and a picture out."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None

    def __post_init__(self) -> None:
        for name in ("input_tokens", "output_tokens"):
            if (number := getattr(self, name)) is not None:
                setattr(self, name, counted(number))

    @property
    def usage(self) -> Usage:
        return Usage(input_tokens=self.input_tokens, output_tokens=self.output_tokens)

    def micro_usd(self, text_in: float, image_in: float, out: float) -> int:
        given = self.input_tokens_details or _Details(text_tokens=self.input_tokens or 0)
        return round(given.text_tokens * text_in + given.image_tokens * image_in + (self.output_tokens or 0) * out)


def picture(provider: str, body: Json, said: str) -> Picture:
    """The first one. Raises ProviderFailed when there is none, with what was `said` instead."""
    try:
        pictures = msgspec.convert(body, _Answer).data
    except msgspec.ValidationError:
        pictures = []
    for one in pictures:
        if one.b64_json or one.url:
            return one
    raise ProviderFailed("PROVIDER_ERROR", f"{provider} answered without a picture.{said and f' It says: {said}'}")


def tokens(body: Json) -> Tokens:
    """Empty where the answer counts nothing, or in a way of its own."""
    try:
        return msgspec.convert(body.get("usage") or {}, Tokens)
    except msgspec.ValidationError:
        return Tokens()


def store(provider: str, found: Picture, target: Path, max_bytes: int, fetch: Callable[[str, Path], None]) -> None:
    """Raises ProviderFailed. Some servers put a `data:` URL where base64 is due."""
    if not found.b64_json:
        fetch(found.url or "", target)
    elif found.b64_json.startswith("data:"):
        fetch(found.b64_json, target)
    else:
        inline.store(provider, found.b64_json, target, max_bytes)


def understood(provider: str, refusal: Refusal) -> ProviderFailed:
    """The same in the contract's codes: a moderated prompt is the user's to change, an empty account the operator's."""
    error: Any = refusal.body.get("error")
    error = error if isinstance(error, dict) else {}
    code, kind = error.get("code"), error.get("type")
    if code in _BLOCKED or _TURNED_DOWN in refusal.said:
        return ProviderFailed("CONTENT_BLOCKED", f"{provider} refused the prompt or a picture. It says: {refusal.said}")
    if code in _NO_CREDIT or kind in _NO_CREDIT:
        return ProviderFailed(
            "PROVIDER_ERROR", f"The account at {provider} has no credit left. It says: {refusal.said}"
        )
    if refusal.status == 403 and refusal.said:
        return ProviderFailed("PROVIDER_ERROR", f"{provider} does not allow that. It says: {refusal.said}")
    return refusal
