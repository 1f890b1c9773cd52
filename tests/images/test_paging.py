"""Pages: newest first, by offset or by cursor, stable while rows come and go."""

import pytest
from tests.photographs import photo

from atpix_client import errors


@pytest.fixture
def uploads(upload):
    """Upload so many; their ids, newest first."""

    def many(number: int, **options) -> list[str]:
        return [upload(photo(0), **options).id for _ in range(number)][::-1]

    return many


def test_images_come_newest_first(client, uploads):
    ids = uploads(5)

    assert [image.id for image in client.images.list()] == ids


def test_twenty_images_are_a_page_unless_told(client, uploads):
    ids = uploads(21)

    first = client.images.list()

    assert [image.id for image in first] == ids[:20]
    assert (first.total, first.limit, first.offset, first.has_more) == (21, 20, 0, True)
    assert [image.id for image in client.images.list(cursor=first.next_cursor)] == ids[20:]


def test_an_offset_leaves_images_out(client, uploads):
    ids = uploads(5)

    page = client.images.list(limit=2, offset=3)

    assert [image.id for image in page] == ids[3:]
    assert (page.total, page.limit, page.offset, page.has_more) == (5, 2, 3, False)
    assert page.next_cursor is None


def test_an_offset_beyond_the_end_is_an_empty_page(client, uploads):
    uploads(1)

    page = client.images.list(offset=10_001)

    assert (list(page), page.total, page.has_more) == ([], 1, False)


def test_an_offset_page_can_be_continued_by_cursor(client, uploads):
    ids = uploads(5)

    page = client.images.list(limit=2, offset=1)

    assert [image.id for image in client.images.list(limit=2, cursor=page.next_cursor)] == ids[3:]


def test_a_page_that_ends_exactly_at_the_last_image_has_no_more(client, uploads):
    uploads(4)

    first = client.images.list(limit=2)
    second = client.images.list(limit=2, cursor=first.next_cursor)

    assert first.has_more
    assert not second.has_more
    assert second.next_cursor is None


def test_a_walk_by_cursor_stays_right_while_images_come_and_go(client, uploads, upload):
    ids = uploads(6)
    walked = []

    page = client.images.list(limit=2)
    walked += [image.id for image in page]
    upload()
    client.images.delete(ids[0])
    client.images.delete(ids[1])
    client.images.delete(ids[4])
    while page.next_cursor is not None:
        page = client.images.list(limit=2, cursor=page.next_cursor)
        walked += [image.id for image in page]

    assert walked == [ids[0], ids[1], ids[2], ids[3], ids[5]]


def test_a_walk_goes_on_although_the_image_of_its_cursor_is_deleted(client, uploads):
    ids = uploads(4)
    page = client.images.list(limit=2)

    client.images.delete(ids[1])

    assert [image.id for image in client.images.list(cursor=page.next_cursor)] == ids[2:]


def test_a_walk_by_cursor_keeps_its_filter(client, uploads, upload):
    flow = upload(flow_alias="@a").flow_id
    ids = uploads(3, flow_id=flow)
    uploads(2)

    found = [image.id for image in client.images.iterate(flow_id=flow, page_size=2)]

    assert found[:3] == ids
    assert len(found) == 4


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1.5",
        "limit=ten",
        "limit=",
        "offset=-1",
        "offset=1.5",
        "offset=x",
        "offset=99999999999999999999",
        "cursor=",
        "cursor=nonsense",
        "cursor=AAAA",
        "cursor=%00",
        "limit=5&limit=6&cursor=%F0%9F%8C%8D",
    ],
)
def test_what_is_no_page_is_refused_not_clamped(raw, query):
    answer = raw.get(f"/api/v1/images?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["details"][0]["path"] in query


def test_the_bounds_of_a_page_are_inside(raw):
    assert raw.get("/api/v1/images?limit=1").status_code == 200
    assert raw.get("/api/v1/images?limit=100&offset=0").status_code == 200


def test_a_cursor_excludes_an_offset(client, uploads):
    uploads(2)
    cursor = client.images.list(limit=1).next_cursor

    with pytest.raises(errors.ValidationFailed, match="cursor"):
        client.images.list(cursor=cursor, offset=1)
