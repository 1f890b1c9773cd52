"""`Server-Timing` and `fp_debug`: a word for everyone, all of it for whoever may look."""

import json

import pytest
from tests.wire import eventually

from atpix.projects import actions, preferences


def test_everybody_hears_whether_it_was_there(public, hero):
    address = f"{hero.by_id}?w=61"

    assert public.get(address).headers["server-timing"] == 'cache;desc="miss"'
    eventually(lambda: public.get(address).headers["server-timing"] == 'cache;desc="memory"')  # once nobody has written
    assert public.get(f"{address}&utm=1").headers["server-timing"] == 'cache;desc="hit"'


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_with_a_key_every_step_is_told_and_nobody_keeps_the_answer(public, hero, project, header):
    key = {header: project.key if header == "X-API-Key" else f"Bearer {project.key}"}
    address = f"{hero.by_id}?w=62"

    answer = public.get(address, headers=key)

    assert answer.headers["cache-control"] == "private, no-store"
    for step in ("resolve", "negotiate", "shelf", "queue", "render", "encode"):
        assert f"{step};dur=" in answer.headers["server-timing"]
    assert "atpix-explain" not in answer.headers
    assert public.get(address).headers["cache-control"] != "private, no-store"


def test_the_focal_point_is_shown_and_the_way_to_it_explained(public, hero, project, svc):
    plain = public.get(f"{hero.by_alias}?w=63&h=63&nonsense=1&q=500")
    made, kept = svc.renditions.made(project.row.id, hero.image.id), svc.renditions.stats().n

    answer = public.get(f"{hero.by_alias}?w=63&h=63&nonsense=1&q=500&fp_debug=1", headers={"X-API-Key": project.key})

    assert answer.status_code == 200
    assert answer.content != plain.content
    assert answer.headers["cache-control"] == "private, no-store"
    assert svc.renditions.made(project.row.id, hero.image.id) == made + 1  # it costs a render, and counts as one
    assert svc.renditions.stats().n == kept
    told = json.loads(answer.headers["atpix-explain"])
    assert told["image"] == hero.image.id
    assert told["resolvedBy"] == "project"
    assert (told["width"], told["height"], told["output"], told["accepts"]) == (63, 63, "jpeg", "plain")
    assert told["focalPoint"] == {"x": 0.5, "y": 0.5}
    assert told["followsStoredFocalPoint"] is True
    assert any("nonsense" in sentence for sentence in told["adjusted"])
    assert any("q" in sentence and "500" in sentence for sentence in told["adjusted"])


def test_without_a_key_that_may_read_here_it_is_ignored(public, hero, other_project, new_project):
    plain = public.get(f"{hero.by_id}?w=64")
    keys = ["", "nonsense", other_project.key, "atp_wrong"]

    for key in keys:
        answer = public.get(f"{hero.by_id}?w=64&fp_debug=1", headers={"X-API-Key": key} if key else {})

        assert (answer.status_code, answer.content) == (200, plain.content)
        assert answer.headers["etag"] == plain.headers["etag"]
        assert "atpix-explain" not in answer.headers
        assert "dur=" not in answer.headers["server-timing"]


def test_a_project_may_let_everybody_look(public, hero, project, svc):
    actions.update_project(svc, project.row.id, settings=preferences.parse({"deliveryDebug": True}))

    eventually(lambda: "atpix-explain" in public.get(f"{hero.by_id}?w=65&fp_debug=1").headers)
    assert "resolve;dur=" in public.get(f"{hero.by_id}?w=66").headers["server-timing"]
    assert "atpix-explain" in public.get(f"{hero.by_id}?fp_debug=1").headers
