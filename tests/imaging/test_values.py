"""Values that cannot be wrong."""

import math

import msgspec
import pytest

from atpix.imaging.values import FocalPoint


@pytest.mark.parametrize("x", [0, 0.0, 0.5, 1, 1.0])
def test_a_focal_point_takes_fractions_bounds_included(x):
    assert FocalPoint(x, 1.0 - x).x == x


@pytest.mark.parametrize("x", [-0.001, 1.001, math.nan, math.inf, -math.inf, True, False, "0.5", None])
def test_a_focal_point_refuses_everything_else(x):
    with pytest.raises(ValueError, match=r"^x must"):
        FocalPoint(x, 0.5)
    with pytest.raises(ValueError, match=r"^y must"):
        FocalPoint(0.5, x)


@pytest.mark.parametrize(
    "text", ['{"x": 2, "y": 0}', '{"x": 0.5}', '{"x": 0, "y": 0, "z": 0}', '{"x": "0", "y": 0}', "[0, 0]"]
)
def test_a_focal_point_is_refused_in_json_too(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=FocalPoint)
