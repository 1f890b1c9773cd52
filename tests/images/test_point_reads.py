"""One image by its id takes a shorter way through the server than all else; nobody can tell by the answer."""

import pytest

from atpix.ids import new_id


@pytest.fixture
def both_ways(raw):
    """The same question on the short way, and on the long one: a slash at its end is not for the short one."""

    def ask(ref, **headers):
        raw.get("/api/v1/images")  # so that the key is known
        short, long = (raw.get(f"/api/v1/images/{ref}{end}", headers=headers) for end in ("", "/"))
        kept = [
            {n: v for n, v in answer.headers.items() if n not in {"date", "x-request-id"}} for answer in (short, long)
        ]
        return (short.status_code, short.content, kept[0]), (long.status_code, long.content, kept[1])

    return ask


def test_an_image_looks_the_same_either_way(both_ways, upload):
    short, long = both_ways(upload(alias="@hero").id)

    assert short == long
    assert short[0] == 200


def test_an_image_that_is_known_is_not_sent_again_either_way(both_ways, raw, upload):
    image = upload()
    etag = raw.get(f"/api/v1/images/{image.id}").headers["etag"]

    short, long = both_ways(image.id, **{"If-None-Match": etag})

    assert short == long
    assert short[:2] == (304, b"")


def test_an_image_that_is_not_there_is_missed_the_same_either_way(both_ways):
    short, long = both_ways(new_id(), **{"X-Request-Id": "r"})

    assert short == long
    assert short[0] == 404


def test_a_wrong_key_is_refused_the_same_either_way(both_ways, upload):
    short, long = both_ways(upload().id, **{"X-Request-Id": "r", "X-API-Key": "wrong"})

    assert short == long
    assert short[0] == 401
