"""How alike two encoded pictures look, and what a picture would be without loss."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity

from bench.imaging_baselines import Job, framed

Pixels = NDArray[np.uint8]


def decoded(body: bytes) -> Pixels:
    """Its lightness."""
    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("L"))


def exact(source: Path, job: Job) -> Pixels:
    """All of the source's pixels scaled down at once, nothing encoded: the lightness."""
    with Image.open(source) as image:
        (wide, high), (left, top), (width, height) = framed(image.size, job)
        x, y = image.width / wide, image.height / high
        box = (left * x, top * y, (left + width) * x, (top + height) * y)
        return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS, box=box).convert("L"))


def ssim(one: Pixels, other: Pixels) -> float:
    """Structural similarity of the lightness, with the window of Wang and others, 2004. Sizes that differ are 0."""
    if one.shape != other.shape:
        return 0.0
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(one, other, data_range=255, **window))  # type: ignore[no-untyped-call]
