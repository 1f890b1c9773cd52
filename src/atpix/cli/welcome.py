"""What `atpix serve` says on standard output once it answers: where it is and, with --demo, how to begin."""

import http.client
import shutil
import sys
import time

from atpix.cli import opening
from atpix.cli.outcome import explained
from atpix.settings import Settings

DEMO = "default/demo"
_PATIENCE_S = 60
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared with, not bound to


def when_ready(settings: Settings, *, demo: bool) -> None:
    """For a thread beside the server. Keeps silent when the server does not come up: the log says why."""
    host = _WILDCARDS.get(settings.host, settings.host)
    url = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    if not _answers(host, settings.port):
        return
    if not demo:
        print(f"Atpix is ready at {url}", flush=True)
        return
    try:
        key = first_key(settings)
    except Exception as error:  # noqa: BLE001  a thread's last resort; the server itself goes on
        print(f"Atpix is ready at {url}, but there is no demo key: {explained(error)[0]}", flush=True)
        return
    print(_again(url, settings) if key is None else _first_time(url, key), flush=True)


def first_key(settings: Settings) -> str | None:
    """Makes the demo project. A key, the first time; None when the project ever had one."""
    from atpix.projects import actions

    with opening.services(settings) as svc:
        project = actions.ensure_project(svc, DEMO)
        return None if actions.has_keys(svc, project) else actions.create_key(svc, project, name="first").text


def _answers(host: str, port: int) -> bool:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    return False


def _first_time(url: str, key: str) -> str:
    return f"""
Atpix is ready at {url}

The first key of project {DEMO}, shown only now:

    {key}

Upload a picture and name it (with the path of one of yours):

    curl -H "X-API-Key: {key}" -F file=@picture.jpg --form-string alias=@hero {url}/api/v1/images/upload

Or have one made, without any other service:

    curl -H "X-API-Key: {key}" --json '{{"prompt": "a lighthouse at dusk", "alias": "@hero"}}' {url}/api/v1/generations

Then open {url}/cdn/{DEMO}/img/@hero in a browser, or put it into a page:

    <img src="{url}/cdn/{DEMO}/img/@hero">

All that can be done, to read and to try: {url}/docs
"""


def _again(url: str, settings: Settings) -> str:
    command = "atpix" if shutil.which("atpix") else sys.argv[0]  # `make run` leaves the PATH alone
    return f"""
Atpix is ready at {url}
API docs: {url}/docs
Another key: {command} keys create --data {settings.data} --project {DEMO}
"""
