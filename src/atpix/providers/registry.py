"""The providers that are configured here, each built when it is first asked for: most processes need one, or none."""

import threading
from importlib import import_module
from typing import Any, NamedTuple, Self

from atpix.imaging.renderers import Renderers
from atpix.providers.values import Enhancer, Provider
from atpix.settings import ProviderLimit, Settings, SettingsFault


class UnknownProvider(LookupError):
    """The message says which ones there are, and how another one is configured."""


class _Entry(NamedTuple):
    """A class in a module of this package, imported when it is first needed. It is not there without its `needs`."""

    module: str
    name: str
    needs: tuple[str, ...]


class Providers:
    """Safe on any thread. `renderers` is for whatever a provider must have rendered before it goes out."""

    def __init__(self, settings: Settings, renderers: Renderers) -> None:
        self._settings = settings
        self.renderers = renderers
        self._opening = threading.Lock()
        self._opened: dict[str, Provider] = {}
        self._enhancer: Enhancer | None = None
        self.names = tuple(name for name, entry in _TABLE.items() if _is_configured(settings, entry))
        self.default = settings.provider

    @classmethod
    def open(cls, settings: Settings, renderers: Renderers) -> Self:
        """Raises SettingsFault when ATPIX_PROVIDER is none of those that are configured."""
        providers = cls(settings, renderers)
        if providers.default not in providers.names:
            raise SettingsFault(f"ATPIX_PROVIDER: {_missing(providers.default, providers.names)}")
        return providers

    def named(self, name: str) -> Provider:
        """Raises UnknownProvider."""
        if name not in self.names:
            raise UnknownProvider(_missing(name, self.names))
        with self._opening:
            if name not in self._opened:
                self._opened[name] = _opened(_TABLE[name], self._settings)
            return self._opened[name]

    @property
    def enhancer(self) -> Enhancer | None:
        """None where ATPIX_ENHANCER_BASE_URL says nothing."""
        if not self._settings.enhancer_base_url:
            return None
        with self._opening:
            if self._enhancer is None:
                self._enhancer = _opened(_ENHANCER, self._settings)
            return self._enhancer

    def limit(self, name: str) -> ProviderLimit:
        return self._settings.provider_limits.get(name) or ProviderLimit()

    def close(self) -> None:
        with self._opening:
            for provider in self._opened.values():
                provider.close()
            if self._enhancer is not None:
                self._enhancer.close()
            self._opened, self._enhancer = {}, None


def _is_configured(settings: Settings, entry: _Entry) -> bool:
    given = (getattr(settings, name) for name in entry.needs)
    return all(value if isinstance(value, str) else value.get_secret_value() for value in given)


def _missing(name: str, names: tuple[str, ...]) -> str:
    there = f"There is {', '.join(names)}."
    if entry := _TABLE.get(name):
        needed = " and ".join(f"ATPIX_{need.upper()}" for need in entry.needs)
        return f"{name} is not configured here; it needs {needed}. {there}"
    return f"There is no provider {name}. {there}"


def _opened(entry: _Entry, settings: Settings) -> Any:  # noqa: ANN401  a class that is not imported yet
    return getattr(import_module(f"atpix.providers.{entry.module}"), entry.name)(settings)


_TABLE = {
    "offline": _Entry("offline", "Offline", ()),
    "openai": _Entry("openai", "OpenAI", ("openai_api_key",)),
    "gemini": _Entry("gemini", "Gemini", ("gemini_api_key",)),
    "fal": _Entry("fal", "Fal", ("fal_api_key",)),
    "replicate": _Entry("replicate", "Replicate", ("replicate_api_key",)),
    "local": _Entry("openai", "Local", ("local_base_url",)),
    "automatic1111": _Entry("automatic1111", "Automatic1111", ("automatic1111_base_url",)),
}
_ENHANCER = _Entry("enhancing", "ChatEnhancer", ("enhancer_base_url",))
