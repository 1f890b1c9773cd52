"""How alike two pictures look: structural similarity (SSIM) of their lightness, after Wang and others, 2004."""

from typing import Any

_SIGMA_PX = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: Any, other: Any) -> float:  # noqa: ANN401
    """The mean over all pixels; 1 for the same picture. Both have the same size and eight bits a colour."""
    x, y = (image.colourspace("b-w").extract_band(0).cast("float") for image in (one, other))
    mean_x, mean_y = _around(x), _around(y)
    square_x, square_y, product = mean_x * mean_x, mean_y * mean_y, mean_x * mean_y
    variance = _around(x * x) - square_x + _around(y * y) - square_y
    covariance = _around(x * y) - product
    above = (2 * product + _C1) * (2 * covariance + _C2)
    return float((above / ((square_x + square_y + _C1) * (variance + _C2))).avg())


def _around(image: Any) -> Any:  # noqa: ANN401
    return image.gaussblur(_SIGMA_PX, precision="float")
