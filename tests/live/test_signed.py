"""Projects whose live URLs need a signature."""

import time
from urllib.parse import quote, urlsplit

import pytest
from tests.live.conftest import refused

from atpix.projects.url_keys import UrlKeyIn
from atpix_client import live_urls, signing

SECRET = "the-secret-of-the-key-a-0123456789"


@pytest.fixture(params=["live_signed", "signed_urls"])
def protected(request, settings):
    settings(url_keys={"a": UrlKeyIn(SECRET)}, **{request.param: True})


def signed(page, prompt, expires=None, **parameters):
    """As the client signs it, without the prompt."""
    url = live_urls.live_url(f"http://x{page.path}", prompt)
    rest = "".join(f"&{name}={quote(value, safe='')}" for name, value in parameters.items())
    given = dict(signing.query_pairs(urlsplit(live_urls.sign(url + rest, SECRET, "a", expires=expires)).query))
    del given["prompt"]
    return given


def test_only_who_was_given_a_url_may_use_it(page, protected, prompt, painter):
    refused(page.get(prompt), 403, "FORBIDDEN")
    assert painter.calls(prompt) == 0
    ours = signed(page, prompt, w="48", format="png")

    first, second = page.get(prompt, **ours), page.get(prompt, **ours)

    assert (first.status_code, first.headers["X-Cache-Status"]) == (200, "MISS"), first.text
    assert (second.status_code, second.headers["X-Cache-Status"]) == (200, "HIT")
    assert second.headers["Content-Type"] == "image/png"
    assert second.headers["Content-Location"].endswith("?w=48&format=png")
    assert "sig" not in str(second.headers)
    refused(page.get(prompt, w="48", format="png"), 403, "FORBIDDEN")


def test_everything_in_it_is_signed(page, protected, prompt, painter):
    ours = signed(page, prompt, aspectRatio="1:1")
    other = f"{prompt}!"

    for answer in (
        page.get(other, **ours),
        page.get(prompt, **(ours | {"aspectRatio": "16:9"})),
        page.get(prompt, **{name: value for name, value in ours.items() if name != "aspectRatio"}, ar="1:1"),
        page.get(prompt, **ours, w=10),
        page.get(prompt, **ours, autoEnhance="false"),
        page.get(prompt, **(ours | {"kid": "b"})),
        page.get(prompt, **(ours | {"sig": "A" * 43})),
        page.get(prompt, **(ours | {"exp": "4000000000"})),
    ):
        error = refused(answer, 403, "FORBIDDEN")
        assert "signature" in error["message"]
        assert answer.headers["Cache-Control"] == "no-store"
    page.path = page.path.replace("heroes", "villains")
    refused(page.get(prompt, **ours), 403, "FORBIDDEN")
    assert painter.calls(prompt) == painter.calls(other) == 0


def test_a_signature_is_looked_at_before_anything_is_said_about_the_rest(page, protected):
    refused(page.get("", w=1), 403, "FORBIDDEN")


def test_a_url_ends_when_it_says_so_and_no_cache_keeps_it_longer(page, protected, prompt):
    soon = signed(page, prompt, int(time.time()) + 3600)
    past = signed(page, prompt, int(time.time()) - 1)

    page.get(prompt, **soon)
    assert page.get(prompt, **soon).headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"
    refused(page.get(prompt, **past), 403, "FORBIDDEN")


def test_the_image_behind_it_is_as_protected_as_before(page, protected, prompt, request):
    image = page.get(prompt, **signed(page, prompt)).headers["X-Image-Id"]
    page.get(prompt, **signed(page, prompt))

    open_images = request.node.callspec.params["protected"] == "live_signed"
    assert page.image(image).status_code == (200 if open_images else 403)
