"""What Gemini answers: parts of text and pictures among candidates, or why there is none."""

from typing import Any

import msgspec

from atpix.providers.faults import Refusal
from atpix.providers.gemini_models import Model
from atpix.providers.telling import counted
from atpix.providers.values import Json, ProviderFailed, Usage

_BLOCKED = frozenset(
    {
        "SAFETY",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_RECITATION",
    }
)
_BY_CHANCE = frozenset({"NO_IMAGE", "IMAGE_OTHER", "OTHER"})
"""No picture this time, without a word why: another attempt may do."""


class _Wire(msgspec.Struct, rename="camel"):
    """Camel case, as JSON from Google is."""


class _Blob(_Wire):
    mime_type: str = ""
    data: str = ""


class _Part(_Wire):
    """A `thought` is a draft of the model's own, not the answer."""

    text: str = ""
    inline_data: _Blob | None = None
    thought: bool = False


class _Content(_Wire):
    parts: list[_Part] = []


class _Candidate(_Wire):
    content: _Content = msgspec.field(default_factory=_Content)
    finish_reason: str = ""
    finish_message: str = ""


class _Feedback(_Wire):
    block_reason: str = ""
    block_reason_message: str = ""


class _Counted(_Wire):
    modality: str = ""
    token_count: int = 0

    def __post_init__(self) -> None:
        self.token_count = counted(self.token_count)


class _Tokens(_Wire):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int = 0
    candidates_tokens_details: list[_Counted] = []

    def __post_init__(self) -> None:
        for name in ("prompt_token_count", "candidates_token_count", "thoughts_token_count"):
            if (number := getattr(self, name)) is not None:
                setattr(self, name, counted(number))

    @property
    def out(self) -> int | None:
        return None if self.candidates_token_count is None else self.candidates_token_count + self.thoughts_token_count


class Answer(_Wire):
    candidates: list[_Candidate] = []
    prompt_feedback: _Feedback = msgspec.field(default_factory=_Feedback)
    usage_metadata: _Tokens = msgspec.field(default_factory=_Tokens)

    @property
    def usage(self) -> Usage:
        return Usage(input_tokens=self.usage_metadata.prompt_token_count, output_tokens=self.usage_metadata.out)

    def micro_usd(self, model: Model) -> int:
        """Where it is not told what was text, all that came out counts as picture."""
        used = self.usage_metadata
        told = sum(one.token_count for one in used.candidates_tokens_details if one.modality == "IMAGE")
        pictured = told or used.candidates_token_count or 0
        words = max(0, (used.out or 0) - pictured)
        given = used.prompt_token_count or 0
        return round(given * model.text_in + pictured * model.picture_out + words * model.text_out)


def read(body: Json) -> Answer:
    """Raises ProviderFailed when it has not the documented shape."""
    try:
        return msgspec.convert(body, Answer)
    except msgspec.ValidationError:
        raise ProviderFailed("PROVIDER_ERROR", "Gemini answered in a shape that is not its documented one.") from None


def picture(answer: Answer) -> str:
    """The first one, in base64. Raises ProviderFailed with Gemini's reason, or with what it said instead."""
    feedback = answer.prompt_feedback
    if feedback.block_reason:
        raise _blocked(feedback.block_reason, feedback.block_reason_message)
    parts = [part for candidate in answer.candidates for part in candidate.content.parts if not part.thought]
    for part in parts:
        if part.inline_data and part.inline_data.data:
            return part.inline_data.data
    raise _none(answer, " ".join(part.text for part in parts))


def _none(answer: Answer, said: str) -> ProviderFailed:
    end = answer.candidates[0] if answer.candidates else _Candidate()
    if end.finish_reason in _BLOCKED:
        return _blocked(end.finish_reason, end.finish_message)
    reason = f" ({end.finish_reason})" if end.finish_reason not in {"", "STOP"} else ""
    words = _shortened(said or end.finish_message)
    message = f"Gemini answered without a picture{reason}.{words and f' It says: {words}'}"
    return ProviderFailed("PROVIDER_ERROR", message, worth_retrying=end.finish_reason in _BY_CHANCE)


def _blocked(reason: str, message: str) -> ProviderFailed:
    words = _shortened(message)
    return ProviderFailed(
        "CONTENT_BLOCKED", f"Gemini refused the prompt or a picture ({reason}).{words and f' It says: {words}'}"
    )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def understood(refusal: Refusal) -> ProviderFailed:
    """The same, with what Google says in `error.details`: a bad key is a 400, and how long to wait is in no header."""
    error: Any = refusal.body.get("error")
    details: Any = error.get("details") if isinstance(error, dict) else None
    told = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    if any(one.get("reason") == "API_KEY_INVALID" for one in told):
        return ProviderFailed("PROVIDER_ERROR", "Gemini refused the server's key.")
    if refusal.status != 429:
        return refusal
    if "PerDay" in str(told):
        return ProviderFailed("PROVIDER_RATE_LIMIT", f"Gemini's quota for today is used up. It says: {refusal.said}")
    refusal.retry_after_s = refusal.retry_after_s or _delay_s(told)
    return refusal


def _delay_s(details: list[Json]) -> float | None:
    """google.rpc.RetryInfo: a protobuf Duration, "36s" or "1.5s"."""
    for one in details:
        delay = one.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s") and delay[:-1].replace(".", "", 1).isdecimal():
            return min(float(delay[:-1]), 24 * 3600.0)
    return None
