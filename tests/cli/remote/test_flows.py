import json

import pytest

from atpix.ids import new_id


@pytest.fixture
def make(remote):
    """Generate something, and get its row."""
    return lambda *arguments: remote("generate", *arguments).out.rstrip("\n").split("\t")


def test_a_flow_is_made_and_listed(remote, client):
    made = remote("flows", "create", "--meta", '{"for": "spring"}').out.strip()
    other = json.loads(remote("flows", "create", "--json").out)["id"]

    assert client.flows.get(made).meta == {"for": "spring"}
    assert [line.split("\t")[0] for line in remote("flows", "list").out.splitlines()] == [other, made]
    assert [flow["id"] for flow in json.loads(remote("flows", "list", "--limit", "1", "--json").out)] == [other]
    everything = remote("flows", "list", "--all", "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in everything] == [other, made]


def test_a_flow_is_drawn_from_its_first_picture_on(remote, upload, make):
    flow = new_id()
    cat, cup = upload(flow_id=flow, flow_alias="@cat"), upload(flow_id=flow, flow_alias="@cup")
    beside = upload(alias="@beside")
    inked = make("Ink drawing of @cat", "--flow", flow, "--flow-alias", "@inked")[2]
    painted = make("@inked with @cup, painted " * 5, "--flow", flow, "--alias", "@poster")[2]
    night = make("@poster and @beside by [night]", "--flow", flow)[2]
    alone = make("A frame", "--flow", flow)[2]

    drawn = remote("flows", "show", flow).out

    prompt = "@inked with @cup, painted @inked with @cup,…"
    assert drawn.splitlines() == [
        f"Flow {flow}: 4 generations, 6 images",
        f"├── @cat  {cat.filename}  (uploaded)  {cat.id}",
        f"│   └── @inked  “Ink drawing of @cat”  {inked}",
        f"│       └── @poster  “{prompt}”  and @cup  {painted}",
        f"│           └── “@poster and @beside by [night]”  and @beside  {night}",
        f"├── @cup  {cup.filename}  (uploaded)  {cup.id}",
        f"├── “A frame”  {alone}",
        f"└── @beside  (not in this flow)  {beside.id}",
    ]


def test_what_was_repeated_or_deleted_has_its_place(remote, upload, make, client):
    source = upload()
    _, _, first, _, flow, _ = make("After it", "--flow", "new", "--ref", source.id)
    second = remote("flows", "regenerate", flow).out.split("\t")[2]
    gone = make("Soon gone", "--flow", flow, "--ref", second)
    client.images.delete(gone[2])
    client.images.delete(source.id)

    lines = remote("flows", "show", flow).out.splitlines()

    assert lines[1:] == [
        f"├── “After it”  (an earlier run)  {first}",
        "└── (deleted)",
        f"    └── “After it”  {second}",
        f"        └── “Soon gone”  (its image is deleted, or not in this flow)  {gone[0]}",
    ]


def test_a_flow_is_written_as_mermaid_without_breaking_out(remote, upload, make):
    flow = new_id()
    upload(flow_id=flow, flow_alias="@cat", filename='c"]<b>.png')
    make('Ink "drawing" of @cat', "--flow", flow)

    assert remote("flows", "show", flow, "--mermaid").out.splitlines() == [
        "flowchart TD",
        '    n1["@cat<br>c#34;#93;#60;b#62;.png<br>uploaded"]',
        '    n2["Ink #34;drawing#34; of @cat"]',
        "    n1 --> n2",
    ]


def test_json_has_all_there_is(remote, make):
    flow = make("A lighthouse", "--flow", "new")[4]

    shown = json.loads(remote("flows", "show", flow, "--json").out)

    assert (shown["flow"]["id"], len(shown["images"]), len(shown["generations"])) == (flow, 1, 1)


def test_names_are_given_and_taken_all_or_none(remote, upload, client):
    flow = new_id()
    first, second = upload(flow_id=flow, flow_alias="@old"), upload(flow_id=flow)

    refused = remote("flows", "alias", flow, f"@new={second.id}", "@other=@nobody")
    ended = remote("flows", "alias", flow, f"new={second.id}", "@same=@old", "@old=none")

    assert (refused.code, ended.code) == (1, 0)
    assert ended.out == f"@new\t{second.id}\n@same\t{first.id}\n"
    assert client.flows.get(flow).aliases == {"@new": second.id, "@same": first.id}
    assert remote("flows", "alias", flow, "@new").code == 2


def test_the_images_of_a_flow_are_listed(remote, upload):
    flow = new_id()
    upload()
    mine = [upload(flow_id=flow).id for _ in range(3)]

    listed = remote("flows", "images", flow, "--limit", "2").out.splitlines()

    assert [line.split("\t")[0] for line in listed] == mine[:0:-1]


def test_a_flow_is_deleted_and_says_what_stayed(remote, upload, make, client):
    flow = new_id()
    kept = upload(flow_id=flow, alias="@hero")
    gone = make("A lighthouse", "--flow", flow)[2]

    ended = remote("flows", "delete", flow, "--yes")

    assert ended.out == f"deleted\t{gone}\nkept\t{kept.id}\n"
    assert ended.err == "Deleted 1 images and 1 generations; kept 1, which have a name.\n"
    assert client.images.get("@hero").flow_id is None
    assert remote("flows", "show", flow).code == 1
    assert remote("flows", "delete", flow).code == 2


def test_usage_is_a_table_with_a_total(remote, make):
    first = make("A lighthouse", "--flow", "new")
    make("Another")

    by_flow = [line.split("\t") for line in remote("usage", "--by", "flow").out.splitlines()]
    by_day = remote("usage", "--json")
    none = remote("usage", "--from", "2025-01-01", "--to", "2025-01-02")

    assert {row[0]: row[1:4] for row in by_flow} == {
        first[4]: ["1", "1", "0"],
        "(none)": ["1", "1", "0"],
        "total": ["2", "2", "0"],
    }
    assert json.loads(by_day.out)["totals"]["generations"] == 2
    assert none.out == "total\t0\t0\t0\t0.0\t0.0000\n"
    assert "no budget" in none.err
    assert remote("usage", "--from", "yesterday").code == 1
