"""The providers that are configured here, each built when it is first asked for: most processes need one, or none.

None holds anything open between calls, so there is nothing to close.
"""

import threading
from importlib import import_module
from typing import Any, Self

from atpix.imaging.renderers import Renderers
from atpix.providers import configured
from atpix.providers.farewells import Farewells
from atpix.providers.values import Enhancer, Provider, queueing
from atpix.settings import ProviderLimit, Settings


class UnknownProvider(LookupError):
    """The message says which ones there are, and what another one needs."""


class Providers:
    """Safe on any thread. `renderers` is for whatever must be rendered before it goes out to a provider."""

    def __init__(self, settings: Settings, renderers: Renderers) -> None:
        self.renderers = renderers
        self.names = configured.names(settings)
        self.default = settings.provider
        self._settings = settings
        self._opening = threading.Lock()
        self._opened: dict[str, Provider] = {}
        self._enhancer: Enhancer | None = None
        self._farewells = Farewells(lambda name: queueing(self.named(name)))

    @classmethod
    def open(cls, settings: Settings, renderers: Renderers) -> Self:
        """Raises SettingsFault when ATPIX_PROVIDER is none of those that are configured."""
        configured.require(settings)
        return cls(settings, renderers)

    def named(self, name: str) -> Provider:
        """Raises UnknownProvider."""
        if name not in self.names:
            raise UnknownProvider(configured.missing(self._settings, name))
        with self._opening:
            if name not in self._opened:
                self._opened[name] = _open(configured.PROVIDERS[name], self._settings)
            return self._opened[name]

    def give_up(self, name: str, ref: str) -> None:
        """Have the provider told, in a while, that nobody waits for its job. Returns at once and raises nothing."""
        self._farewells.say(name, ref)

    @property
    def enhancer(self) -> Enhancer | None:
        """None where ATPIX_ENHANCER_BASE_URL says nothing."""
        if not configured.has(self._settings, configured.ENHANCER):
            return None
        with self._opening:
            if self._enhancer is None:
                self._enhancer = _open(configured.ENHANCER, self._settings)
            return self._enhancer

    def limit(self, name: str) -> ProviderLimit:
        return self._settings.provider_limits.get(name) or ProviderLimit()


def _open(entry: configured.Entry, settings: Settings) -> Any:  # noqa: ANN401  a class that is not imported yet
    return getattr(import_module(f"atpix.providers.{entry.module}"), entry.name)(settings)
