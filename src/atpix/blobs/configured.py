"""The store that the settings name."""

from atpix.blobs.adapter import Blobs
from atpix.settings import Settings


def opened(settings: Settings) -> Blobs:
    """Raises ValueError, with a sentence for the operator."""
    return Blobs.open(
        settings.storage,
        timeout_s=settings.storage_timeout_s,
        retries=settings.storage_retries,
        staging=settings.data / "staging",
        options={
            "endpoint": settings.s3_endpoint,
            "region": settings.s3_region,
            "access_key_id": settings.s3_access_key_id,
            "secret_access_key": settings.s3_secret_access_key.get_secret_value(),
        },
    )
