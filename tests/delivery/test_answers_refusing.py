"""What the log hears of a refusal."""

import anyio
import pytest
from structlog.testing import capture_logs

from atpix.delivery import refusing
from atpix.errors import AtpixError, InternalError, Overloaded, StorageUnavailable


def logged(error):
    sent = []

    async def send(message):
        sent.append(message)

    with capture_logs() as lines:
        anyio.run(lambda: refusing.refuse({"method": "GET"}, send, error, negotiable=False))
    assert sent[0]["status"] == error.status
    return lines


def test_being_asked_too_much_is_one_short_line():
    (line,) = logged(Overloaded("Many renditions are being made right now; try again in a moment."))

    assert (line["event"], line["log_level"]) == ("delivery_overloaded", "warning")
    assert "exc_info" not in line


@pytest.mark.parametrize("error", [InternalError(), StorageUnavailable("It is away.")])
def test_what_somebody_has_to_look_at_is_told_with_its_trace(error):
    (line,) = logged(error)

    assert line["log_level"] == "error"
    assert line["exc_info"] is error


def test_what_the_client_did_wrong_is_told_to_the_client_only():
    class Wrong(AtpixError):
        status = 404

    assert logged(Wrong("Nothing is here.")) == []
