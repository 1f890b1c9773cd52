"""The only reader of the environment. All faults are reported at once, each with the variable's name.

Sources, the first wins: arguments, environment (`ATPIX_…`), files in ATPIX_SECRETS_DIR, the TOML file ATPIX_CONFIG.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

MIB = 2**20


class SettingsFault(Exception):
    """The configuration is unusable; the message names every fault."""


def _without_slash(url: str) -> str:
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_without_slash)]


class ProviderLimit(BaseModel):
    """Of one provider, over all projects, processes and machines. `per_minute` None: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_once: int = Field(default=16, ge=1)
    per_minute: int | None = Field(default=None, ge=1)


class Settings(BaseSettings):
    """What an operator may turn. Every field is documented in docs/settings.md; a test keeps the two equal."""

    model_config = SettingsConfigDict(
        env_prefix="ATPIX_", frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True
    )

    data: Path = Path("./atpix-data")
    database_url: str = ""
    storage_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=256)
    public_url: Url = ""
    cdn_url: Url = ""

    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr = SecretStr("")
    storage_timeout_s: float = Field(default=20, gt=0)
    storage_retries: int = Field(default=3, ge=0, le=20)
    database_timeout_s: float = Field(default=10, gt=0)
    auto_migrate: bool = True

    max_file_bytes: int = Field(default=50 * MIB, ge=1)
    max_pixels: int = Field(default=100_000_000, ge=1)
    max_side_px: int = Field(default=16_384, ge=1)
    max_frames: int = Field(default=300, ge=1)
    upload_timeout_s: float = Field(default=600, gt=0)
    max_uploads: int = Field(default=64, ge=1)

    decoders: int = Field(default=2, ge=1, le=64)
    decoder_timeout_s: float = Field(default=30, gt=0)
    decoder_memory_bytes: int = Field(default=1024 * MIB, ge=256 * MIB)
    decoder_queue: int = Field(default=64, ge=1)

    renderers: int = Field(default=2, ge=1, le=64)
    render_timeout_s: float = Field(default=20, gt=0)
    render_memory_bytes: int = Field(default=1024 * MIB, ge=256 * MIB)
    render_queue: int = Field(default=64, ge=1)
    max_output_pixels: int = Field(default=50_000_000, ge=1)
    avif_max_pixels: int = Field(default=500_000, ge=0)
    avif_wait_s: float = Field(default=0.4, ge=0)
    accel_redirect: str = ""

    provider: str = "offline"
    generation_threads: int = Field(default=32, ge=1, le=2000)
    generations_at_once: int = Field(default=8, ge=1)
    generations_per_minute: int = Field(default=120, ge=0)
    generations_waiting: int = Field(default=10_000, ge=1)
    generation_attempts: int = Field(default=5, ge=1, le=50)
    generation_timeout_s: float = Field(default=300, gt=0)
    provider_timeout_s: float = Field(default=120, gt=0)
    provider_limits: dict[str, ProviderLimit] = {}
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: Url = "https://api.openai.com/v1"
    openai_model: str = "gpt-image-1"
    gemini_api_key: SecretStr = SecretStr("")
    gemini_base_url: Url = "https://generativelanguage.googleapis.com/v1beta"
    gemini_model: str = "gemini-2.5-flash-image"
    fal_api_key: SecretStr = SecretStr("")
    fal_base_url: Url = "https://queue.fal.run"
    fal_model: str = "fal-ai/flux/schnell"
    replicate_api_key: SecretStr = SecretStr("")
    replicate_base_url: Url = "https://api.replicate.com/v1"
    replicate_model: str = "black-forest-labs/flux-schnell"
    local_base_url: Url = ""
    local_api_key: SecretStr = SecretStr("")
    local_model: str = ""
    automatic1111_base_url: Url = ""
    enhancer_base_url: Url = ""
    enhancer_api_key: SecretStr = SecretStr("")
    enhancer_model: str = "gpt-4o-mini"
    enhancer_timeout_s: float = Field(default=20, gt=0)
    trusted_proxies: list[IPvAnyNetwork] = []

    writes_per_minute: int = Field(default=30_000, ge=0)
    reads_per_minute: int = Field(default=0, ge=0)

    threads: int = Field(default=16, ge=2, le=256)
    key_cache_s: float = Field(default=2, ge=0, le=5)
    alias_max_age_s: int = Field(default=1, ge=0)
    alias_stale_s: int = Field(default=1, ge=0)
    focus_max_age_s: int = Field(default=300, ge=0)
    hot_cache_bytes: int = Field(default=16 * MIB, ge=0)
    renditions_bytes: int = Field(default=2048 * MIB, ge=0)
    sweep_every_s: float = Field(default=60, gt=0)
    intent_ttl_s: float = Field(default=3600, gt=0)
    shutdown_s: int = Field(default=30, ge=1)

    metrics_public: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_delivery: bool = False
    failpoint: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        config = os.environ.get("ATPIX_CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(config)),) if config else ()
        return (init_settings, env_settings, file_secret_settings, *toml)

    @property
    def database(self) -> str:
        """An SQLAlchemy URL; by default SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'atpix.db'}"

    @property
    def storage(self) -> str:
        """Where bytes are kept; by default a folder beside the database."""
        return self.storage_url or f"file://{self.data.absolute() / 'blobs'}"

    @property
    def api(self) -> str:
        """How clients reach us, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def cdn(self) -> str:
        """What every permanent image URL begins with."""
        return self.cdn_url or f"{self.api}/cdn"


def load(**arguments: object) -> Settings:
    """Arguments that are None count as not given. Raises SettingsFault with every fault in one message."""
    given = {name: value for name, value in arguments.items() if value is not None}
    config, secrets = os.environ.get("ATPIX_CONFIG"), os.environ.get("ATPIX_SECRETS_DIR")
    if config and not Path(config).is_file():
        raise SettingsFault(f"ATPIX_CONFIG: there is no file {config}.")
    if secrets and not Path(secrets).is_dir():
        raise SettingsFault(f"ATPIX_SECRETS_DIR: there is no folder {secrets}.")
    try:
        return Settings(**given, _secrets_dir=secrets)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        faults = [f"ATPIX_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsFault("\n".join(faults)) from None
    except ValueError as error:
        raise SettingsFault(f"ATPIX_CONFIG: {config} cannot be read: {error}") from None


def hand_down(settings: Settings) -> None:
    """Put what was decided into the environment, where worker processes find it again with `load()`."""
    for name, value in settings.model_dump(mode="json").items():
        secret = getattr(settings, name)
        plain = secret.get_secret_value() if isinstance(secret, SecretStr) else value
        os.environ[f"ATPIX_{name.upper()}"] = json.dumps(plain) if isinstance(plain, dict | list) else str(plain)
