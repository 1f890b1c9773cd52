"""`?flow=` on public addresses: the flow's names first, then the project's."""

import pytest
from tests.generated import Made
from tests.photographs import photo
from tests.wire import eventually

from atpix.projects import actions, preferences
from atpix_client import signing, urls

SECRET = "a-secret-of-our-own"
NOBODY = "0197f0c2-8d5e-7c3a-9b1e-2f6d4a8c1e70"


@pytest.fixture
def draft(upload):
    """Named @hero in its flow, and the project's @hero is another image."""
    upload(photo(1), alias="@hero")
    return upload(photo(2), flow_alias="@hero")


def shown(answer):
    assert answer.status_code == 200, answer.text
    return answer.headers["content-location"].rpartition("/")[2]


def test_the_flows_name_comes_first(public, project, draft, client):
    plain = public.get(f"{project.cdn}/@hero")
    in_flow = public.get(f"{project.cdn}/@hero?flow={draft.flow_id}")

    assert shown(plain) == client.images.get("@hero").id
    assert shown(in_flow) == draft.id
    assert in_flow.content == photo(2)


@pytest.mark.parametrize("spelling", ["flow={}", "FLOW={}", "flowId={}", "flow_id={}", "utm=x&flow={}"])
def test_its_synonyms_mean_the_same(public, project, draft, spelling):
    assert public.get(f"{project.cdn}/@hero?{spelling.format(draft.flow_id.upper())}").content == photo(2)


@pytest.mark.parametrize("path", ["@hero/flow={}", "@hero/flow={}/harbour.jpg"])
def test_it_may_stand_in_the_path(public, project, draft, path):
    answer = public.get(f"{project.cdn}/{path.format(draft.flow_id)}")

    assert (answer.content, shown(answer)) == (photo(2), draft.id)


def test_the_original_stays_an_original(public, project, draft):
    answer = public.get(f"{project.cdn}/@hero?flow={draft.flow_id}", headers={"Accept": "image/avif"})

    assert answer.headers["content-type"] == "image/jpeg"
    assert "vary" not in answer.headers
    assert answer.headers["cache-tag"].split(",")[2:] == ["alias-hero", f"flow-{draft.flow_id}"]
    assert answer.headers["cache-control"].startswith("public, max-age=1,")
    again = public.get(f"{project.cdn}/@hero?flow={draft.flow_id}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_rendition_is_of_the_flows_image(public, project, draft):
    answer = public.get(f"{project.cdn}/@hero?flow={draft.flow_id}&w=40&format=webp")

    assert shown(answer) == f"{draft.id}?w=40&format=webp"
    assert answer.content == public.get(f"{project.cdn}/{draft.id}?w=40&format=webp").content


@pytest.mark.parametrize("flow", [NOBODY, "mine"])
def test_a_flow_without_the_name_leaves_it_to_the_project(public, project, draft, flows_of, flow):
    flow = flows_of() if flow == "mine" else flow

    assert public.get(f"{project.cdn}/@hero?flow={flow}").content == photo(1)


@pytest.fixture
def flows_of(raw):
    return lambda: raw.post("/api/v1/flows", json={}).json()["data"]["id"]


def test_an_address_by_id_is_what_it_was(public, draft):
    answer = public.get(f"{draft.storage_url}?flow={NOBODY}")

    assert answer.content == photo(2)
    assert "immutable" in answer.headers["cache-control"]
    assert "flow-" not in answer.headers["cache-tag"]


@pytest.mark.parametrize("text", ["", "nonsense", "null", "0197f0c2", f"{NOBODY}x"])
@pytest.mark.parametrize("form", ["@hero?flow={}", "@hero/flow={}", "@hero?w=20&flow={}"])
def test_what_is_no_flow_shows_no_other_image(public, project, draft, text, form):
    answer = public.get(f"{project.cdn}/{form.format(text)}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"][0]["path"] == "flow"


def test_computed_names_are_the_flows(public, project, upload, svc):
    first = upload(photo(1), flow_alias="@a")
    flow, address = first.flow_id, f"{project.cdn}/{{}}?flow={first.flow_id}"
    last = upload(photo(3), flow_id=flow)
    uploaded = upload(photo(4), flow_id=flow)
    made = Made(svc, project, None)
    for image in (first, last):
        made.generation(image, flow=flow)

    found = [shown(public.get(address.format(name))) for name in ("@first", "@last", "@upload")]

    assert found == [first.id, last.id, uploaded.id]
    assert public.get(f"{project.cdn}/@last").json()["error"]["code"] == "TECHNICAL_ALIAS_REQUIRES_FLOW"


def test_a_new_image_is_the_last_at_once(public, project, upload):
    flow = upload(flow_alias="@a").flow_id
    address = f"{project.cdn}/@upload?flow={flow}"
    first = shown(public.get(address))

    newer = upload(flow_id=flow)

    assert (shown(public.get(address)), newer.id == first) == (newer.id, False)


def test_the_request_after_a_move_gets_the_new_image_also_with_the_old_validators(public, project, draft, raw, upload):
    address = f"{project.cdn}/@hero?flow={draft.flow_id}"
    known = public.get(address).headers["etag"]
    old = upload(photo(3))
    validators = [{}, {"If-None-Match": known}, {"If-Modified-Since": "Fri, 31 Dec 2100 23:59:59 GMT"}]

    raw.put(f"/api/v1/flows/{draft.flow_id}/aliases", json={"aliases": {"@hero": old.id}})
    assert [public.get(address, headers=headers).content for headers in validators] == [photo(3)] * 3

    raw.delete(f"/api/v1/flows/{draft.flow_id}/aliases/@hero")
    assert public.get(address, headers={"If-None-Match": known}).content == photo(1)


def test_a_deleted_flow_has_no_names(public, project, draft, raw):
    address = f"{project.cdn}/@hero?flow={draft.flow_id}"
    assert public.get(address).content == photo(2)

    raw.delete(f"/api/v1/flows/{draft.flow_id}")

    assert public.get(address).content == photo(1)


def test_another_projects_flow_has_no_names_here(public, other_project, draft, other_client):
    other_client.images.upload(photo(5), alias="@hero")

    assert public.get(f"{other_project.cdn}/@hero?flow={draft.flow_id}").content == photo(5)


def test_a_signature_covers_the_flow(public, project, draft, svc, server):
    settings = preferences.parse({"signedUrls": True, "urlKeys": {"site": {"secret": SECRET}}})
    actions.update_project(svc, project.row.id, settings=settings)
    plain = f"{server.url}{project.cdn}/@hero"
    eventually(lambda: public.get(plain).status_code == 403)

    signed = signing.sign(urls.transformed(plain, flow=draft.flow_id), SECRET, "site")

    assert public.get(signed).content == photo(2)
    assert public.get(signed.replace("flow=", "flowId=")).content == photo(2)
    assert public.get(signed.replace(draft.flow_id, NOBODY)).status_code == 403
    assert public.get(signed.replace(f"flow={draft.flow_id}&", "")).status_code == 403


def test_presets_only_and_strict_delivery_let_it_pass(public, project, draft, svc):
    settings = {"presets": {"card": "w=40&format=webp"}, "presetsOnly": True, "strictDelivery": True}
    actions.update_project(svc, project.row.id, settings=preferences.parse(settings))
    address = f"{project.cdn}/@hero?flow={draft.flow_id}&preset=card"
    eventually(lambda: public.get(address).status_code == 200)

    assert shown(public.get(address)) == f"{draft.id}?preset=card"


def test_the_client_writes_such_addresses(project, draft, server, public):
    address = urls.image_url(f"{server.url}/cdn", *project.row.path.split("/"), "@hero", flow=draft.flow_id, w=40)

    assert address.endswith(f"/@hero?flow={draft.flow_id}&w=40")
    assert public.get(address).headers["content-location"].endswith(f"{draft.id}?w=40")
