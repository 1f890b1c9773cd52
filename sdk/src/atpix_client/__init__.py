"""The Python client of Atpix. `Atpix` blocks, `AsyncAtpix` is awaited; `errors` holds the exceptions. `urls` makes
public addresses offline, `signing` signs them, `pictures` writes HTML around them.
"""

from msgspec import UNSET, UnsetType

from atpix_client import errors, pictures, signing, urls
from atpix_client.client import AsyncAtpix, Atpix
from atpix_client.errors import APIConnectionError, APIStatusError, APITimeoutError, AtpixError
from atpix_client.generation_models import DeletedFlow, Flow, Generation, Lineage, ReferencedImage, UsageReport
from atpix_client.models import Assigned, Consequences, FocalPoint, Image, Key, Organization, Page, Project
from atpix_client.version import __version__

__all__ = [
    "UNSET",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "Assigned",
    "AsyncAtpix",
    "Atpix",
    "AtpixError",
    "Consequences",
    "DeletedFlow",
    "Flow",
    "FocalPoint",
    "Generation",
    "Image",
    "Key",
    "Lineage",
    "Organization",
    "Page",
    "Project",
    "ReferencedImage",
    "UnsetType",
    "UsageReport",
    "__version__",
    "errors",
    "pictures",
    "signing",
    "urls",
]
