"""What stable-diffusion-webui answers under /sdapi/v1, in the shapes of its /docs page."""

import base64
import json
from typing import Any

from tests.providers.conftest import Answer

TXT2IMG = "/sdapi/v1/txt2img"
IMG2IMG = "/sdapi/v1/img2img"


def drawn(content: bytes, seed: int = 1234, **more: Any) -> Answer:
    info = {
        "prompt": "a cat",
        "seed": seed,
        "all_seeds": [seed],
        "width": 1344,
        "height": 768,
        "sampler_name": "Euler a",
    }
    return Answer({"images": [base64.b64encode(content).decode()], "parameters": {}, "info": json.dumps(info), **more})


def failed(error: str, said: str, status: int = 500) -> Answer:
    return Answer({"error": error, "detail": "", "body": "", "errors": said}, status)
