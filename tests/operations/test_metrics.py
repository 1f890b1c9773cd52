"""What `/metrics` tells, over all processes of a machine."""

import json
import os

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.photographs import photo
from tests.wire import eventually

from atpix import meters
from atpix.health import exposition
from atpix.meters import Counts, Meters
from atpix.projects import actions
from atpix.services import Services


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(text, name, **labels):
    return sum(v for key, v in samples(text).items() if key[0] == name and set(labels.items()) <= set(key[1:]))


def processes(text):
    return [key for key in samples(text) if key[0] == "atpix_process_resident_bytes"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_requests_are_counted_by_route_method_and_status(serve, wire):
    server = serve()
    for _ in range(3):
        wire.get(f"{server.url}/api/v1/images/@nobody")

    text = wire.get(f"{server.url}/metrics").text

    asked = {"method": "GET", "route": "/api/v1/images/{ref}"}
    assert total(text, "atpix_requests_total", **asked, status="401") == 3
    assert total(text, "atpix_request_seconds_count", **asked) == 3
    assert total(text, "atpix_request_seconds_bucket", **asked, le="+Inf") == 3


def test_every_worker_process_is_counted(shared, wire):
    server = shared(workers=2)
    before = total(wire.get(f"{server.url}/metrics").text, "atpix_requests_total", route="/healthz")
    for _ in range(40):
        wire.get(f"{server.url}/healthz", headers={"Connection": "close"})  # whoever accepts it answers

    def counted():
        text = wire.get(f"{server.url}/metrics", headers={"Connection": "close"}).text
        return total(text, "atpix_requests_total", route="/healthz") - before >= 40

    eventually(counted)
    eventually(lambda: len(processes(wire.get(f"{server.url}/metrics").text)) == 2)


@pytest.mark.parametrize("database", ["sqlite"])
def test_bytes_that_the_server_reads_from_a_file_itself_are_counted(serve, wire, new_project):
    server = serve(hot_cache_bytes=0)
    svc = Services.open(server.settings)
    access = new_project(into=svc)
    sent = photo(3)
    made = wire.post(
        f"{server.url}/api/v1/images/upload", headers={"X-API-Key": access.key}, files={"file": ("a.jpg", sent)}
    ).json()["data"]
    svc.close()
    wire.get(f"{server.url}{access.cdn}/{made['id']}")

    text = wire.get(f"{server.url}/metrics").text

    assert total(text, "atpix_sent_bytes_total", route="delivery") == len(sent)


def test_work_that_waits_is_told(empty_svc):
    text = exposition.render(empty_svc, Meters()).decode()

    found = samples(text)
    assert found[("atpix_database_up",)] == 1
    assert found[("atpix_outbox_depth",)] == 0
    assert found[("atpix_outbox_age_seconds",)] == 0
    assert found[("atpix_upload_intents",)] == 0
    assert ("atpix_decoders_busy",) in found


def test_latencies_fall_into_cumulative_buckets(empty_svc):
    counted = Meters()
    for seconds in (0.0005, 0.001, 0.003, 100):
        counted.answered("GET", "/x", 200, seconds, 10)

    text = exposition.render(empty_svc, counted).decode()

    assert total(text, "atpix_request_seconds_bucket", le="0.001") == 2
    assert total(text, "atpix_request_seconds_bucket", le="0.005") == 3
    assert total(text, "atpix_request_seconds_bucket", le="60.0") == 3
    assert total(text, "atpix_request_seconds_bucket", le="+Inf") == 4
    assert total(text, "atpix_sent_bytes_total") == 40


def test_counts_of_a_process_that_ended_stay(tmp_path, empty_svc):
    folder = meters.folder(tmp_path)
    ended = Meters(folder).start()
    ended.answered("GET", "/x", 200, 0.1, 1)
    ended.stop()
    running = Meters(folder)
    running.answered("GET", "/x", 200, 0.1, 1)

    text = exposition.render(empty_svc, running).decode()

    assert total(text, "atpix_requests_total") == 2


def test_a_start_forgets_ended_processes_and_keeps_running_ones(tmp_path):
    folder = meters.folder(tmp_path)
    Meters(folder).start().stop()
    (mine,) = folder.iterdir()
    gone = mine.with_name(mine.name.replace(str(os.getpid()), str(2**22 + 1)))
    gone.write_bytes(mine.read_bytes())

    meters.forget_ended(tmp_path)

    assert list(folder.iterdir()) == [mine]


def test_a_file_that_is_no_count_is_passed_over(tmp_path):
    counted = Meters(meters.folder(tmp_path)).start()
    counted.stop()
    (mine,) = meters.folder(tmp_path).iterdir()
    mine.with_name(mine.name.replace(".json", "0.json")).write_text("{")

    assert [type(one) for one in Meters(meters.folder(tmp_path)).of_this_machine()] == [Counts, Counts]


@pytest.mark.parametrize("database", ["sqlite"])
def test_metrics_can_be_kept_for_master_keys(serve, wire):
    server = serve(metrics_public=False)
    svc = Services.open(server.settings)
    master = actions.create_key(svc, None, scopes=()).text
    svc.close()

    refused = wire.get(f"{server.url}/metrics")
    given = wire.get(f"{server.url}/metrics", headers={"X-API-Key": master})

    assert refused.status_code == 404
    assert json.loads(refused.text)["error"]["code"] == "NOT_FOUND"
    assert given.status_code == 200
    assert given.headers["content-type"].startswith("text/plain")
