"""Image bytes by key: on disk, in memory, or in a bucket. Read `adapter.py` first."""

from atpix.blobs.adapter import BlobInfo, Blobs
from atpix.blobs.reading import BlobStream
from atpix.blobs.staging import StagedFile

__all__ = ["BlobInfo", "BlobStream", "Blobs", "StagedFile"]
