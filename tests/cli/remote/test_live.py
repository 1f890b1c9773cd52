import json

SECRET = "the-secret-of-the-key-a-0123456789"


def test_a_scope_is_made_shown_changed_and_deleted(remote, raw, project, server):
    url = f"{server.url}/cdn/{project.row.path}/live/heroes"
    made = remote("live", "scopes", "create", "heroes", "--limit", "5", "--meta", '{"page": 1}')
    assert made.out.split("\t") == ["heroes", "0", "5", "yes", f"{url}\n"]

    changed = json.loads(remote("live", "scopes", "update", "heroes", "--no-allow-new", "--json").out)
    shown = json.loads(remote("live", "scopes", "show", "heroes", "--json").out)
    listed = json.loads(remote("live", "scopes", "list", "--json").out)

    assert shown == changed == raw.get("/api/v1/live/scopes/heroes").json()["data"]
    assert listed == [shown]
    assert (shown["allowNewGenerations"], shown["newGenerationsLimit"], shown["meta"]) == (False, 5, {"page": 1})
    assert json.loads(remote("live", "scopes", "regenerate", "heroes", "--json").out)["started"] == []
    assert "gone" in remote("live", "scopes", "delete", "heroes", "--yes").err
    assert remote("live", "scopes", "show", "heroes").code == 1


def test_an_address_is_printed_and_works(remote, public):
    remote("live", "scopes", "create", "heroes")

    url = remote("live", "url", "heroes", "a lighthouse", "--aspect-ratio", "1:1", "--no-enhance", "--w", "64").out

    answer = public.get(url.strip())
    assert (answer.status_code, answer.headers["X-Scope"]) == (200, "heroes")


def test_an_address_is_signed_without_a_server(atpix):
    scope = "https://img.example/cdn/acme/shop/live/heroes"

    printed = atpix("live", "url", scope, "a cat", "--kid", "a", "--json", ATPIX_URL_SECRET=SECRET)

    assert json.loads(printed.out)["url"].startswith(f"{scope}?prompt=a%20cat&kid=a&sig=")
    assert atpix("live", "url", scope, " ").code == 2
    assert atpix("live", "url", scope, "a cat", "--w", "x").code == 2
    assert '"4:3"' in atpix("live", "url", scope, "a cat", "--aspect-ratio", "5:4").err
    assert '"comic"' in atpix("live", "url", scope, "a cat", "--template", "oil").err
