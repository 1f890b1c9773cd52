import json

import httpx2

SECRET = "the-secret-of-the-key-a-0123456789"


def test_a_scope_is_made_shown_changed_and_deleted(remote, raw, project, server):
    url = f"{server.url}/cdn/{project.row.path}/live/heroes"
    made = remote("live", "scopes", "create", "heroes", "--limit", "5", "--meta", '{"page": 1}')
    assert made.out.split("\t") == ["heroes", "0", "5", "yes", f"{url}\n"]

    changed = json.loads(remote("live", "scopes", "update", "heroes", "--no-allow-new", "--json").out)
    shown = json.loads(remote("live", "scopes", "show", "heroes", "--json").out)
    listed = json.loads(remote("live", "scopes", "list", "--json").out)

    answer = raw.get("/api/v1/live/scopes/heroes")
    assert shown == changed == answer.json()["data"] | {"etag": answer.headers["ETag"]}
    assert listed == [answer.json()["data"]]
    assert (shown["allowNewGenerations"], shown["newGenerationsLimit"], shown["meta"]) == (False, 5, {"page": 1})
    assert json.loads(remote("live", "scopes", "regenerate", "heroes", "--json").out)["started"] == []
    assert "gone" in remote("live", "scopes", "delete", "heroes", "--yes").err
    assert remote("live", "scopes", "show", "heroes").code == 1


def test_an_address_is_printed_and_works(remote, public):
    remote("live", "scopes", "create", "heroes")

    url = remote("live", "url", "heroes", "a lighthouse", "--aspect-ratio", "1:1", "--no-enhance", "--w", "64").out

    answer = public.get(url.strip())
    assert (answer.status_code, answer.headers["X-Scope"]) == (200, "heroes")


def test_an_address_is_signed_without_a_server(called):
    scope = "https://img.example/cdn/acme/shop/live/heroes"

    printed = called("live", "url", scope, "a cat", "--kid", "a", "--json", ATPIX_URL_SECRET=SECRET)

    assert json.loads(printed.out)["url"].startswith(f"{scope}?prompt=a%20cat&kid=a&sig=")
    assert called("live", "url", scope, " ").code == 2
    assert called("live", "url", scope, "a cat", "--w", "x").code == 2


def test_a_scope_made_again_says_what_cannot_be(remote, public, upload, client):
    remote("live", "scopes", "create", "heroes")
    cat = upload(alias="@cat")
    for prompt in ("a lighthouse", "@cat at sea"):
        public.get(remote("live", "url", "heroes", prompt).out.strip())
    client.images.delete(cat.id)

    told = remote("live", "scopes", "regenerate", "heroes")
    again = json.loads(remote("live", "scopes", "regenerate", "heroes", "--json").out)

    (skipped,) = again["skipped"]
    assert (told.code, told.out.count("\n")) == (4, 1)
    assert f"{skipped['imageId']}: {skipped['message']} ({skipped['code']})\n" in told.err
    assert told.err.endswith("1 begun; 0 were under way already; 1 cannot be made again.\n")


def test_a_scope_that_is_deleted_says_what_was_cancelled(there, strange):
    gone = {"id": "s", "slug": "heroes", "imagesKept": 2, "cancelled": 1}
    strange.script.append(httpx2.Response(200, json={"success": True, "data": gone}))

    ended = there("live", "scopes", "delete", "heroes", "--yes")

    assert ended.err == "heroes is gone; 2 of its pictures stay in the project; 1 that was being made is cancelled.\n"
