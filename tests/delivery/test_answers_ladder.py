"""A ladder of widths holds for whatever comes out, however it was asked for."""

from io import BytesIO

import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire import eventually

from atpix.caller import ProjectSettings
from atpix.delivery import guards, ladders
from atpix.imaging import geometry, grammar
from atpix.projects import actions, preferences

LADDER = (320, 640)
MOST_PIXELS = 50_000_000


def size(query, source=(1200, 800), ladder=LADDER):
    parsed = grammar.parse(grammar.pairs_of(query.encode()))
    admitted = guards.admit(ProjectSettings(width_ladder=ladder), parsed, "", 0, has_transformation=True)
    spec = ladders.land(source, grammar.normal(admitted.spec), admitted.ladder, MOST_PIXELS)
    return geometry.of(source, spec, None, MOST_PIXELS).canvas


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=33", (640, 427)),
        ("page=1", (640, 427)),
        ("rot=90", (640, 960)),
        ("ar=1.234", (640, 519)),
        ("ar=0.01", (320, 800)),
        ("h=333", (320, 213)),
        ("h=700", (640, 427)),
        ("h=3", (320, 213)),
        ("w=100&h=16384&fit=pad", (320, 640)),
        ("w=640&h=480&fit=pad", (640, 480)),
        ("w=100&h=50&fit=contain", (320, 160)),
        ("w=640&h=100&fit=inside", (320, 213)),
        ("w=321&h=321", (640, 640)),
        ("w=320&h=16384&up=1", (320, 640)),
        ("w=9999&up=1", (640, 427)),
    ],
)
def test_the_width_is_a_rung_and_the_height_follows(query, expected):
    assert size(query) == expected


@pytest.mark.parametrize("query", ["q=33", "w=640", "w=500", "w=640&h=512", "h=400", "ar=5:4", "fit=inside&ar=2"])
def test_a_source_between_rungs_has_its_own_width(query):
    assert size(query, source=(500, 400)) == (500, 400)


def test_without_a_ladder_everything_is_as_it_was_asked_for():
    assert size("ar=1.234", ladder=()) == (987, 800)


@st.composite
def queries(draw):
    choices = {
        "w": st.integers(1, 3000),
        "h": st.integers(1, 3000),
        "ar": st.floats(0.01, 100),
        "fit": st.sampled_from(["cover", "contain", "inside", "fill", "pad"]),
        "rot": st.sampled_from([0, 90, 180, 270]),
        "up": st.sampled_from([0, 1]),
        "dpr": st.floats(0.1, 5),
    }
    names = draw(st.sets(st.sampled_from(sorted(choices))))
    return "&".join(f"{name}={draw(choices[name])}" for name in sorted(names))


@settings(max_examples=400, deadline=None)
@given(query=queries(), source=st.tuples(st.integers(10, 2000), st.integers(10, 2000)))
def test_no_request_gets_a_width_of_its_own(query, source):
    width, height = size(query, source)

    own = source[1 if "rot=90" in query or "rot=270" in query else 0]
    assert width in LADDER or (width == own and own < LADDER[-1])
    assert height <= max(source[0], source[1], LADDER[-1] * max(source) / min(source) + 1)


def test_over_http_other_ways_to_ask_have_the_same_rungs(svc, project, public, hero):
    given = preferences.parse({"widthLadder": [40, 80], "strictDelivery": True})
    actions.update_project(svc, project.row.id, settings=given)
    eventually(lambda: public.get(f"{hero.by_id}?utm").status_code == 400)

    for query, expected in (("q=33", (80, 60)), ("h=50", (40, 30)), ("ar=1", (80, 80)), ("h=50&up=1", (40, 30))):
        answer = public.get(f"{hero.by_id}?{query}&format=png")
        assert PIL.Image.open(BytesIO(answer.content)).size == expected, query
