"""What Gemini's `generateContent` answers, in the shapes of its reference."""

import base64
from typing import Any

from tests.providers.conftest import Answer

KEY = "AIzaStandIn-0123456789abcdefghijklmnop"
MODEL = "gemini-2.5-flash-image"
PATH = f"/v1beta/models/{MODEL}:generateContent"


def picture(content: bytes, kind: str = "image/png", **more: Any) -> dict[str, Any]:
    """A part."""
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(content).decode()}, **more}


def said(text: str) -> dict[str, Any]:
    return {"text": text}


def answer(*parts: dict[str, Any], finish: str = "STOP", **more: Any) -> Answer:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, "index": 0, **more}
    usage = {
        "promptTokenCount": 1300,
        "candidatesTokenCount": 1310,
        "totalTokenCount": 2610,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}, {"modality": "IMAGE", "tokenCount": 1290}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    }
    return Answer({"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODEL, "responseId": "r1"})


def without_content(finish: str, message: str = "") -> Answer:
    """As pictures are withheld: a candidate that holds a reason and nothing else."""
    candidate = {"finishReason": finish, "index": 0, **({"finishMessage": message} if message else {})}
    return Answer({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10}})


def prompt_blocked(reason: str) -> Answer:
    return Answer({"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 10}})


def error(status: int, name: str, message: str, *details: dict[str, Any]) -> Answer:
    body: dict[str, Any] = {"code": status, "message": message, "status": name}
    return Answer({"error": {**body, "details": list(details)} if details else body}, status)


def _quota(period: str) -> tuple[dict[str, Any], ...]:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": f"GenerateRequests{period}PerProjectPerModel-FreeTier",
        "quotaDimensions": {"location": "global", "model": MODEL},
    }
    return (
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36.5s"},
    )


_EXCEEDED = "You exceeded your current quota, please check your plan and billing details."

TOO_FAST = error(429, "RESOURCE_EXHAUSTED", _EXCEEDED, *_quota("PerMinute"))
USED_UP_FOR_TODAY = error(429, "RESOURCE_EXHAUSTED", _EXCEEDED, *_quota("PerDay"))
EXHAUSTED = error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
WRONG_KEY = error(
    400,
    "INVALID_ARGUMENT",
    f"API key not valid. Please pass a valid API key: {KEY}.",
    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
)
FORBIDDEN = error(403, "PERMISSION_DENIED", f"Requests from {KEY} are blocked.")
WRONG_PLACE = error(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")
NO_SUCH_MODEL = error(404, "NOT_FOUND", "models/gemini-9-image is not found for API version v1beta.")
BROKEN = error(500, "INTERNAL", "An internal error has occurred.")
OVERLOADED = error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
