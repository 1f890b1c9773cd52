"""Every change of a name is a row: the table is asked, for it has no endpoint yet."""

import pytest
import sqlalchemy as sa

from atpix.db.tables import alias_moves
from atpix_client import errors


def test_every_assignment_override_and_removal_is_recorded(client, upload, history):
    a, b = upload(alias="@hero"), upload()
    client.images.assign_alias(b.id, "@hero")
    client.images.remove_alias(b.id)
    client.images.assign_alias(a.id, "@hero")
    client.images.assign_alias(a.id, None)

    assert history("@hero") == [
        (1, a.id, None),
        (2, b.id, a.id),
        (3, None, b.id),
        (4, a.id, None),
        (5, None, a.id),
    ]


def test_a_new_name_records_the_release_of_the_old_one(client, upload, history):
    image = upload(alias="@old")

    client.images.assign_alias(image.id, "@new")

    assert history("@old") == [(1, image.id, None), (2, None, image.id)]
    assert history("@new") == [(1, image.id, None)]


@pytest.mark.parametrize("trash", [False, True])
def test_deleting_records_the_release_of_every_name(client, upload, history, trash):
    image = upload(alias="@hero", flow_alias="@cover")

    client.images.delete(image.id, trash=trash)

    assert history("@hero") == [(1, image.id, None), (2, None, image.id)]
    assert history("@cover", image.flow_id) == [(1, image.id, None), (2, None, image.id)]


def test_revisions_count_for_each_flow_apart(upload, history):
    one, two = upload(flow_alias="@cover"), upload(flow_alias="@cover")

    again = upload(flow_id=one.flow_id, flow_alias="@cover")

    assert history("@cover", one.flow_id) == [(1, one.id, None), (2, again.id, one.id)]
    assert history("@cover", two.flow_id) == [(1, two.id, None)]


def test_a_refused_move_leaves_no_trace(client, upload, history):
    upload(alias="@hero")
    before = history("@hero")

    with pytest.raises(errors.AliasConflict):
        client.images.assign_alias(upload().id, "@hero", on_conflict="fail")

    assert history("@hero") == before


def test_a_note_is_kept(client, upload, svc, project):
    client.images.assign_alias(upload().id, "@hero", note="Spring sale")

    query = sa.select(alias_moves.c.note, alias_moves.c.at).where(alias_moves.c.project_id == project.row.id)
    with svc.db.read() as tx:
        assert [row.note for row in tx.all(query)] == ["Spring sale"]
