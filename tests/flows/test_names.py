"""Names within a flow: a map that is merged, all or nothing. Contract, section 6."""

import pytest
import sqlalchemy as sa
from tests.generations.api import Generations

from atpix.db.tables import alias_moves

NOBODY = "0197f0c2-8d5e-7c3a-9b1e-2f6d4a8c1e70"


def code(response):
    return response.status_code, response.json()["error"]["code"]


def history(svc, flow):
    """As (name, revision, image, previous image), in the order in which it was written."""
    moves = alias_moves.c
    query = sa.select(moves.name, moves.revision, moves.image_id, moves.previous_image_id)
    with svc.db.read() as tx:
        return [tuple(row) for row in tx.all(query.where(moves.flow_id == flow).order_by(moves.id))]


def test_names_are_merged(flows, upload):
    one, two = upload(flow_alias="@kept"), upload()
    flow = one.flow_id

    answer = flows.name(flow, names={"@a": one.id, "@b": two.id})

    assert answer.status_code == 200
    assert answer.json()["data"]["aliases"] == {"@a": one.id, "@b": two.id, "@kept": one.id}
    assert flows.get(flow) == answer.json()["data"]


def test_null_takes_a_name_away(flows, upload, svc):
    image = upload(flow_alias="@a")
    flow = image.flow_id

    answer = flows.name(flow, names={"@a": None, "@never": None})

    assert answer.json()["data"]["aliases"] == {}
    assert history(svc, flow) == [("@a", 1, image.id, None), ("@a", 2, None, image.id)]


def test_names_swap_in_one_step(flows, upload, svc):
    one, two = upload(), upload()
    flow = flows.create()["id"]
    flows.name(flow, names={"@a": one.id, "@b": two.id})

    swapped = flows.name(flow, names={"@a": two.id, "@b": one.id})

    assert swapped.json()["data"]["aliases"] == {"@a": two.id, "@b": one.id}
    assert history(svc, flow)[2:] == [("@a", 2, two.id, one.id), ("@b", 2, one.id, two.id)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"@a": NOBODY}, (404, "IMAGE_NOT_FOUND")),
        ({"@a": "nonsense"}, (400, "VALIDATION_ERROR")),
        ({"@a": "@hero"}, (400, "VALIDATION_ERROR")),
        ({"@a": 1}, (400, "VALIDATION_ERROR")),
        ({"a": None}, (400, "ALIAS_FORMAT_CHECK")),
        ({"@last": None}, (400, "RESERVED_ALIAS")),
        ({"@upload": None}, (400, "RESERVED_ALIAS")),
        ([], (400, "VALIDATION_ERROR")),
        (None, (400, "VALIDATION_ERROR")),
        ({f"@{n}": None for n in range(101)}, (400, "VALIDATION_ERROR")),
    ],
    ids=str,
)
def test_one_bad_name_spoils_them_all(flows, upload, svc, names, expected):
    image = upload(flow_alias="@kept")
    good = {"@good": image.id} if isinstance(names, dict) else None

    answer = flows.name(image.flow_id, names={**good, **names} if good else names)

    assert code(answer) == expected
    assert flows.get(image.flow_id)["aliases"] == {"@kept": image.id}
    assert history(svc, image.flow_id) == [("@kept", 1, image.id, None)]


def test_neither_trashed_nor_foreign_images_are_named(flows, upload, client, other_client):
    from tests.photographs import photo

    flow, mine, foreign = flows.create()["id"], upload(), other_client.images.upload(photo(1))
    client.images.delete(mine.id, trash=True)

    assert [code(flows.name(flow, names={"@a": image.id})) for image in (mine, foreign)] == [
        (404, "IMAGE_NOT_FOUND")
    ] * 2


def test_a_name_of_the_flow_wins_over_the_projects(client, flows, upload):
    hero, own = upload(alias="@hero"), upload()
    flow = flows.create()["id"]
    assert client.images.get("@hero", flow_id=flow).id == hero.id

    flows.name(flow, names={"@hero": own.id})

    assert client.images.get("@hero", flow_id=flow).id == own.id
    assert client.images.get("@hero").id == hero.id


def test_assigning_what_is_so_changes_nothing(flows, upload, svc):
    image = upload(flow_alias="@a")
    before = flows.get(image.flow_id)

    assert flows.name(image.flow_id, names={"@a": image.id}).json()["data"] == before
    assert len(history(svc, image.flow_id)) == 1


def test_one_name_is_removed(raw, flows, upload):
    image = upload(flow_alias="@a")

    first, second = (raw.delete(f"/api/v1/flows/{image.flow_id}/aliases/@a") for _ in range(2))

    assert first.json()["data"]["aliases"] == {}
    assert code(second) == (404, "ALIAS_NOT_FOUND")
    assert raw.get(f"/api/v1/images/{image.id}").status_code == 200


@pytest.mark.parametrize(("name", "expected"), [("@first", "RESERVED_ALIAS"), ("cover", "ALIAS_FORMAT_CHECK")])
def test_what_is_no_name_cannot_be_removed(raw, flows, name, expected):
    assert code(raw.delete(f"/api/v1/flows/{flows.create()['id']}/aliases/{name}")) == (400, expected)


def test_a_value_that_is_no_id_is_refused_at_its_name(flows):
    answer = flows.name(flows.create()["id"], names={"@d": 5})

    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == [{"path": "aliases.@d", "message": "must be an image's UUID, or null."}]


def test_a_name_that_only_the_project_has_is_not_the_flows_to_remove(flows, raw, upload):
    upload(alias="@hero")
    flow = flows.create()["id"]

    error = raw.delete(f"/api/v1/flows/{flow}/aliases/@hero").json()["error"]

    assert (error["code"], error["message"]) == ("ALIAS_NOT_FOUND", f"Flow {flow} has no name @hero of its own.")


@pytest.mark.parametrize("how", ["", "?trash=true"])
def test_a_flow_is_another_since_an_image_took_its_name_along(flows, raw, upload, how):
    image = upload(flow_alias="@draft")
    before = flows.get(image.flow_id)

    assert raw.delete(f"/api/v1/images/{image.id}{how}").status_code == 200

    after = flows.get(image.flow_id)
    assert after["aliases"] == {}
    assert after["updatedAt"] > before["updatedAt"]


def test_a_flow_is_another_since_a_generation_gave_it_a_name_and_since_it_went(flows, raw):
    generations = Generations(raw)
    flow = flows.create()["id"]
    made = generations.make(flowId=flow, flowAlias="@draft")
    named = flows.get(flow)
    assert named["aliases"] == {"@draft": made["outputImageId"]}
    assert named["updatedAt"] >= made["updatedAt"] > made["createdAt"]

    raw.delete(f"/api/v1/generations/{made['id']}")

    gone = flows.get(flow)
    assert gone["aliases"] == {}
    assert gone["updatedAt"] > named["updatedAt"]


def test_a_flow_that_is_known_already_is_not_sent_again(raw, flows):
    path = f"/api/v1/flows/{flows.create()['id']}"
    etag = raw.get(path).headers["etag"]

    known = raw.get(path, headers={"If-None-Match": etag})
    raw.put(path, json={"meta": {"seen": True}})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    assert raw.get(path, headers={"If-None-Match": etag}).status_code == 200
