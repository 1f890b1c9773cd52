from json import loads

import httpx2
import pytest
from sdk.tests.stand_in import TIME, failure
from sdk.tests.test_generations import generation, one

from atpix_client import errors

FLOW = "00000000-0000-7000-8000-00000000000f"


def flow(**fields):
    return {
        "id": FLOW,
        "projectId": "p",
        "aliases": {"@hero": "i1"},
        "generationCount": 1,
        "imageCount": 2,
        "meta": {},
        "createdAt": TIME,
        "updatedAt": TIME,
        **fields,
    }


def tagged(thing):
    return httpx2.Response(200, json={"success": True, "data": thing}, headers={"ETag": '"f1"'})


def listed(*things):
    pages = {"total": len(things), "limit": 20, "offset": 0, "hasMore": False}
    return httpx2.Response(200, json={"success": True, "data": list(things), "pagination": pages})


def sent(server):
    return [(request.method, request.url.raw_path.decode().removeprefix("/api/v1")) for request in server.requests]


def test_a_flow_knows_its_names_and_its_version(client, server):
    server.script.append(tagged(flow(meta={"for": "spring"})))

    found = client.flows.get(FLOW)

    assert (found.aliases, found.generation_count, found.image_count) == ({"@hero": "i1"}, 1, 2)
    assert (found.meta, found.etag) == ({"for": "spring"}, '"f1"')


def test_flows_are_made_and_changed(client, server):
    server.script.extend(tagged(flow()) for _ in range(5))

    client.flows.create()
    client.flows.create(meta={"for": "spring"}, idempotency_key="mine")
    client.flows.update(FLOW, meta={}, if_match='"f1"')
    client.flows.assign_aliases(FLOW, {"@hero": "i2", "@old": None})
    client.flows.remove_alias(FLOW, "@hero")

    assert sent(server) == [
        ("POST", "/flows"),
        ("POST", "/flows"),
        ("PUT", f"/flows/{FLOW}"),
        ("PUT", f"/flows/{FLOW}/aliases"),
        ("DELETE", f"/flows/{FLOW}/aliases/@hero"),
    ]
    bodies = [loads(request.content) for request in server.requests[:4]]
    assert bodies == [{}, {"meta": {"for": "spring"}}, {"meta": {}}, {"aliases": {"@hero": "i2", "@old": None}}]
    assert server.requests[1].headers["idempotency-key"] == "mine"
    assert server.requests[2].headers["if-match"] == '"f1"'


def test_what_is_in_a_flow_comes_in_pages(client, server):
    server.script.extend([listed(flow()), listed(flow()), listed(server.add()), listed(server.add())])
    server.script.extend([listed(generation()), listed(generation())])

    assert [found.id for found in client.flows.list(limit=3)] == [FLOW]
    assert [found.id for found in client.flows.iterate()] == [FLOW]
    assert len(client.flows.images(FLOW, offset=1)) == len(list(client.flows.iterate_images(FLOW, page_size=7))) == 1
    assert len(client.flows.generations(FLOW)) == len(list(client.flows.iterate_generations(FLOW))) == 1

    assert [path for _, path in sent(server)] == [
        "/flows?limit=3",
        "/flows?limit=100",
        f"/flows/{FLOW}/images?offset=1",
        f"/flows/{FLOW}/images?limit=7",
        f"/flows/{FLOW}/generations",
        f"/flows/{FLOW}/generations?limit=100",
    ]


def test_the_newest_is_made_again(client, server):
    server.script.append(one(generation("pending"), 202))

    assert client.flows.regenerate(FLOW, wait_s=0).status == "pending"
    assert sent(server) == [("POST", f"/flows/{FLOW}/regenerate")]
    assert server.requests[0].headers["prefer"] == "wait=0"


def test_deleting_tells_what_went_and_what_stayed(client, server):
    gone = {"count": 2, "ids": ["a", "b"]}
    answer = {"id": FLOW, "deletedImages": gone, "deletedGenerations": gone, "keptImages": {"count": 0, "ids": []}}
    server.script.append(one(answer))

    deleted = client.flows.delete(FLOW)

    assert (deleted.deleted_images.ids, deleted.kept_images.count) == (["a", "b"], 0)


@pytest.mark.parametrize("how", [{"if_match": '"f1"'}, {}])
def test_a_lost_answer_to_a_conditional_delete_is_not_asked_for_again(client, server, how):
    server.script.extend([httpx2.ReadError("cut"), failure(404, "FLOW_NOT_FOUND")])

    with pytest.raises(errors.APIConnectionError if how else errors.FlowNotFound):
        client.flows.delete(FLOW, **how)


def test_a_lineage_has_nodes_and_edges(client, server):
    node = {"node": "i2", "imageId": "i2", "relation": "self", "depth": 0, "gone": False, "prompt": "At sea"}
    edge = {"from": "gone-1", "to": "i2", "generationId": "g", "run": 1, "role": "reference", "alias": "@hero"}
    server.script.append(one({"imageId": "i2", "nodes": [node], "edges": [edge], "truncated": False}))
    server.script.append(httpx2.Response(200, text="flowchart LR\n", headers={"Content-Type": "text/plain"}))

    found, drawn = client.images.lineage("@hero", depth=3), client.images.draw_lineage("@hero", flow_id=FLOW)

    assert (found.nodes[0].prompt, found.edges[0].source, found.edges[0].target) == ("At sea", "gone-1", "i2")
    assert drawn == "flowchart LR\n"
    assert [path for _, path in sent(server)] == [
        "/images/@hero/lineage?depth=3",
        f"/images/@hero/lineage?format=mermaid&flowId={FLOW}",
    ]
