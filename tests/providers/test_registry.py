"""Which providers there are: those that the settings give what they need."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.conftest import ATPIX, environment

from atpix.imaging.renderers import Renderers
from atpix.providers.offline import Offline
from atpix.providers.registry import Providers, UnknownProvider
from atpix.services import Services
from atpix.settings import ProviderLimit, Settings, SettingsFault

EVERYTHING = {
    "openai_api_key": "k",
    "gemini_api_key": "k",
    "fal_api_key": "k",
    "replicate_api_key": "k",
    "local_base_url": "http://127.0.0.1:9/v1",
    "automatic1111_base_url": "http://127.0.0.1:9",
    "enhancer_base_url": "http://127.0.0.1:9/v1",
}
LAZY = ("PIL", "httpx2", "httpcore2", "atpix.providers.offline", "atpix.providers.http", "atpix.providers.openai")


@pytest.fixture
def renderers() -> Iterator[Renderers]:
    """None of these starts a child: nothing is rendered."""
    with closing(Renderers(workers=1, timeout_s=1, max_memory_bytes=2**30, max_waiting=1)) as renderers:
        yield renderers


@pytest.fixture
def opened(renderers):
    def open_with(**settings) -> Providers:
        return Providers.open(Settings(**settings), renderers)

    return open_with


def test_without_settings_there_is_the_offline_provider_alone(opened):
    providers = opened()

    assert providers.names == ("offline",)
    assert isinstance(providers.named(providers.default), Offline)
    assert providers.enhancer is None


def test_a_provider_is_there_when_its_key_or_address_is(opened):
    assert opened(gemini_api_key="k").names == ("offline", "gemini")
    assert opened(local_base_url="http://127.0.0.1:9/v1").names == ("offline", "local")


@pytest.mark.parametrize("name", ["openai", "gemini", "fal", "replicate", "local", "automatic1111"])
def test_every_configured_provider_opens_under_its_own_name(opened, name):
    assert opened(**EVERYTHING).named(name).name == name


def test_the_same_provider_is_built_once(opened):
    providers = opened()

    assert providers.named("offline") is providers.named("offline")


def test_an_enhancer_is_there_when_its_address_is(opened):
    providers = opened(**EVERYTHING)

    assert providers.enhancer is not None
    assert providers.enhancer is providers.enhancer


def test_an_unknown_provider_is_answered_with_those_there_are(opened):
    with pytest.raises(UnknownProvider, match=r"no provider 'midjourney'\. There is offline, fal\."):
        opened(fal_api_key="k").named("midjourney")


def test_a_provider_without_its_key_is_answered_with_what_it_needs(opened):
    with pytest.raises(UnknownProvider, match="openai is not configured here: it needs ATPIX_OPENAI_API_KEY"):
        opened().named("openai")


@pytest.mark.parametrize("name", ["openai", "nobody", ""])
def test_a_default_provider_that_is_not_there_is_a_fault_at_start(tmp_path: Path, name: str):
    with pytest.raises(SettingsFault, match=r"^ATPIX_PROVIDER: "):
        Services.open(Settings(data=tmp_path, provider=name))


def test_limits_of_a_provider_that_does_not_exist_are_a_fault_at_start(opened):
    with pytest.raises(SettingsFault, match="ATPIX_PROVIDER_LIMITS: There is no provider openia"):
        opened(provider_limits={"openia": {"at_once": 1}})


def test_limits_are_those_of_the_settings_or_the_usual_ones(opened):
    providers = opened(provider_limits={"fal": {"at_once": 2, "per_minute": 30}})

    assert providers.limit("fal") == ProviderLimit(at_once=2, per_minute=30)
    assert providers.limit("openai") == ProviderLimit()


def test_opening_the_services_imports_no_provider_and_none_of_their_libraries():
    code = f"import sys, atpix.web; print([name for name in {LAZY} if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_server_whose_default_provider_is_not_configured_does_not_start(tmp_path: Path):
    told = subprocess.run(
        [ATPIX, "serve", "--data", tmp_path, "--port", "0"],
        capture_output=True,
        text=True,
        env=environment(ATPIX_PROVIDER="openai"),
        check=False,
    )

    assert told.returncode == 2
    assert "ATPIX_PROVIDER: The provider openai is not configured here: it needs ATPIX_OPENAI_API_KEY." in told.stderr
