"""Fields and bodies that mean nothing: meta, focal points, aliases, ids."""

import json

import pytest
from tests.forms import file_form
from tests.photographs import photo

JSON = {"Content-Type": "application/json"}

META = {
    "broken": "{",
    "text": "hello",
    "an array": "[1, 2]",
    "a string": '"text"',
    "null": "null",
    "a number": "1",
    "70 KB": json.dumps({"a": "x" * 70_000}),
    "5,000 levels": '{"a":' * 5000 + "1" + "}" * 5000,
    "5,000 levels of arrays": '{"a":' + "[" * 5000 + "]" * 5000 + "}",
    "33 levels": '{"a":' * 33 + "1" + "}" * 33,
    "NaN": '{"a": NaN}',
    "infinity": '{"a": Infinity}',
    "a huge number": '{"a": 1e999}',
    "a lone surrogate": '{"a": "\\ud800"}',
    "a lone surrogate as a key": '{"\\udfff": 1}',
    "NUL": '{"a": "\\u0000"}',
    "NUL as a key": '{"\\u0000": 1}',
    "a raw control character": '{"a": "\x01"}',
    "trailing text": "{} {}",
    "a comment": "{} // x",
    "single quotes": "{'a': 1}",
}


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("text", META.values(), ids=META)
def test_meta_that_means_nothing_at_upload(send, refused, text):
    assert "meta" in refused(send(file_form(photo(), meta=text)), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", META)
def test_meta_that_means_nothing_in_an_update(raw, upload, client, refused, name):
    image = upload(meta={"kept": True})
    body = b'{"meta": ' + META[name].encode() + b"}"

    for method in ("PUT", "PATCH"):
        if (method, name) == ("PATCH", "null"):
            continue  # the merge patch that empties it
        answer = raw.request(method, f"/api/v1/images/{image.id}", content=body, headers=JSON)
        refused(answer, 400, "VALIDATION_ERROR")

    assert client.images.get(image.id).meta == {"kept": True}


def test_meta_at_its_limits_is_taken(client, upload):
    deep = {"a": 1}
    for _ in range(31):
        deep = {"a": deep}
    wide = {"a": "x" * (64 * 1024 - 8)}

    assert upload(meta=deep).meta == deep
    assert upload(meta=wide).meta == wide


def test_a_merge_that_grows_beyond_the_limit_changes_nothing(client, upload, raw, refused):
    image = upload(meta={"a": "x" * 40_000})

    refused(raw.patch(f"/api/v1/images/{image.id}", json={"meta": {"b": "y" * 40_000}}), 400, "VALIDATION_ERROR")
    assert client.images.get(image.id).meta == image.meta


POINTS = {
    "too small": '{"x": -0.1, "y": 0}',
    "too large": '{"x": 0, "y": 1.0001}',
    "strings": '{"x": "0.5", "y": "0.5"}',
    "booleans": '{"x": true, "y": false}',
    "NaN": '{"x": NaN, "y": 0}',
    "infinity": '{"x": 1e999, "y": 0}',
    "null": '{"x": null, "y": 0}',
    "one number": '{"x": 0.5}',
    "none": "{}",
    "an extra key": '{"x": 0.5, "y": 0.5, "z": 0}',
    "an array": "[0.5, 0.5]",
    "text": '"center"',
    "a number": "0.5",
    "broken": '{"x": 0.5, "y":',
}


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("text", POINTS.values(), ids=POINTS)
def test_a_focal_point_that_is_none_at_upload(send, refused, text):
    assert "focalPoint" in refused(send(file_form(photo(), focalPoint=text)), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("text", POINTS.values(), ids=POINTS)
def test_a_focal_point_that_is_none_in_an_update(raw, upload, client, refused, text):
    image = upload()
    body = b'{"meta": {"a": 1}, "focalPoint": ' + text.encode() + b"}"

    for method in ("PUT", "PATCH"):
        answer = raw.request(method, f"/api/v1/images/{image.id}", content=body, headers=JSON)
        refused(answer, 400, "VALIDATION_ERROR")

    assert client.images.get(image.id).updated_at == image.updated_at


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"{", b"\xff\xfe", b'{"meta": {}} x', b"[" * 100_000, b"1"]
)
@pytest.mark.parametrize("path", ["", "/alias"])
def test_a_body_that_is_no_object(raw, upload, refused, body, path):
    image = upload()

    answer = raw.put(f"/api/v1/images/{image.id}{path}", content=body, headers=JSON)

    refused(answer, 400, "VALIDATION_ERROR")


ALIASES = {
    "no @": "hero",
    "only @": "@",
    "a blank": "@he ro",
    "a dot": "@he.ro",
    "a slash": "@he/ro",
    "an umlaut": "@hürde",
    "an emoji": "@🌍",
    "a full-width letter": "@\uff48ero",
    "two @": "@@hero",
    "a line end": "@hero\n",
    "NUL": "@hero\x00",
    "51 characters": "@" + "x" * 50,
    "4 KB": "@" + "x" * 4096,
    "percent-encoded": "%40hero",
    "SQL": "@x';DROP TABLE images;--",
    "blanks around": " @hero ",
}


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("field", ["alias", "flowAlias"])
@pytest.mark.parametrize("alias", ALIASES.values(), ids=ALIASES)
def test_a_malformed_alias_at_upload(send, refused, field, alias):
    refused(send(file_form(photo(), **{field: alias})), 400, "ALIAS_FORMAT_CHECK")


@pytest.mark.parametrize("alias", [*ALIASES.values(), ""], ids=[*ALIASES, "empty"])
def test_a_malformed_alias_in_an_assignment(raw, upload, client, refused, alias):
    image = upload(alias="@kept")

    refused(raw.put(f"/api/v1/images/{image.id}/alias", json={"alias": alias}), 400, "ALIAS_FORMAT_CHECK")
    assert client.images.get(image.id).alias == "@kept"


@pytest.mark.parametrize("alias", [1, True, ["@hero"], {"name": "@hero"}])
def test_an_alias_of_another_type(raw, upload, refused, alias):
    refused(raw.put(f"/api/v1/images/{upload().id}/alias", json={"alias": alias}), 400, "VALIDATION_ERROR")


def test_an_assignment_without_an_alias(raw, upload, refused):
    refused(raw.put(f"/api/v1/images/{upload().id}/alias", json={"expectImageId": None}), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("alias", ["@last", "@first", "@upload"])
def test_a_reserved_alias(send, raw, upload, client, refused, alias):
    image = upload()

    refused(raw.put(f"/api/v1/images/{image.id}/alias", json={"alias": alias}), 400, "RESERVED_ALIAS")
    for field in ("alias", "flowAlias"):
        refused(send(file_form(photo(), **{field: alias})), 400, "RESERVED_ALIAS")
    assert client.images.list().total == 1


def test_an_alias_at_its_limit_is_taken(client, upload):
    longest = "@" + "aZ9_-" * 9 + "aZ9_"
    assert len(longest) == 50

    upload(alias=longest)

    assert client.images.get(longest).alias == longest


@pytest.mark.parametrize("expected", ["x", 1, True, "", "@hero"])
def test_an_expected_holder_that_is_no_id(raw, upload, refused, expected):
    body = {"alias": "@hero", "expectImageId": expected}

    refused(raw.put(f"/api/v1/images/{upload().id}/alias", json=body), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("answer", ["replace!", "", None, True])
def test_an_unknown_answer_to_a_conflict(raw, upload, refused, answer):
    body = {"alias": "@hero", "onConflict": answer}

    refused(raw.put(f"/api/v1/images/{upload().id}/alias", json=body), 400, "VALIDATION_ERROR")


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("flow", ["x", "@flow", "1", "0000", "01890000-0000-7000-8000-00000000000g", "nil", " "])
def test_a_flow_that_is_no_id(send, refused, flow):
    assert "flowId" in refused(send(file_form(photo(), flowId=flow)), 400, "VALIDATION_ERROR")


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("value", ["NEW", "maybe", "null"])
def test_an_unknown_rule_for_duplicates(send, refused, value):
    assert "onDuplicate" in refused(send(file_form(photo(), onDuplicate=value)), 400, "VALIDATION_ERROR")


REFS = {
    "a word": ("hero", "VALIDATION_ERROR"),
    "a number": ("1", "VALIDATION_ERROR"),
    "a UUID without hyphens": ("0189000000007000800000000000000a", "VALIDATION_ERROR"),
    "a UUID in braces": ("%7B01890000-0000-7000-8000-000000000000%7D", "VALIDATION_ERROR"),
    "a UUID too long": ("01890000-0000-7000-8000-0000000000000", "VALIDATION_ERROR"),
    "NUL": ("%00", "VALIDATION_ERROR"),
    "a path": ("..%2f..%2fetc%2fpasswd", "VALIDATION_ERROR"),
    "SQL": ("1'%20OR%201=1", "VALIDATION_ERROR"),
    "not UTF-8": ("%ff%fe", "VALIDATION_ERROR"),
    "4 KB": ("x" * 4096, "VALIDATION_ERROR"),
    "@ encoded twice": ("%2540hero", "VALIDATION_ERROR"),
    "an alias encoded twice": ("@%2568ero", "ALIAS_FORMAT_CHECK"),
    "an alias with NUL": ("@hero%00", "ALIAS_FORMAT_CHECK"),
    "an alias with a line end": ("@hero%0a", "ALIAS_FORMAT_CHECK"),
    "only @": ("@", "ALIAS_FORMAT_CHECK"),
}


@pytest.mark.parametrize(("ref", "code"), REFS.values(), ids=REFS)
def test_a_reference_that_is_neither_id_nor_alias(raw, refused, ref, code):
    address = f"/api/v1/images/{ref}"
    answers = [
        raw.get(address),
        raw.put(address, json={"meta": {}}),
        raw.patch(address, json={"meta": {}}),
        raw.put(f"{address}/alias", json={"alias": "@x"}),
        raw.delete(f"{address}/alias"),
        raw.delete(address),
    ]

    for answer in answers:
        if answer.status_code != 404:  # an encoded slash is no part of any address
            refused(answer, 400, code)


def test_a_restore_by_name_is_refused(raw, refused):
    refused(raw.post("/api/v1/images/@hero/restore"), 400, "VALIDATION_ERROR")
