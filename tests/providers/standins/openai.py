"""What OpenAI's images API answers, in the shapes of its reference, and what it was asked, in a form to compare."""

import base64
from io import BytesIO
from typing import Any, NamedTuple

from multipart import MultipartParser, parse_options_header
from tests.providers.conftest import Answer, Asked

KEY = "sk-proj-standin-0123456789abcdef"
_SECRET = frozenset({"authorization", "x-goog-api-key"})
_CHANGING = frozenset({"host", "content-length"})


class Part(NamedTuple):
    """Of a multipart form; `filename` None: a plain field."""

    name: str
    filename: str | None
    media_type: str
    content: bytes


def line(asked: Asked) -> str:
    """Of the transcript: the request without its key and without what differs from run to run."""
    hidden = _SECRET | _CHANGING
    headers = sorted(
        f"{name}: {value.partition(';')[0]}" for name, value in asked.headers.items() if name.lower() not in hidden
    )
    return f"{asked.method} {asked.path} | {' | '.join(headers)}"


def parts(asked: Asked) -> list[Part]:
    kind, options = parse_options_header(asked.headers["Content-Type"])
    assert kind == "multipart/form-data"
    parser = MultipartParser(BytesIO(asked.body), options["boundary"])
    return [Part(part.name, part.filename, part.content_type, part.raw) for part in parser]


def picture(content: bytes, **more: Any) -> Answer:
    """`/images/generations` and `/images/edits` with a model of the gpt-image family."""
    usage = {
        "total_tokens": 1634,
        "input_tokens": 50,
        "output_tokens": 1584,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    }
    data = {"b64_json": base64.b64encode(content).decode()}
    shape = {"background": "opaque", "output_format": "png", "quality": "high", "size": "1536x1024"}
    return Answer({"created": 1763800000, "data": [data], "usage": usage, **shape, **more})


def picture_of_dall_e(content: bytes) -> Answer:
    data = {"b64_json": base64.b64encode(content).decode(), "revised_prompt": "A harbour in fog, in oil."}
    return Answer({"created": 1763800000, "data": [data]})


def picture_by_url(url: str) -> Answer:
    return Answer({"created": 1763800000, "data": [{"url": url}]})


def error(status: int, code: str | None, message: str, kind: str = "invalid_request_error", **headers: str) -> Answer:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Answer(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


MODERATED = error(
    400,
    "moderation_blocked",
    "Your request was rejected by the safety system. safety_violations=[violence].",
    "image_generation_user_error",
)
MODERATED_BY_DALL_E = error(
    400,
    "content_policy_violation",
    "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed.",
)
MODERATED_WITHOUT_CODE = error(
    400, None, "Your request was rejected as a result of our safety system. Image descriptions may contain text …"
)
NO_CREDIT = error(
    429,
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details.",
    "insufficient_quota",
)
BILLING_LIMIT = error(400, "billing_hard_limit_reached", "Billing hard limit has been reached")
TOO_FAST = error(
    429,
    "rate_limit_exceeded",
    "Rate limit reached for gpt-image-1 in organization org-1 on input-images per min: Limit 5, Used 5, Requested 1.",
    "input-images",
    Retry_After="12",
)
WRONG_KEY = error(401, "invalid_api_key", f"Incorrect API key provided: {KEY}.")
UNVERIFIED = error(403, None, "Your organization must be verified to use the model `gpt-image-1`.")
NO_SUCH_MODEL = error(404, "model_not_found", "The model 'gpt-image-9' does not exist.")
BROKEN = error(500, None, "The server had an error while processing your request.", "server_error")
OVERLOADED = error(503, None, "The engine is currently overloaded.", "server_error", Retry_After="3")
