"""Interactive documentation that needs nothing from outside."""

import re


def test_the_page_loads_nothing_from_another_host(public):
    page = public.get("/docs")

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in re.sub(r"<meta [^>]*>", "", page.text)


def test_every_part_of_the_page_is_there_and_may_be_kept_for_ever(public):
    parts = re.findall(r'(?:src|href)="([^"]+)"', public.get("/docs").text)

    assert len(parts) == 4
    for part in parts:
        answer = public.get(f"/{part}")
        assert answer.status_code == 200
        assert answer.content
        assert "immutable" in answer.headers["cache-control"]
        assert public.get(f"/{part}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_scripts_are_sent_as_scripts(public):
    parts = re.findall(r'src="([^"]+)"', public.get("/docs").text)

    assert all(public.get(f"/{part}").headers["content-type"].startswith("text/javascript") for part in parts)


def test_nothing_else_is_served_from_there(public):
    folder = re.findall(r'src="(docs/[^/]+)/', public.get("/docs").text)[0]

    for name in ("index.html", "..%2f__init__.py", "%2e%2e", "swagger-ui.css.map"):
        assert public.get(f"/{folder}/{name}").status_code == 404
    assert public.get("/docs/other-release/start.js").status_code == 404
