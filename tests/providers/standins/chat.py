"""What an OpenAI-compatible chat endpoint answers, in the shapes of its reference."""

from typing import Any

from tests.providers.conftest import Answer

KEY = "sk-enhancer-0123456789abcdef"
PATH = "/v1/chat/completions"


def said(content: Any, finish: str = "stop", **message: Any) -> Answer:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, "refusal": None, **message},
        "finish_reason": finish,
    }
    return Answer(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini",
            "choices": [choice],
            "usage": {"prompt_tokens": 200, "completion_tokens": 60, "total_tokens": 260},
        }
    )


def error(status: int, code: str | None, message: str, **headers: str) -> Answer:
    return Answer(
        {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}, status, headers
    )
