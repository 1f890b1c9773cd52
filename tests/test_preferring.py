"""The header `Prefer`."""

import pytest

from atpix.errors import ValidationFailed
from atpix.http.preferring import USUAL_WAIT_S, wait_of


@pytest.mark.parametrize(
    ("prefer", "wait_s"),
    [
        (None, USUAL_WAIT_S),
        ("", USUAL_WAIT_S),
        (",;=,", USUAL_WAIT_S),
        ("wait=5", 5),
        (' WAIT = "7" ; strictly', 7),
        ("respond-async, wait=10", 10),
        ("respond-async", 0),
        ('return="minimal"; a=b, wait=3, wait=4', 3),
        ('note="a, b", wait=3', 3),
    ],
)
def test_the_first_wait_counts(prefer, wait_s):
    assert wait_of(prefer).wait_s == wait_s


@pytest.mark.parametrize("wait", ["", "-1", "1.5", "121", "²", "x", "9" * 20])
def test_a_wait_that_is_none_is_refused(wait):
    with pytest.raises(ValidationFailed):
        wait_of(f"wait={wait}")


@pytest.mark.parametrize("filling", [" ", '"', ";", "=", "a"])
def test_a_header_of_any_length_is_answered_at_once(filling):
    """A parser that tries again from every place would not come back in this process's life."""
    with pytest.raises(ValidationFailed):
        wait_of("a=" + filling * 100_000 + '"')


@pytest.mark.parametrize("filling", [" ", '"', ";", "=", ","])
def test_as_much_as_is_allowed_is_read(filling):
    assert wait_of("a=" + filling * 990 + '"').wait_s == USUAL_WAIT_S
