"""`atpix images lineage`: where an image comes from, drawn."""

import json
from itertools import count

import pytest
from tests.generated import Made


@pytest.fixture
def made(svc, project):
    return Made(svc, project, count(1))


@pytest.fixture
def poster(upload, made, client):
    """Made of a drawing, which was made of a photograph that is deleted since, and of a hat."""
    gone, hat, drawing, poster, print_ = upload(), upload(alias="@hat"), upload(), upload(alias="@poster"), upload()
    made.generation(drawing, inputs=[gone], prompt="an ink drawing")
    made.generation(poster, inputs=[drawing, hat], prompt="a poster")
    made.generation(print_, inputs=[poster], prompt="a print")
    client.images.delete(gone.id)
    return hat.id, drawing.id, poster.id, print_.id


def test_a_lineage_is_drawn_from_the_oldest_down(remote, poster):
    hat, drawing, itself, printed = poster

    ended = remote("images", "lineage", "@poster")

    assert ended.out.splitlines() == [
        "3 ancestors, 1 descendant",
        "├── @input  (deleted)",
        f"│   └── “an ink drawing”  {drawing}",
        f"│       └── @poster  “a poster”  and @hat  (asked about)  {itself}",
        f"│           └── “a print”  {printed}",
        f"└── @hat  (uploaded)  {hat}",
    ]
    assert (ended.code, ended.err) == (0, "")


def test_a_lineage_that_goes_further_says_so(remote, poster):
    ended = remote("images", "lineage", poster[3], "--depth", "1")

    assert ended.out.startswith("1 ancestor, 0 descendants\n")
    assert "--depth" in ended.err


def test_a_lineage_comes_in_the_forms_of_the_api(remote, poster, raw):
    path = "/api/v1/images/@poster/lineage"

    assert json.loads(remote("images", "lineage", "@poster", "--json").out) == raw.get(path).json()["data"]
    for form in ("mermaid", "graphml"):
        assert remote("images", "lineage", "@poster", f"--{form}").out == raw.get(f"{path}?format={form}").text


def test_a_lineage_that_cannot_be_drawn_is_a_sentence(remote):
    assert remote("images", "lineage", "@nobody").code == 1
    assert remote("images", "lineage", "@nobody", "--mermaid").code == 1
    assert remote("images", "lineage", "@nobody", "--mermaid", "--json").code == 2
    assert remote("images", "lineage", "@nobody", "--depth", "0").code == 2
