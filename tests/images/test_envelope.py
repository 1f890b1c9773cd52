"""What every answer looks like: contract, section 1."""

import re

import pytest

from atpix.projects import actions

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_success_and_data_are_the_whole_envelope(raw, upload):
    image = upload()

    body = raw.get(f"/api/v1/images/{image.id}").json()

    assert set(body) == {"success", "data"}
    assert body["success"] is True


def test_a_list_adds_its_pagination(raw, upload):
    upload()
    upload()

    whole, cut = raw.get("/api/v1/images").json(), raw.get("/api/v1/images?limit=1").json()

    assert set(whole) == {"success", "data", "pagination"}
    assert whole["pagination"] == {"total": 2, "limit": 20, "offset": 0, "hasMore": False}
    assert set(cut) == {"success", "data", "pagination", "nextCursor"}
    assert cut["pagination"] == {"total": 2, "limit": 1, "offset": 0, "hasMore": True}


def test_an_error_says_code_message_details_and_request(raw):
    answer = raw.get("/api/v1/images?limit=0", headers={"X-Request-Id": "mine"})

    assert answer.status_code == 400
    body = answer.json()
    assert set(body) == {"success", "error"}
    assert body["success"] is False
    assert body["error"]["code"] == "VALIDATION_ERROR"
    assert body["error"]["message"]
    assert body["error"]["requestId"] == "mine"
    assert [detail["path"] for detail in body["error"]["details"]] == ["limit"]


def test_details_name_the_place_in_the_body(raw, upload):
    body = raw.put(f"/api/v1/images/{upload().id}", json={"focalPoint": {"x": 2, "y": 0}}).json()

    assert body["error"]["details"][0]["path"] == "focalPoint.x"


def test_an_answer_is_json_in_utf_8(raw, upload):
    upload(meta={"title": "Grüße 🌍"})

    answer = raw.get("/api/v1/images")

    assert answer.headers["content-type"].startswith("application/json")
    assert "Grüße 🌍".encode() in answer.content


def test_ids_are_uuids_of_version_7_and_times_are_utc_with_milliseconds(raw, upload):
    data = raw.get(f"/api/v1/images/{upload().id}").json()["data"]

    assert UUID7.fullmatch(data["id"])
    assert UUID7.fullmatch(data["projectId"])
    assert TIME.fullmatch(data["createdAt"])
    assert TIME.fullmatch(data["updatedAt"])


def test_a_request_id_is_echoed(raw):
    given = "a.b_c-1:2/3+4=5@6"

    assert raw.get("/api/v1/images", headers={"X-Request-Id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "white space", 'quote"', "x" * 129, "<script>", "ü"])
def test_an_unsafe_request_id_is_replaced(raw, given):
    answer = raw.get("/api/v1/images", headers={"X-Request-Id": given.encode("latin-1")})

    assert UUID7.fullmatch(answer.headers["x-request-id"])


def test_a_request_without_an_id_gets_one_of_its_own(raw):
    first, second = (raw.get("/api/v1/images").headers["x-request-id"] for _ in range(2))

    assert UUID7.fullmatch(first)
    assert first != second


def test_an_unknown_route_is_not_found(raw):
    answer = raw.get("/api/v1/pictures")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"
    assert answer.json()["error"]["requestId"] == answer.headers["x-request-id"]


def test_a_method_that_an_address_does_not_take_is_named_with_those_it_takes(raw):
    answer = raw.put("/api/v1/images")

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/images?colour=red"),
        ("GET", "/api/v1/images?flow_id=x"),
        ("GET", "/api/v1/images/@hero?flowID=x"),
        ("PUT", "/api/v1/images/@hero?force=1"),
        ("PATCH", "/api/v1/images/@hero?force=1"),
        ("PUT", "/api/v1/images/@hero/alias?force=1"),
        ("DELETE", "/api/v1/images/@hero/alias?force=1"),
        ("DELETE", "/api/v1/images/@hero?force=1"),
        ("POST", "/api/v1/images/upload?force=1"),
        ("POST", "/api/v1/images/0/restore?force=1"),
        ("GET", "/api/v1/images/@hero?limit=3"),
        ("DELETE", "/api/v1/images/@hero?cursor=zzz"),
        ("POST", "/api/v1/images/upload?offset=0"),
        ("GET", "/api/v1/images?limit=1&limit=2"),
    ],
)
def test_an_unknown_query_parameter_is_refused(raw, upload, client, method, path):
    image = upload(alias="@hero")
    body = {"alias": "@other"} if path.partition("?")[0].endswith("alias") else {"meta": {"a": 1}}

    answer = raw.request(method, path, json=None if method in {"GET", "DELETE"} else body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["details"][0]["path"] in path
    assert client.images.get("@hero").meta == image.meta


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"meta": {}, "colour": "red"}),
        ("PUT", "", {"focal_point": None}),
        ("PATCH", "", {"meta": {"a": 1}, "colour": "red"}),
        ("PUT", "", {"focalPoint": {"x": 0, "y": 0, "z": 0}}),
        ("PUT", "/alias", {"alias": "@new", "expect_image_id": None}),
        ("PUT", "/alias", {"alias": "@new", "force": True}),
    ],
)
def test_an_unknown_field_is_refused(raw, upload, client, method, path, body):
    image = upload(alias="@hero")

    answer = raw.request(method, f"/api/v1/images/{image.id}{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["details"]
    assert client.images.get(image.id).alias == "@hero"


def test_delivery_ignores_unknown_query_parameters(public, upload):
    assert public.get(upload().storage_url + "?utm_source=newsletter").status_code == 200


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_key_is_taken_from_either_header(public, project, header):
    value = project.key if header == "X-API-Key" else f"Bearer {project.key}"

    assert public.get("/api/v1/images", headers={header: value}).status_code == 200


def test_missing_wrong_expired_and_revoked_keys_get_one_and_the_same_answer(public, new_project, svc, clock):

    clock.advance(-3 * 86_400)
    expired = new_project(expires_in_days=1)
    clock.advance(3 * 86_400)
    revoked = new_project()
    actions.revoke_key(svc, revoked.caller.key)

    headers = [{}, *({"X-API-Key": key} for key in ("", "nonsense", "atp_" + "x" * 43, expired.key, revoked.key))]
    answers = [public.get("/api/v1/images", headers=h | {"X-Request-Id": "same"}) for h in headers]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["error"]["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "GET", "/images"),
        ("read", "GET", "/images/@hero"),
        ("write", "POST", "/images/upload"),
        ("write", "PUT", "/images/@hero"),
        ("write", "PATCH", "/images/@hero"),
        ("write", "PUT", "/images/@hero/alias"),
        ("write", "DELETE", "/images/@hero/alias"),
        ("write", "POST", "/images/01890000-0000-7000-8000-000000000000/restore"),
        ("delete", "DELETE", "/images/@hero"),
    ],
)
def test_a_missing_scope_is_named(public, new_project, scope, method, path):
    access = new_project(scopes=[other for other in ("read", "write", "delete", "generate") if other != scope])

    answer = public.request(method, f"/api/v1{path}", headers={"X-API-Key": access.key})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"
    assert scope in answer.json()["error"]["message"]


def test_a_master_key_is_refused_on_project_data(public, svc):

    master = actions.create_key(svc, None).text

    answer = public.get("/api/v1/images", headers={"X-API-Key": master})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"
