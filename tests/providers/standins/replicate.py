"""What Replicate answers, in the shapes of its HTTP reference."""

from typing import Any

from tests.providers.conftest import Answer

KEY = "r8_StandIn0123456789abcdef"
ID = "gm3qorzdhgbfurvjtvhg6dckhu"
CREATE = "/v1/models/black-forest-labs/flux-schnell/predictions"
PREDICTION = f"/v1/predictions/{ID}"


def prediction(status: str, code: int = 200, **more: Any) -> Answer:
    here = f"https://api.replicate.com/v1/predictions/{ID}"
    return Answer(
        {
            "id": ID,
            "model": "black-forest-labs/flux-schnell",
            "version": "hidden",
            "input": {"prompt": "a cat"},
            "logs": "",
            "output": None,
            "data_removed": False,
            "error": None,
            "source": "api",
            "status": status,
            "created_at": "2026-11-22T10:00:00.000Z",
            "urls": {"get": here, "cancel": f"{here}/cancel", "web": f"https://replicate.com/p/{ID}"},
            "metrics": {"predict_time": 0.75, "total_time": 0.8} if status == "succeeded" else {},
            **more,
        },
        code,
    )


def problem(status: int, title: str, detail: str, **headers: str) -> Answer:
    return Answer({"title": title, "detail": detail, "status": status}, status, headers)


def throttled() -> Answer:
    return Answer({"detail": "Request was throttled. Expected available in 7 seconds."}, 429)
