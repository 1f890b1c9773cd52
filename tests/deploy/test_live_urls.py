"""Live URLs behind nginx and Varnish: kept as names are, once there is a picture, and never before."""

import pytest
from tests.deploy.conftest import is_hit, told
from tests.wire import eventually

from atpix.projects import actions
from atpix.projects.preferences import SettingsPatch

PAGE = "text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8"
IMG = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
def live(client, project):
    client.live.scopes.create("heroes")
    return f"/cdn/{project.row.path}/live/heroes?prompt=a%20lighthouse"


def test_nobody_keeps_the_first_answer_and_those_after_it_are_kept(through, public, live):
    first = through.get(live)

    assert (first.status_code, first.headers["X-Cache-Status"], is_hit(first)) == (200, "MISS", False)
    kept = []
    eventually(lambda: kept.append(through.get(live)) or is_hit(kept[-1]))
    assert kept[0].headers["X-Cache-Status"] == kept[-1].headers["X-Cache-Status"] == "HIT"
    assert kept[-1].content == first.content
    assert told(kept[-1], "cache-control", "vary") == told(public.get(live), "cache-control", "vary")


def test_a_page_waits_in_an_address_bar_and_a_drawing_in_a_page(through, live, svc, project):
    actions.update_project(svc, project.row.id, settings=SettingsPatch(live_wait=False))
    page, drawing = (
        through.get(f"{live}%201", headers={"Accept": PAGE}),
        through.get(f"{live}%202", headers={"Accept": IMG}),
    )

    assert (page.status_code, page.headers["Content-Type"]) == (202, "text/html; charset=utf-8")
    assert (drawing.status_code, drawing.headers["Content-Type"]) == (202, "image/svg+xml")
    eventually(lambda: through.get(f"{live}%201", headers={"Accept": PAGE}).status_code == 200)
    assert through.get(f"{live}%201", headers={"Accept": PAGE}).headers["X-Cache-Status"] == "HIT"


def test_nginx_that_sends_files_itself_says_what_atpix_says(accelerated):
    accelerated.client.live.scopes.create("heroes")
    path = f"/cdn/{accelerated.access.row.path}/live/heroes?prompt=a%20lighthouse"
    first, second = accelerated.public.get(path), accelerated.public.get(path)

    assert (first.headers["X-Cache-Status"], second.headers["X-Cache-Status"]) == ("MISS", "HIT")
    assert first.headers["X-Image-Id"] == second.headers["X-Image-Id"]
    assert first.headers["X-Generation-Id"]
    assert first.content == second.content
    assert len(first.content) == int(first.headers["Content-Length"]) > 0
