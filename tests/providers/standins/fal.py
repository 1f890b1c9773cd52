"""What fal's queue answers, in the shapes of its documentation (pages Queue, Model Errors, Request Errors)."""

from typing import Any

from tests.providers.conftest import Answer, StandIn

KEY = "fal-standin:0123456789abcdef"
ID = "80e732af-660e-45cd-bd63-580e4f2a94cc"
JOB = f"/fal-ai/flux/requests/{ID}"


def accepted(host: str = "https://queue.fal.run", app: str = "fal-ai/flux") -> Answer:
    job = f"{host}/{app}/requests/{ID}"
    return Answer(
        {
            "status": "IN_QUEUE",
            "request_id": ID,
            "response_url": job,
            "status_url": f"{job}/status",
            "cancel_url": f"{job}/cancel",
            "queue_position": 0,
        }
    )


def queued(position: int = 0) -> Answer:
    return Answer({"status": "IN_QUEUE", "queue_position": position, "response_url": "https://queue.fal.run/x"}, 202)


def in_progress() -> Answer:
    return Answer({"status": "IN_PROGRESS", "logs": None, "response_url": "https://queue.fal.run/x"}, 202)


def completed(seconds: float = 1.25) -> Answer:
    return Answer({"status": "COMPLETED", "logs": None, "metrics": {"inference_time": seconds}})


def result(url: str, **more: Any) -> Answer:
    image = {"url": url, "width": 1344, "height": 768, "content_type": "image/jpeg"}
    return Answer(
        {
            "images": [image],
            "timings": {"inference": 1.25},
            "seed": 42,
            "has_nsfw_concepts": [False],
            "prompt": "a cat",
            **more,
        }
    )


def model_error(kind: str, status: int = 422, message: str = "It cannot be done.") -> Answer:
    detail = [{"loc": ["body", "prompt"], "msg": message, "type": kind, "url": f"https://docs.fal.ai/errors/#{kind}"}]
    return Answer({"detail": detail}, status, {"X-Fal-Retryable": "false"})


def platform_error(kind: str, status: int) -> Answer:
    return Answer({"detail": "Something went wrong.", "error_type": kind}, status, {"X-Fal-Error-Type": kind})


def finishes(stand_in: StandIn, content: bytes, **more: Any) -> None:
    """Any job is done; its picture lies with the stand-in itself."""
    stand_in.routes[f"{JOB}/status"] = completed()
    stand_in.routes[JOB] = result(f"{stand_in.url}/files/picture.jpg", **more)
    stand_in.routes["/files/picture.jpg"] = Answer(content, headers={"Content-Type": "image/jpeg"})
