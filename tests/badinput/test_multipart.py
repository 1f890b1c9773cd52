"""Requests that are no upload, or one that never ends."""

import pytest
from tests.forms import BOUNDARY, CONTENT_TYPE, UPLOAD, file_form, form, part
from tests.photographs import photo


@pytest.mark.usefixtures("nothing_kept")
class TestRefused:
    def test_ten_thousand_parts(self, send, refused):
        parts = [part("meta", "{}") for _ in range(10_000)]

        refused(send(form(*parts, part("file", photo(), "a.jpg"))), 400, "VALIDATION_ERROR")

    def test_twenty_one_different_parts(self, send, refused):
        refused(send(form(*(part(f"field{n}", "x") for n in range(21)))), 400, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            'multipart/form-data; boundary=""',
            "multipart/form-data; boundary=" + "x" * 201,
            "multipart/form-data; charset=utf-8",
        ],
    )
    def test_a_missing_boundary(self, send, refused, content_type):
        message = refused(send(file_form(photo()), content_type), 400, "VALIDATION_ERROR")

        assert "boundary" in message

    @pytest.mark.parametrize(
        "content_type", ["application/json", "image/jpeg", "text/plain", "", "nonsense", "multipart/mixed; boundary=x"]
    )
    def test_another_media_type(self, send, refused, content_type):
        refused(send(photo(), content_type), 415, "UNSUPPORTED_FILE_TYPE")

    def test_another_boundary_than_announced(self, send, refused):
        refused(send(file_form(photo()), "multipart/form-data; boundary=another"), 400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("body", [b"", b"\r\n", b"x", f"--{BOUNDARY}".encode(), f"--{BOUNDARY}--".encode(), form()])
    def test_a_body_without_parts(self, send, refused, body):
        refused(send(body), 400, "VALIDATION_ERROR")

    def test_no_file(self, send, refused):
        assert "file" in refused(send(form(part("alias", "@hero"))), 400, "VALIDATION_ERROR")

    def test_two_files(self, send, refused):
        body = form(part("file", photo(1), "a.jpg"), part("file", photo(2), "b.jpg"))

        assert "twice" in refused(send(body), 400, "VALIDATION_ERROR")

    def test_a_field_twice(self, send, refused):
        body = form(part("alias", "@a"), part("alias", "@b"), part("file", photo(1), "a.jpg"))

        assert "twice" in refused(send(body), 400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("name", ["Alias", "flow_id", "image", "", "\u202e", "file.x"])
    def test_an_unknown_field(self, send, refused, name):
        message = refused(send(form(part("file", photo(), "a.jpg"), part(name, "x"))), 400, "VALIDATION_ERROR")

        assert "flowAlias" in message

    def test_a_body_that_stops_before_its_last_boundary(self, send, refused):
        refused(send(file_form(photo())[:-10]), 400, "VALIDATION_ERROR")

    def test_a_part_without_a_name(self, send, refused):
        body = (
            f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n\r\n".encode() + photo() + f"\r\n--{BOUNDARY}--\r\n".encode()
        )

        refused(send(body), 400, "VALIDATION_ERROR")

    def test_an_endless_header_in_a_part(self, send, refused):
        body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; x="'.encode() + b"y" * 5_000_000

        refused(send(body), 400, "VALIDATION_ERROR")

    def test_too_many_headers_in_a_part(self, send, refused):
        headers = "".join(f"X-{n}: y\r\n" for n in range(1000))
        body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n{headers}\r\n'.encode() + photo()

        refused(send(body), 400, "VALIDATION_ERROR")

    def test_an_endless_text_field(self, send, refused):
        refused(send(file_form(photo(), alias="@" + "x" * 5_000_000)), 400, "VALIDATION_ERROR")

    def test_a_text_field_that_is_not_utf_8(self, send, refused):
        body = form(part("alias", b"@\xff\xfe"), part("file", photo(), "a.jpg"))

        assert "UTF-8" in refused(send(body), 400, "VALIDATION_ERROR")

    def test_a_gzipped_body_is_not_taken_for_a_form(self, raw, refused):
        headers = {"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"}

        refused(raw.post(UPLOAD, content=b"\x1f\x8b" + bytes(100), headers=headers), 400, "VALIDATION_ERROR")


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\system.ini": "system.ini",
    "/absolute/a.jpg": "a.jpg",
    "..": None,
    "": None,
    "...": None,
    "a\x00b.jpg": "ab.jpg",
    "a%0D%0Ab.jpg": None,
    "\u202egpj.exe": "gpj.exe",
    "a\u200f\u200eb.jpg": "ab.jpg",
    "a\x1b[31mb.jpg": "a[31mb.jpg",
    "x" * 4096 + ".jpg": "x" * 255,
    "ü" * 4096: "ü" * 127,
    "Grüße 🌍.jpg": "Grüße 🌍.jpg",
    "<script>alert(1)</script>.jpg": "script>.jpg",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_name_is_text_about_the_image_and_nothing_else(send, raw, name, svc, project):
    answer = send(file_form(photo(), name))

    assert answer.status_code in {201, 400}
    if answer.status_code == 201:
        kept = answer.json()["data"]["filename"]
        assert kept is None or not ({"/", "\\", "\0", "\r", "\n", "\u202e", "\u200f"} & set(kept))
        assert kept is None or len(kept.encode()) <= 255
        if NAMES[name] is not None:
            assert kept == NAMES[name]
        assert raw.get(f"/api/v1/images/{answer.json()['data']['id']}").json()["data"]["filename"] == kept
    assert all(info.key.count("/") == 2 for info in svc.blobs.list() if project.row.id in info.key)


def test_a_file_name_with_a_line_end_breaks_no_header(send):
    answer = send(file_form(photo(), b"a\r\nX-Evil: 1\r\n\r\nb.jpg"))

    assert answer.status_code in {201, 400, 415, 422}
    assert "x-evil" not in answer.headers
