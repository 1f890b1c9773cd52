import itertools

import httpx2


def test_a_page_tells_what_is_around_it(client, server):
    stored = [server.add() for _ in range(5)]

    page = client.images.list(limit=2, offset=1)

    assert [image.id for image in page] == [stored[3]["id"], stored[2]["id"]]
    assert (page.total, page.limit, page.offset, page.has_more, len(page)) == (5, 2, 1, True, 2)
    assert page.next_cursor is None


def test_filters_are_sent_in_the_words_of_the_api(client, server):
    client.images.list(flow_id="f", source="generated", alias="@hero", include_deleted=True)

    query = dict(server.requests[-1].url.params)
    assert query == {"flowId": "f", "source": "generated", "alias": "@hero", "includeDeleted": "true"}


def test_iterating_yields_every_image_once_by_cursor(client, server):
    stored = [server.add()["id"] for _ in range(7)]

    found = [image.id for image in client.images.iterate(source="uploaded", page_size=3)]

    assert found == stored[::-1]
    assert [dict(request.url.params) for request in server.requests] == [
        {"source": "uploaded", "limit": "3"},
        {"source": "uploaded", "limit": "3", "cursor": "3"},
        {"source": "uploaded", "limit": "3", "cursor": "6"},
    ]


def test_a_page_is_fetched_when_its_first_image_is_asked_for(client, server):
    for _ in range(4):
        server.add()
    images = client.images.iterate(page_size=2)
    assert server.requests == []

    list(itertools.islice(images, 2))
    assert len(server.requests) == 1

    next(images)
    assert len(server.requests) == 2


def test_iterating_over_nothing_ends_at_once(client, server):
    assert list(client.images.iterate()) == []
    assert len(server.requests) == 1


def test_a_list_without_cursors_is_walked_by_offset(client, server):
    def page(offset, more):
        things = [{"id": str(offset), "slug": f"s{offset}"}]
        pages = {"total": 2, "limit": 1, "offset": offset, "hasMore": more}
        return httpx2.Response(200, json={"success": True, "data": things, "pagination": pages})

    server.script.extend([page(0, more=True), page(1, more=False)])

    assert [found.slug for found in client.organizations.iterate(page_size=1)] == ["s0", "s1"]
    assert server.requests[-1].url.params["offset"] == "1"
