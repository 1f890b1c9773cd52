"""Which providers the settings make available. Imports nothing of theirs, so that `atpix serve` can ask at once."""

from typing import NamedTuple

from atpix.settings import Settings, SettingsFault


class Entry(NamedTuple):
    """A class in a module of this package, imported when it is first needed. It is not there without its `needs`."""

    module: str
    name: str
    needs: tuple[str, ...] = ()


PROVIDERS = {
    "offline": Entry("offline", "Offline"),
    "openai": Entry("openai", "OpenAI", ("openai_api_key",)),
    "gemini": Entry("gemini", "Gemini", ("gemini_api_key",)),
    "fal": Entry("fal", "Fal", ("fal_api_key",)),
    "replicate": Entry("replicate", "Replicate", ("replicate_api_key",)),
    "local": Entry("openai", "Local", ("local_base_url",)),
    "automatic1111": Entry("automatic1111", "Automatic1111", ("automatic1111_base_url",)),
}
ENHANCER = Entry("enhancing", "ChatEnhancer", ("enhancer_base_url",))


def names(settings: Settings) -> tuple[str, ...]:
    return tuple(name for name, entry in PROVIDERS.items() if has(settings, entry))


def has(settings: Settings, entry: Entry) -> bool:
    given = (getattr(settings, need) for need in entry.needs)
    return all(value if isinstance(value, str) else value.get_secret_value() for value in given)


def missing(settings: Settings, name: str) -> str:
    """For whoever named one that is not there."""
    there = f"There is {', '.join(names(settings))}."
    if entry := PROVIDERS.get(name):
        needed = " and ".join(f"ATPIX_{need.upper()}" for need in entry.needs)
        return f"The provider {name} is not configured here: it needs {needed}. {there}"
    return f"There is no provider {name!r}. {there}"


def require(settings: Settings) -> None:
    """Raises SettingsFault when what the settings say of providers cannot be meant."""
    if settings.provider not in names(settings):
        raise SettingsFault(f"ATPIX_PROVIDER: {missing(settings, settings.provider)}")
    if strangers := settings.provider_limits.keys() - PROVIDERS.keys():
        raise SettingsFault(f"ATPIX_PROVIDER_LIMITS: There is no provider {', '.join(sorted(strangers))}.")
