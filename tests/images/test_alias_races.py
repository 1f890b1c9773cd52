"""Many who want one name, and many names that move at once."""

from collections import defaultdict
from contextlib import closing

import sqlalchemy as sa
from tests.photographs import photo

from atpix import doctor
from atpix.db.tables import alias_moves
from atpix.services import Services
from atpix_client import errors


def test_of_sixteen_who_expect_the_same_holder_one_wins(client, upload, threads, history):
    holder, rivals = upload(alias="@hero"), [upload(photo(1)) for _ in range(16)]

    def attempt(rival):
        try:
            client.images.assign_alias(rival.id, "@hero", expect_image_id=holder.id)
        except errors.PreconditionFailed:
            return None
        return rival.id

    winners = [won for won in threads.map(attempt, rivals) if won is not None]

    assert len(winners) == 1
    assert client.images.get("@hero").id == winners[0]
    assert history("@hero") == [(1, holder.id, None), (2, winners[0], holder.id)]


def test_of_sixteen_who_want_a_free_alias_one_gets_it(client, upload, threads):
    rivals = [upload(photo(1)) for _ in range(16)]

    def attempt(rival):
        try:
            client.images.assign_alias(rival.id, "@hero", on_conflict="fail")
        except errors.AliasConflict:
            return None
        return rival.id

    winners = [won for won in threads.map(attempt, rivals) if won is not None]

    assert len(winners) == 1
    assert client.images.list(alias="@hero").data[0].id == winners[0]


def test_uploads_that_race_for_one_alias_leave_one_holder(client, threads, history):
    uploaded = list(threads.map(lambda n: client.images.upload(photo(n), alias="@hero"), range(8)))

    holder = client.images.get("@hero").id
    moves = history("@hero")
    assert [revision for revision, _, _ in moves] == list(range(1, 9))
    assert {image for _, image, _ in moves} == {image.id for image in uploaded}
    assert moves[-1][1] == holder
    assert [previous for _, _, previous in moves] == [None, *(image for _, image, _ in moves[:-1])]


def test_moves_over_crossing_names_by_two_processes_never_fail(shared, new_project, connect, threads):
    """Three hundred over fifty names; the bench does a thousand."""
    server = shared(workers=2)
    with closing(Services.open(server.settings)) as svc:
        access = new_project(svc)
        client = connect(server, access)
        pictures = [client.images.upload(photo(0)).id for _ in range(12)]

        list(threads.map(lambda n: client.images.assign_alias(pictures[n * 7 % 12], f"@n{n * 13 % 50}"), range(300)))

        holders = {image.alias: image.id for image in client.images.iterate() if image.alias}
        for name, moves in histories(svc, access).items():
            assert [revision for revision, _, _ in moves] == list(range(1, len(moves) + 1))
            assert [before for _, _, before in moves] == [None, *(image for _, image, _ in moves[:-1])]
            assert moves[-1][1] == holders.pop(name, None)
        assert holders == {}
        assert doctor.examine(svc).findings == ()


def histories(svc, access):
    """Of every name of the project: (revision, image, previous image), oldest first."""
    found = defaultdict(list)
    with svc.db.read() as tx:
        for row in tx.all(
            sa.select(alias_moves)
            .where(alias_moves.c.project_id == access.row.id)
            .order_by(alias_moves.c.name, alias_moves.c.revision)
        ):
            found[row.name].append((row.revision, row.image_id, row.previous_image_id))
    return found
