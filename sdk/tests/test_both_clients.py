import asyncio
import inspect

import httpx2
import pytest
from sdk.tests.stand_in import StandIn

import atpix_client
from atpix_client import AsyncAtpix, Atpix, errors, generation_resources, live_resources, resources

PAIRS = [
    (resources.Images, resources.AsyncImages),
    (resources.Organizations, resources.AsyncOrganizations),
    (resources.Projects, resources.AsyncProjects),
    (resources.Keys, resources.AsyncKeys),
    (generation_resources.Generations, generation_resources.AsyncGenerations),
    (generation_resources.Flows, generation_resources.AsyncFlows),
    (live_resources.LiveScopes, live_resources.AsyncLiveScopes),
]


def methods_of(kind):
    return {name: value for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].__name__)
def test_both_clients_have_the_same_methods_with_the_same_parameters(pair):
    blocking, asynchronous = map(methods_of, pair)

    assert {name: inspect.signature(method) for name, method in blocking.items()} == {
        name: inspect.signature(method) for name, method in asynchronous.items()
    }


def test_a_method_explains_itself():
    method = Atpix("k").images.get

    assert str(inspect.signature(method)) == ("(ref: str, *, flow_id: str | None = None) -> atpix_client.models.Image")
    assert "By id or alias" in inspect.getdoc(method)


@pytest.mark.parametrize("kind", [Atpix, AsyncAtpix])
def test_without_a_key_the_error_says_where_to_put_one(kind, monkeypatch):
    monkeypatch.delenv("ATPIX_API_KEY", raising=False)

    for key in (None, "", " \n"):
        with pytest.raises(errors.MissingAPIKey, match="ATPIX_API_KEY"):
            kind(key)


@pytest.mark.parametrize("key", ["atp_\r\nX: y", "atp_kéy"])
def test_a_key_that_is_none_is_refused_without_repeating_it(key):
    with pytest.raises(ValueError, match="characters that no key has") as caught:
        Atpix(key)

    assert "atp_" not in str(caught.value)


@pytest.mark.parametrize("kind", [Atpix, AsyncAtpix])
@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://me:secret@atpix.test", "http://", "http://h:secret"])
def test_an_address_that_is_none_is_refused_at_once_and_not_repeated(kind, url):
    with pytest.raises(ValueError, match="no base URL") as caught:
        kind("k", url)

    assert "secret" not in repr(caught.value)


@pytest.mark.parametrize("kind", [Atpix, AsyncAtpix])
@pytest.mark.parametrize("swapped", [("http://atpix.test", "atp_secret"), ("http://atpix.test",), ("k", " atp_secret")])
def test_swapped_arguments_are_named_and_no_key_is_shown(kind, swapped):
    with pytest.raises(ValueError, match=r"swapped.* Atpix\(api_key, base_url\)") as caught:
        kind(*swapped)

    assert "secret" not in repr(caught.value)


def test_the_password_of_a_proxy_is_sent_and_not_shown():
    server = StandIn()
    server.add(alias="@hero")

    def broken(request):
        raise httpx2.ConnectError("no way", request=request)

    with Atpix("atp_secret", "http://me:word@h.test/", transport=httpx2.MockTransport(server)) as client:
        client.images.get("@hero")
        assert client.base_url == "http://h.test"
        assert "word" not in repr(client) + repr(client.runner)
        assert "secret" not in repr(client.runner)
    with Atpix("k", "http://me:word@h.test", max_retries=0, transport=httpx2.MockTransport(broken)) as client:
        with pytest.raises(errors.APIConnectionError, match=r"GET http://h\.test/") as caught:
            client.images.get("@hero")
        assert "word" not in repr(caught.value)

    assert "authorization" in server.requests[0].headers


def test_key_and_address_come_from_the_environment_unless_given(monkeypatch):
    server = StandIn()
    server.add(alias="@hero")
    monkeypatch.setenv("ATPIX_API_KEY", "atp_env\n")
    monkeypatch.setenv("ATPIX_URL", "http://env.test/images-service/")

    with Atpix(transport=httpx2.MockTransport(server)) as client:
        with pytest.raises(errors.NotFound):
            client.images.get("@hero")
        assert repr(client) == "Atpix(base_url='http://env.test/images-service')"

    assert str(server.requests[0].url) == "http://env.test/images-service/api/v1/images/@hero"
    assert server.requests[0].headers["x-api-key"] == "atp_env"
    assert Atpix("k", "http://given.test").base_url == "http://given.test"


def test_the_default_is_a_server_on_this_machine(monkeypatch):
    monkeypatch.delenv("ATPIX_URL", raising=False)

    assert Atpix("k").base_url == "http://127.0.0.1:8000"


def test_a_client_of_the_callers_own_stays_open():
    server = StandIn()
    server.add(alias="@hero")
    with httpx2.Client(transport=httpx2.MockTransport(server)) as http:
        with Atpix("k", http_client=http) as client:
            client.images.get("@hero")
        assert not http.is_closed


async def asynchronously(server):
    async with AsyncAtpix("k", transport=httpx2.MockTransport(server)) as client:
        return [image.alias async for image in client.images.iterate()]


def test_the_asynchronous_client_is_a_context_manager():
    server = StandIn()
    server.add(alias="@hero")

    assert asyncio.run(asynchronously(server)) == ["@hero"]


def test_what_the_package_offers_is_there():
    assert all(hasattr(atpix_client, name) for name in atpix_client.__all__)
