"""Pictures made from originals, kept to be found again: a cache that may be deleted at any time. See `shelf.py`."""

from atpix.renditions.keys import Key, rendition_key
from atpix.renditions.shelf import Shelf
from atpix.renditions.stored import Facts, Stored

__all__ = ["Facts", "Key", "Shelf", "Stored", "rendition_key"]
