"""Where an image comes from and what was made of it: `GET /images/{ref}/lineage`."""

import re
from itertools import count, pairwise
from xml.etree import ElementTree as ET

import pytest
from tests.generated import Made, many_of

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


@pytest.fixture
def made(svc, project):
    return Made(svc, project, count(1))


@pytest.fixture
def lineage(raw):
    def read(ref, query=""):
        answer = raw.get(f"/api/v1/images/{ref}/lineage{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    return read


@pytest.fixture
def chain(upload, made):
    """An upload, what was made of it, and what was made of that."""
    images = [upload() for _ in range(3)]
    for before, after in pairwise(images):
        made.generation(after, inputs=[before], prompt=f"from {before.id}")
    return images


def placed(found):
    return {node["imageId"]: (node["relation"], node["depth"]) for node in found["nodes"]}


def ends(found):
    return [(edge["from"], edge["to"]) for edge in found["edges"]]


def test_ancestors_and_descendants_have_their_distance(lineage, chain):
    oldest, middle, newest = (image.id for image in chain)

    assert placed(lineage(middle)) == {
        middle: ("self", 0),
        oldest: ("ancestor", 1),
        newest: ("descendant", 1),
    }
    assert placed(lineage(newest)) == {newest: ("self", 0), middle: ("ancestor", 1), oldest: ("ancestor", 2)}
    assert placed(lineage(oldest)) == {oldest: ("self", 0), middle: ("descendant", 1), newest: ("descendant", 2)}
    assert sorted(ends(lineage(oldest))) == sorted([(oldest, middle), (middle, newest)])


def test_a_node_says_what_it_is(lineage, chain, client):
    client.images.assign_alias(chain[1].id, "@middle")

    found = lineage("@middle")

    middle = client.images.get("@middle")
    assert found["imageId"] == middle.id
    (node,) = (node for node in found["nodes"] if node["depth"] == 0)
    assert node == {
        "node": middle.id,
        "imageId": middle.id,
        "relation": "self",
        "depth": 0,
        "gone": False,
        "alias": "@middle",
        "source": "generated",
        "sha256": middle.sha256,
        "storageUrl": middle.storage_url,
        "generationId": middle.generation_id,
        "prompt": f"from {chain[0].id}",
        "createdAt": found["nodes"][0]["createdAt"],
    }
    assert {(edge["role"], edge["alias"], edge["run"]) for edge in found["edges"]} == {("reference", "@input", 1)}


def test_an_upload_that_nothing_was_made_of_stands_alone(lineage, upload):
    image = upload()

    found = lineage(image.id)

    assert placed(found) == {image.id: ("self", 0)}
    assert (found["edges"], found["truncated"]) == ([], False)


def test_each_run_of_a_generation_has_its_own_inputs(lineage, upload, made):
    old, new, first, second = (upload() for _ in range(4))
    generation = made.generation(first, inputs=[old])
    made.again(generation, second, run=2, inputs=[new])

    assert placed(lineage(first.id)) == {first.id: ("self", 0), old.id: ("ancestor", 1)}
    assert placed(lineage(second.id)) == {second.id: ("self", 0), new.id: ("ancestor", 1)}
    assert lineage(new.id)["edges"][0]["run"] == 2


def test_the_shortest_way_counts(lineage, upload, made):
    one, two, three = (upload() for _ in range(3))
    made.generation(two, inputs=[one])
    made.generation(three, inputs=[one, two, one])

    found = lineage(three.id)

    assert placed(found) == {three.id: ("self", 0), one.id: ("ancestor", 1), two.id: ("ancestor", 1)}
    assert sorted(ends(found)) == sorted([(one.id, two.id), (one.id, three.id), (two.id, three.id), (one.id, three.id)])


def test_a_mask_is_an_input_as_well(lineage, upload, made):
    image, mask, output = (upload() for _ in range(3))
    made.generation(output, inputs=[image], mask=mask)

    assert {(edge["from"], edge["role"]) for edge in lineage(output.id)["edges"]} == {
        (image.id, "reference"),
        (mask.id, "mask"),
    }


def test_a_deleted_input_leaves_a_tombstone(lineage, chain, client):
    _, middle, newest = chain
    client.images.delete(middle.id)

    found = lineage(newest.id)

    (tombstone,) = (node for node in found["nodes"] if node["gone"])
    assert (tombstone["node"], tombstone["imageId"], tombstone["depth"]) == ("gone-1", None, 1)
    assert tombstone["sha256"] == middle.sha256
    assert ends(found) == [("gone-1", newest.id)]


def test_a_deleted_output_is_shown_as_gone(lineage, chain, client):
    oldest, middle, _ = chain
    client.images.delete(middle.id)

    found = lineage(oldest.id)

    assert placed(found) == {oldest.id: ("self", 0), middle.id: ("descendant", 1)}
    (gone,) = (node for node in found["nodes"] if node["imageId"] == middle.id)
    assert (gone["gone"], gone["storageUrl"], gone["sha256"]) == (True, None, None)


def test_the_depth_has_a_bound_and_says_so(lineage, chain):
    oldest, middle, newest = (image.id for image in chain)

    short, whole = lineage(newest, "?depth=1"), lineage(newest, "?depth=2")

    assert (placed(short).keys(), short["truncated"]) == ({newest, middle}, True)
    assert (placed(whole).keys(), whole["truncated"]) == ({newest, middle, oldest}, False)


def test_what_goes_round_in_a_circle_comes_to_an_end(lineage, upload, made):
    """Ids make it impossible; rows that somebody has put right by hand do not."""
    one, two = upload(), upload()
    made.generation(two, inputs=[one])
    made.generation(one, inputs=[two])

    assert placed(lineage(one.id, "?depth=100")).keys() == {one.id, two.id}


def test_no_more_than_a_thousand_images_are_shown(lineage, upload, svc, project):
    logo = upload()
    many_of(svc, project, logo, 1200)

    found = lineage(logo.id)

    assert (len(found["nodes"]), found["truncated"]) == (1000, True)
    assert len(found["edges"]) == 999


@pytest.mark.parametrize("query", ["?depth=0", "?depth=101", "?depth=x", "?format=png", "?format=", "?levels=3"])
def test_a_wrong_question_is_refused(raw, upload, query):
    answer = raw.get(f"/api/v1/images/{upload().id}/lineage{query}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_other_projects_are_not_seen(raw, other_raw, chain, upload):
    answer = other_raw.get(f"/api/v1/images/{chain[0].id}/lineage")
    missing = raw.get("/api/v1/images/@nobody/lineage")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "IMAGE_NOT_FOUND")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ALIAS_NOT_FOUND")


def test_a_flows_name_is_found_in_the_flow(lineage, upload):
    image = upload(flow_alias="@cover")

    assert lineage("@cover", f"?flowId={image.flow_id}")["imageId"] == image.id


def test_who_has_it_already_gets_304(raw, chain):
    for form in ("json", "mermaid", "graphml"):
        path = f"/api/v1/images/{chain[0].id}/lineage?format={form}"
        etag = raw.get(path).headers["etag"]
        assert raw.get(path, headers={"If-None-Match": etag}).status_code == 304


HOSTILE = 'a "quoted" <b>&amp; `code`\n] --> x; %% #quot; {}|() \x07\u202e\\ ü'


@pytest.fixture
def hostile(upload, made):
    image, output = upload(), upload()
    made.generation(output, inputs=[image, None], prompt=HOSTILE)
    return output


def test_mermaid_holds_words_as_words(raw, hostile):
    answer = raw.get(f"/api/v1/images/{hostile.id}/lineage?format=mermaid")

    lines = answer.text.splitlines()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert lines[0] == "flowchart TD"
    boxes = [line for line in lines if "[" in line]
    assert len(boxes) == 3
    for box in boxes:
        text = re.fullmatch(r'    n\d\["(.*)"\]', box)[1].replace("<br/>", "")
        assert not re.search(r'["<>`|\[\]{}()\\]|&', text)
    arrows = [line for line in lines if "-->" in line]
    assert all(re.fullmatch(r'    n\d -->\|"[^"|]*"\| n\d', arrow) for arrow in arrows)
    assert len(arrows) == 2


def test_mermaid_calls_images_by_the_flows_name_or_by_what_tells_ids_apart(raw, upload, made):
    first = upload(flow_alias="@draft")
    second = upload()
    made.generation(second, inputs=[first])

    def drawn(query):
        return raw.get(f"/api/v1/images/{second.id}/lineage?format=mermaid{query}").text

    assert f'["{first.id[-8:]}' in drawn("")
    assert f'["{second.id[-8:]}' in drawn("")
    assert '["@draft' in drawn(f"&flowId={first.flow_id}")


def test_graphml_is_xml_that_says_the_same(raw, hostile):
    answer = raw.get(f"/api/v1/images/{hostile.id}/lineage?format=graphml")

    graph = ET.fromstring(answer.content).find(f"{NAMESPACE}graph")
    nodes = {
        node.get("id"): {data.get("key"): data.text for data in node} for node in graph.findall(f"{NAMESPACE}node")
    }
    assert answer.headers["content-type"] == "application/graphml+xml; charset=utf-8"
    assert nodes[hostile.id]["prompt"] == HOSTILE.replace("\x07", "\ufffd")
    assert nodes["gone-1"]["gone"] == "true"
    assert {edge.get("target") for edge in graph.findall(f"{NAMESPACE}edge")} == {hostile.id}


def test_a_real_generation_has_its_references_as_ancestors(raw, lineage, upload):
    image = upload(alias="@cat")
    sent = {"prompt": "@cat in a harbour", "aspectRatio": "1:1"}

    made = raw.post("/api/v1/generations", json=sent).json()["data"]

    found = lineage(made["outputImageId"])
    assert placed(found) == {made["outputImageId"]: ("self", 0), image.id: ("ancestor", 1)}
    assert found["nodes"][0]["generationId"] == made["id"]
